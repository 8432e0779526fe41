import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { describeWithRedis } from '../servers/redis-available.js';
import { RedisProcess } from '../servers/redis-process.js';
import {
  type Block,
  isNodeTestBlock,
  isVitestBlock,
  keeps,
  promisedLines,
  writeBlocks,
} from './blocks.js';
import { runBlock } from './run.js';
import { APPLICATIONS } from './uses/applications.js';
import { ANSWERS, START } from './uses/start.js';
import { ENVIRONMENTS, NOT_RUN, STORES } from './uses/stores.js';
import type { Uses } from './uses/use.js';
import { startWorld, type World } from './world.js';

/** Uses of a block's exports, after it has run. */
const USES: Uses = { ...START, ...STORES, ...APPLICATIONS };
const root = fileURLToPath(new URL('../../', import.meta.url));
const blocks = writeBlocks();
const tests = blocks.filter(isVitestBlock);
const programs = blocks.filter(isNodeTestBlock);
const modules = blocks.filter(
  (block) => !tests.includes(block) && !programs.includes(block) && !(block.id in NOT_RUN),
);
const named = (some: readonly Block[]) =>
  some.map((block) => [`${block.file}:${block.line} (${block.id})`, block] as const);

describeWithRedis('the blocks of the pages', () => {
  let redis: RedisProcess;
  let world: World;
  beforeAll(async () => {
    // Its own server: the blocks take the default prefix.
    redis = await RedisProcess.start();
    world = await startWorld(redis.url);
    for (const [url, answer] of Object.entries(ANSWERS)) world.web.answers.set(url, answer);
  });
  afterAll(async () => {
    await world?.stop();
    await redis?.stop();
  });
  afterEach(() => vi.stubEnv('CACHE_URL', redis.url));

  it.each(named(modules))('%s runs, and does what it says', async (_, block) => {
    for (const [name, value] of Object.entries(ENVIRONMENTS[block.id] ?? {}))
      vi.stubEnv(name, value);
    const { printed } = await runBlock(block, world, USES[block.id]);
    const rest = [...printed];
    for (const promised of promisedLines(block)) {
      const at = rest.findIndex((line) => keeps(promised, line));
      expect(at, `${promised}\nis not in\n${printed.join('\n')}`).toBeGreaterThan(-1);
      rest.splice(0, at + 1);
    }
  });

  it.each(named(programs))('%s passes', async (_, { path }) => {
    const args = ['--import', import.meta.resolve('tsx'), '--test', path];
    await promisify(execFile)(process.execPath, args, { cwd: root });
  });
});

describe.each(named(tests))('%s', async (_, { path }) => {
  await import(path);
});

describe('the check of blocks', () => {
  it('knows every block that it names', () => {
    const ids = blocks.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(expect.arrayContaining([...Object.keys(USES), ...Object.keys(NOT_RUN)]));
    expect(Object.keys(NOT_RUN).filter((id) => id in USES)).toEqual([]);
  });

  it.each([
    ['1', '1', true],
    ['1, from the database', '1', true],
    ['LOAD_FAILED: a → b', 'LOAD_FAILED', true],
    ['12', '1', false],
    ['1', '12', false],
  ])('takes "// %s" for a promise of "%s": %s', (promised, printed, is) => {
    expect(keeps(promised, printed)).toBe(is);
  });

  it('finds the promises of a block', () => {
    const code = 'console.log(a); // 1, of two\nfoo(); // 2\n  console.log(f(b)) // [3]\n// 4';
    expect(promisedLines({ file: 'a.md', line: 1, code })).toEqual(['1, of two', '[3]']);
  });
});
