import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import colors from 'picocolors';
import { bundlePrograms } from './bundle.js';
import { type Figure, misses } from './figure.js';
import { batch } from './figures/batch.js';
import { cold } from './figures/cold.js';
import { down } from './figures/down.js';
import { eviction } from './figures/eviction.js';
import { fence } from './figures/fence.js';
import { fill } from './figures/fill.js';
import { heap } from './figures/heap.js';
import { http } from './figures/http.js';
import { httpDynamoDB } from './figures/http-dynamodb.js';
import { memory } from './figures/memory.js';
import { metrics } from './figures/metrics.js';
import { miss } from './figures/miss.js';
import { nodeRedis } from './figures/node-redis.js';
import { redis } from './figures/redis.js';
import { s3 } from './figures/s3.js';
import { serializers } from './figures/serializers.js';
import { share } from './figures/share.js';
import { size } from './figures/size.js';
import { tier } from './figures/tier.js';
import { warm } from './figures/warm.js';
import { isParseError, parseOptions } from './options.js';
import { writeTables } from './page.js';
import { renderFigure, renderVerdict } from './report.js';
import { describeRun, saveRun } from './results.js';

const FIGURES = {
  cold,
  share,
  size,
  warm,
  batch,
  redis,
  nodeRedis,
  memory,
  miss,
  fill,
  metrics,
  http,
  httpDynamoDB,
  tier,
  fence,
  down,
  serializers,
  eviction,
  heap,
  s3,
};
const NAMES = Object.keys(FIGURES) as (keyof typeof FIGURES)[];
/** Figures that come out the same everywhere, and the pages that show their tables. */
const PAGES = { eviction: new URL('../docs/eviction.md', import.meta.url) };
const BAD_ARGUMENTS = 2;

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  const say = (text: string) => void process.stderr.write(`${text}\n`);
  try {
    const { only, rounds, json } = parseOptions(argv, NAMES);
    const print = json ? () => {} : (text: string) => void process.stdout.write(`${text}\n`);
    const figures = await measure(only, rounds, say, print);
    const run = describeRun(figures, new Date());
    const file = await saveRun(run, only.length === NAMES.length);
    print(renderVerdict(figures));
    if (json) process.stdout.write(`${JSON.stringify(run)}\n`);
    say(`Kept in ${file}.`);
    return misses(figures).length === 0 ? 0 : 1;
  } catch (error) {
    if (isParseError(error)) return error.exitCode === 0 ? 0 : BAD_ARGUMENTS;
    say(colors.red(error instanceof Error ? (error.stack ?? error.message) : String(error)));
    return 1;
  }
}

async function measure(
  names: readonly (keyof typeof FIGURES)[],
  rounds: number | undefined,
  say: (text: string) => void,
  print: (text: string) => void,
): Promise<Figure[]> {
  const folder = fileURLToPath(new URL('../.cache/', import.meta.url));
  await mkdir(folder, { recursive: true });
  const { files, remove } = await bundlePrograms(folder);
  try {
    const figures: Figure[] = [];
    for (const name of names) {
      const figure = await FIGURES[name]({ rounds, bundles: files, say });
      figures.push(figure);
      print(renderFigure(figure));
      if (name in PAGES) await writeTables(PAGES[name as keyof typeof PAGES], figure);
    }
    return figures;
  } finally {
    await remove();
  }
}
