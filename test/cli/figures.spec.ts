import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AnsweringProxy, startAnsweringProxy } from '../servers/answering-proxy.js';
import { bundledCommandLine } from './cli.js';

const cli = bundledCommandLine();

/** Starting Node alone takes most of the time of the help; on a busy machine both take longer. */
const NODE_MS = 60;
const slowdown = (): number => {
  const started = performance.now();
  for (let i = 0; i < 5; i++) execFileSync(process.execPath, ['-e', '0']);
  return Math.max(1, (performance.now() - started) / 5 / NODE_MS);
};
const fastest = async (times: number, run: () => Promise<unknown>): Promise<number> => {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < times; i++) {
    const started = performance.now();
    await run();
    least = Math.min(least, performance.now() - started);
  }
  return least;
};

describe('the figures of the command line', () => {
  const ITEMS = 100_000;
  const PAGE = 2_000;
  let server: AnsweringProxy;

  /** A table of many items, which a real one would take minutes to fill. */
  beforeAll(async () => {
    const item = (i: number) => ({
      pk: { S: `shop:user:${i}` },
      value: { S: `{"id":${i},"text":"${'x'.repeat(100)}"}` },
      entry: { S: '[1,null,9999999999999,5,[[null,""]]]' },
      exp: { N: '9999999999999' },
      expiresAt: { N: '9999999999' },
      ver: { S: '7d3c1b1e-0000-4000-8000-000000000000' },
      n: { N: '1' },
    });
    server = await startAnsweringProxy(undefined, ({ action, body }) => {
      if (action === 'GetItem') return { status: 200, body: { Item: item(1) } };
      const { ExclusiveStartKey, Limit = PAGE } = Object(body);
      const start = Number(ExclusiveStartKey?.pk.S.split(':')[2] ?? 0);
      const end = Math.min(ITEMS, start + Math.min(Limit, PAGE));
      const Items = Array.from({ length: end - start }, (_, i) => item(start + i));
      const LastEvaluatedKey = end < ITEMS ? { pk: { S: `shop:user:${end}` } } : undefined;
      return { status: 200, body: { Items, LastEvaluatedKey } };
    });
  });
  afterAll(() => server.stop());
  const where = () => ['--table', 'cache', '--prefix', 'shop', '--endpoint', server.endpoint];

  it('are: one file of less than 60 KB gzipped', () => {
    expect(gzipSync(readFileSync(cli.file), { level: 9 }).length).toBeLessThan(60_000);
  });

  it('are: the help within 150 ms', async () => {
    const limit = 150 * slowdown();
    expect(await fastest(5, () => cli.run(['--help']))).toBeLessThan(limit);
  });

  it('are: get and ls within 400 ms', async () => {
    const limit = 400 * slowdown();
    expect(await fastest(5, () => cli.run(['get', 'user:1', ...where()]))).toBeLessThan(limit);
    expect(await fastest(5, () => cli.run(['ls', '--limit', '20', ...where()]))).toBeLessThan(
      limit,
    );
  });

  it.each([
    ['ls', '--all'],
    ['ls', '--all', '--json'],
    ['stats', '--json'],
  ])('are: %s of 100,000 items below 150 MB', async (...args) => {
    const { code, stdout, peakMB } = await measured([...args, ...where()]);
    expect(code).toBe(0);
    if (args[0] === 'stats') expect(JSON.parse(stdout).items).toBe(ITEMS);
    else expect(stdout.trimEnd().split('\n').length).toBeGreaterThanOrEqual(ITEMS);
    expect(peakMB).toBeLessThan(150);
    // Larger pages take DynamoDB Local longer than a request may take.
    const scans = server.calls.filter(({ action }) => action === 'Scan');
    expect(scans.every(({ body }) => Object(body).Limit <= 1_000)).toBe(true);
  });

  /** Runs it with a hook that writes the largest resident size at the end. */
  async function measured(args: string[]) {
    const hook =
      "import { writeSync } from 'node:fs'; process.on('exit', () => writeSync(2, `peak ${process.resourceUsage().maxRSS}`));";
    const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hook)}` };
    const { code, stdout, stderr } = await cli.run(args, { env });
    const [, kilobytes] = /peak (\d+)/.exec(stderr) ?? [];
    return { code, stdout, peakMB: Number(kilobytes) / 1024 };
  }
});
