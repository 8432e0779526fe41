import { spawn } from 'node:child_process';
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

// Breaks conditions on purpose, one at a time, and runs the specs that should notice:
//
//     npx tsx scripts/break.ts --count 60 src/engine
//     npx tsx scripts/break.ts --seed 7 --list
//
// A break that no spec notices is a missing test, or a condition that decides nothing and can go.

const root = fileURLToPath(new URL('..', import.meta.url));

/** Specs that run whole programs: too slow to run for each break, and no judge of a single condition. */
const SLOW = [
  'test/lambda/end-to-end/**',
  'test/lambda/emulator/**',
  'test/examples/**',
  'test/bench/**',
  'test/package/**',
];

const program = new Command('break')
  .description('Break conditions in src on purpose and report those that no spec notices.')
  .argument('[folders...]', 'where to break', ['src'])
  .option('--count <n>', 'how many breaks', Number, 60)
  .option('--seed <n>', 'of the choice', Number, Math.floor(Math.random() * 1e9))
  .option(
    '--timeout <seconds>',
    'for the specs of one break; a hang counts as noticed',
    Number,
    300,
  )
  .option('--least <percent>', 'of breaks that must be noticed', Number, 95)
  .option('--list', 'print the breaks without running anything')
  .parse();
const options = program.opts<{
  count: number;
  seed: number;
  timeout: number;
  least: number;
  list?: true;
}>();
const folders = program.processedArgs[0] as string[];

const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .map((path) => `src/${path}`)
  .filter((path) => path.endsWith('.ts') && folders.some((folder) => path.startsWith(folder)))
  .sort();
const breaks = choose(
  files.map((file) => breaksOf(file, readFileSync(join(root, file), 'utf8'))),
  options.count,
  options.seed,
);
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
  for (const name of ['src', 'test', 'bench', 'examples', 'scripts', 'docs', 'infrastructure']) {
    cpSync(join(root, name), join(work, name), { recursive: true });
  }
  for (const name of ['package.json', 'tsconfig.json', 'vitest.config.ts', 'README.md']) {
    cpSync(join(root, name), join(work, name));
  }
  symlinkSync(join(root, 'node_modules'), join(work, 'node_modules'));
  const unnoticed: Break[] = [];
  for (const [i, one] of breaks.entries()) {
    const path = join(work, one.file);
    const source = readFileSync(path, 'utf8');
    writeFileSync(path, source.slice(0, one.start) + one.replacement + source.slice(one.end));
    const started = Date.now();
    const noticed = await isNoticed(work, one.file);
    writeFileSync(path, source);
    if (!noticed) unnoticed.push(one);
    const verdict = noticed ? pc.green('noticed  ') : pc.red('UNNOTICED');
    const seconds = Math.round((Date.now() - started) / 1000);
    console.log(`${i + 1}/${breaks.length} ${verdict} ${seconds} s  ${describe(one)}`);
  }
  const percent = breaks.length === 0 ? 100 : (1 - unnoticed.length / breaks.length) * 100;
  console.log(`${percent.toFixed(1)} % noticed, at least ${options.least} % wanted`);
  return percent >= options.least ? 0 : 1;
}

/** Whether a spec that imports the file, directly or not, fails or hangs. */
function isNoticed(work: string, file: string): Promise<boolean> {
  const excluded = SLOW.flatMap((pattern) => ['--exclude', pattern]);
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const args = ['related', file, '--run', '--bail', '1', '--project', 'tests', '--reporter', 'dot'];
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [vitest, ...args, ...excluded], {
      cwd: work,
      stdio: 'ignore',
      detached: true,
    });
    const timer = setTimeout(() => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    }, options.timeout * 1000);
    child.once('exit', (code) => {
      clearTimeout(timer);
      resolve(code !== 0);
    });
  });
}

function describe({ file, line, original, replacement }: Break): string {
  const short = (text: string) => text.replace(/\s+/g, ' ').slice(0, 70);
  return `${file}:${line}  ${short(original)}  →  ${short(replacement) || 'nothing'}`;
}
