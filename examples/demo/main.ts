import type { Act, Outcome } from './act.js';
import { coldStartAct } from './acts/cold-start.js';
import { outageAct } from './acts/outage.js';
import { stampedeAct } from './acts/stampede.js';
import { trafficAct } from './acts/traffic.js';
import { updateRaceAct } from './acts/update-race.js';
import { renderClosing } from './closing.js';
import { DemoError } from './clusters.js';
import { renderGrid } from './grid.js';
import { type ActName, isParseError, type Options, parseOptions } from './options.js';
import { openStage } from './stage.js';
import { colorsOf, createProgress, endWithPipes, type Progress, widthOf } from './terminal.js';
import { wrapped } from './text.js';

const BAD_ARGUMENTS = 2;
const INTERRUPTED = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
const CREATE: Readonly<Record<ActName, (options: Options) => Act>> = {
  traffic: trafficAct,
  stampede: stampedeAct,
  'update-race': updateRaceAct,
  outage: outageAct,
  'cold-start': coldStartAct,
};

// Advice to those who deploy the SDK, from an act that only compares with it.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  endWithPipes(process.stdout, process.stderr);
  const progress = createProgress(process.stderr);
  for (const [signal, code] of Object.entries(INTERRUPTED)) {
    process.once(signal, () => {
      progress.clear();
      // That kills all children, too.
      process.exit(code);
    });
  }
  const complain = (text: string) => progress.say(colorsOf(process.stderr).red(text));
  try {
    const options = parseOptions(argv);
    const acts = options.acts.map((name) => CREATE[name](options));
    const problems = await playAll(acts, options, progress);
    for (const problem of problems) complain(problem);
    return problems.length === 0 ? 0 : 1;
  } catch (error) {
    if (isParseError(error)) return error.exitCode === 0 ? 0 : BAD_ARGUMENTS;
    complain(error instanceof Error ? error.message : String(error));
    return error instanceof DemoError ? BAD_ARGUMENTS : 1;
  }
}

/** Plays the acts in their order, and prints what each has shown as soon as it has. */
async function playAll(
  acts: readonly Act[],
  { json, seed }: Options,
  progress: Progress,
): Promise<string[]> {
  const { stdout } = process;
  const [width, colors] = [widthOf(stdout), colorsOf(stdout)];
  const print = (text: string) => {
    progress.clear();
    // Nothing but the JSON goes to stdout with --json.
    if (!json) stdout.write(`${text}\n`);
  };
  const played: { act: Act; outcome: Outcome }[] = [];
  const problems: string[] = [];
  progress.say('Starting DynamoDB (dynalite) and PostgreSQL (PGlite) ...');
  const stage = await openStage(seed, progress);
  try {
    for (const act of acts) {
      if (json) progress.say([`${act.letter}  ${act.title}`, act.details].join('\n').trim());
      print(`\n${colors.bold(`${act.letter}  ${act.title}`)}\n${wrapped(act.compares, width)}`);
      if (act.details) print(act.details);
      try {
        const outcome = await act.play(stage);
        played.push({ act, outcome });
        print(renderGrid(outcome.grid, width, colors));
        for (const note of outcome.notes) print(wrapped(note, width));
        problems.push(...outcome.problems.map((problem) => `Act ${act.letter}: ${problem}`));
      } catch (error) {
        progress.clear();
        problems.push(
          `Act ${act.letter} broke off: ${error instanceof Error ? error.message : error}`,
        );
      }
    }
  } finally {
    await stage.close();
  }
  print(renderClosing(played, width, colors));
  if (json) stdout.write(`${JSON.stringify(jsonOf(played))}\n`);
  return problems;
}

/** The figures of act a at the top, under the names that they have always had, and all acts by name. */
function jsonOf(played: readonly { act: Act; outcome: Outcome }[]): object {
  return {
    ...Object.assign({}, ...played.map(({ outcome }) => outcome.headline)),
    acts: Object.fromEntries(played.map(({ act, outcome }) => [act.name, outcome.figures])),
  };
}
