import {
  cpSync,
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
import { Judge } from './break/judge.js';
import { Specs } from './break/specs.js';

// Breaks conditions on purpose, one at a time, and runs the specs that should notice:
//
//     npx tsx scripts/break.ts --count 60 src/engine
//     npx tsx scripts/break.ts --seed 7 --skip 20 --count 10
//     npx tsx scripts/break.ts --seed 7 --list
//
// A break that no spec notices is a missing test, or a condition that decides nothing and can go. The compiler is asked
// last. A spec counts only if it passes without the break.

const root = fileURLToPath(new URL('..', import.meta.url));

/** All that the specs read. */
const COPIED = [
  ...['src', 'test', 'bench', 'examples', 'scripts', 'docs', 'infrastructure'],
  ...['site', 'specification', 'package.json', 'tsconfig.json', 'vitest.config.ts', 'README.md'],
];

const program = new Command('break')
  .description('Break conditions in src on purpose and report those that no spec notices.')
  .argument('[folders...]', 'where to break', ['src'])
  .option('--count <n>', 'how many breaks', Number, 60)
  .option('--seed <n>', 'of the choice', Number, Math.floor(Math.random() * 1e9))
  .option('--skip <n>', 'of the breaks of this seed', Number, 0)
  .option('--timeout <seconds>', 'for eight specs; a hang counts as noticed', Number, 300)
  .option('--nearest', 'run eight specs and the compiler only: quick, but others might notice')
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
  const work = mkdtempSync(join(tmpdir(), 'break-'));
  process.once('exit', () => rmSync(work, { recursive: true, force: true }));
  process.once('SIGINT', () => process.exit(130));
  for (const name of COPIED) cpSync(join(root, name), join(work, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(work, 'node_modules'));
  const judge = new Judge(work, new Specs(work), options);
  let noticed = 0;
  for (const [i, one] of breaks.entries()) {
    const path = join(work, one.file);
    const source = readFileSync(path, 'utf8');
    const broken = source.slice(0, one.start) + one.replacement + source.slice(one.end);
    const started = Date.now();
    const by = await judge.noticedBy(one.file, {
      breakIt: () => writeFileSync(path, broken),
      repair: () => writeFileSync(path, source),
    });
    if (by !== undefined) noticed++;
    const verdict = by === undefined ? pc.red('UNNOTICED') : pc.green('noticed  ');
    const seconds = Math.round((Date.now() - started) / 1000);
    console.log(`${i + 1}/${breaks.length} ${verdict} ${seconds} s  ${describe(one)}`);
    if (by !== undefined) console.log(pc.dim(`    by ${by}`));
  }
  const percent = breaks.length === 0 ? 100 : (noticed / breaks.length) * 100;
  console.log(`${percent.toFixed(1)} % noticed, at least ${options.least} % wanted`);
  return percent >= options.least ? 0 : 1;
}

function describe({ file, line, original, replacement }: Break): string {
  const short = (text: string) => text.replace(/\s+/g, ' ').slice(0, 70);
  return `${file}:${line}  ${short(original)}  →  ${short(replacement) || 'nothing'}`;
}
