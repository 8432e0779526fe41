import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import pc from 'picocolors';
import { Random } from '../test/model-checker/random.js';
import { type Break, breaksOf } from './break/breaks.js';
import { COMPILER, Judge } from './break/judge.js';
import { Specs } from './break/specs.js';

// Breaks conditions on purpose, one at a time, and runs the specs that should notice:
//
//     npx tsx scripts/break.ts --seed 7 --count 60
//     npx tsx scripts/break.ts --seed 7 --count 60 --skip 20
//     npx tsx scripts/break.ts --count 60 src/engine
//     npx tsx scripts/break.ts --seed 7 --list
//
// The nearest specs run first, and a break is done with at the first that fails. A break that none of the nearest
// notices is given to the compiler, and then to all other specs, the slow ones last, so only one that survives
// costs a run of the whole suite. A spec counts only if it fails again alone, and passes without the break.
//
// A break that nobody notices is a missing test, or a condition that decides nothing and can go. A seed gives the same breaks
// as long as src stays the same, so `--skip` goes on where a run was ended.

const root = fileURLToPath(new URL('..', import.meta.url));

const program = new Command('break')
  .description('Break conditions in src on purpose and report those that no spec notices.')
  .argument('[folders...]', 'where to break', ['src'])
  .option('--count <n>', 'how many breaks', Number, 60)
  .option('--seed <n>', 'of the choice', Number, Math.floor(Math.random() * 1e9))
  .option('--skip <n>', 'of the breaks of this seed', Number, 0)
  .option('--timeout <seconds>', 'for eight specs; a hang counts as noticed', Number, 300)
  .option('--nearest', 'ask twelve specs and the compiler only: quick, but others might notice')
  .option('--least <percent>', 'of breaks that must be noticed', Number, 95)
  .option('--list', 'print the breaks without running anything')
  .parse();
const options = program.opts<{
  count: number;
  seed: number;
  skip: number;
  timeout: number;
  least: number;
  list?: true;
  nearest?: true;
}>();
const folders = program.processedArgs[0] as string[];

const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .map((path) => `src/${path}`)
  .filter((path) => path.endsWith('.ts') && folders.some((folder) => path.startsWith(folder)))
  .sort();
const breaks = choose(
  files.map((file) => breaksOf(file, readFileSync(join(root, file), 'utf8'))),
  options.skip + options.count,
  options.seed,
).slice(options.skip);
console.log(`${breaks.length} breaks of ${files.length} files, --seed ${options.seed}`);
if (options.list) for (const one of breaks) console.log(describe(one));
else process.exitCode = await run(breaks);

/** One of a file drawn at random each time, so that long files get no more than their share. */
function choose(byFile: readonly Break[][], count: number, seed: number): Break[] {
  const random = new Random(seed);
  const left = byFile.map((all) => [...all]).filter((all) => all.length > 0);
  const chosen: Break[] = [];
  while (chosen.length < count && left.length > 0) {
    const i = random.below(left.length);
    const all = left[i] ?? [];
    chosen.push(...all.splice(random.below(all.length), 1));
    if (all.length === 0) left.splice(i, 1);
  }
  return chosen;
}

async function run(breaks: readonly Break[]): Promise<number> {
  const work = copyOfPackage();
  process.once('exit', () => rmSync(work, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => process.exit(130));
  const progress = (line: string) => console.log(pc.dim(`    ${line}`));
  const judge = new Judge(work, new Specs(work), { ...options, progress });
  const unnoticed: Break[] = [];
  let byCompiler = 0;
  for (const [i, one] of breaks.entries()) {
    console.log(`${options.skip + i + 1}/${options.skip + breaks.length}  ${describe(one)}`);
    const path = join(work, one.file);
    const source = readFileSync(path, 'utf8');
    const broken = source.slice(0, one.start) + one.replacement + source.slice(one.end);
    const started = Date.now();
    const by = await judge.noticedBy(one.file, {
      breakIt: () => writeFileSync(path, broken),
      repair: () => writeFileSync(path, source),
    });
    if (by === undefined) unnoticed.push(one);
    if (by === COMPILER) byCompiler++;
    const verdict = by === undefined ? pc.red('UNNOTICED') : pc.green(`noticed by ${by}`);
    const judged = i + 1;
    const seconds = Math.round((Date.now() - started) / 1000);
    console.log(`    ${verdict}, ${seconds} s; so far ${judged - unnoticed.length} of ${judged}`);
  }
  const noticed = breaks.length - unnoticed.length;
  const percent = breaks.length === 0 ? 100 : (noticed / breaks.length) * 100;
  console.log(
    `\n${noticed} of ${breaks.length} noticed, ${byCompiler} of them by the compiler: ` +
      `${percent.toFixed(1)} %, at least ${options.least} % wanted`,
  );
  for (const one of unnoticed) console.log(`${pc.red('UNNOTICED')} ${describe(one)}`);
  return percent >= options.least ? 0 : 1;
}

/** A folder with all files of the package and its dependencies, because specs read much more than src. */
function copyOfPackage(): string {
  const work = mkdtempSync(join(tmpdir(), 'break-'));
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
    cwd: root,
    encoding: 'utf8',
  });
  for (const name of listed.split('\0'))
    if (name && existsSync(join(root, name))) cpSync(join(root, name), join(work, name));
  for (const name of ['node_modules', 'site/node_modules'])
    if (existsSync(join(root, name))) symlinkSync(join(root, name), join(work, name));
  return work;
}

function describe({ file, line, original, replacement }: Break): string {
  const short = (text: string) => text.replace(/\s+/g, ' ').slice(0, 70);
  return `${file}:${line}  ${short(original)}  →  ${short(replacement) || 'nothing'}`;
}
