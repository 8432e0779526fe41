import { PassThrough, Readable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { CacheService } from '../../src/cache-service.js';
import { createProgram } from '../../src/cli/program.js';
import { emf } from '../../src/metrics/index.js';
import { DynamoDBCacheStore } from '../../src/stores/dynamodb/index.js';
import { MemoryCacheStore } from '../../src/stores/memory/index.js';
import { type Dynalite, startDynalite } from '../servers/dynalite.js';
import { createCacheTable, credentials, region } from '../servers/table.js';
import { bundledCommandLine } from './cli.js';

const cli = bundledCommandLine();

/** Lines of a service that misses two keys, hits one of them three times, and fails one load. */
async function serviceLines(): Promise<string[]> {
  const lines: string[] = [];
  const metrics = emf({ namespace: 'Shop/Cache', write: (line) => lines.push(line) });
  const cache = new CacheService(new MemoryCacheStore(), { onEvent: metrics });
  await cache.wrap('a', '1h', async () => 1);
  metrics.flush();
  for (let i = 0; i < 3; i++) await cache.wrap('a', '1h', async () => 2);
  await cache.wrap('b', '1h', async () => Promise.reject(new Error('down'))).catch(() => {});
  metrics.flush();
  return lines;
}

describe('top', () => {
  it('sums up the lines of a service, among those of others', async () => {
    const [first = '', second = ''] = await serviceLines();
    const input = [
      'START RequestId: 1',
      `2026-11-28T10:00:00 ${first}`,
      '{"level":"info","message":"not ours"}',
      '{"_aws": broken',
      second,
    ].join('\n');
    const { code, stdout } = await cli.run(['top', '--json'], { input });
    expect(code).toBe(0);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ lines: 2, hits: 3, misses: 2, hitRatio: 0.6, loadErrors: 1 });
    expect(report.missesBy).toEqual({ absent: 2 });
    expect(report.loadTime.max).toBeGreaterThanOrEqual(report.loadTime.p50);
    const text = await cli.run(['top'], { input });
    expect(text.stdout).toMatch(
      /^hit ratio {2}60\.0 %\nhits +3, of which stale 0\nmisses +2: absent 2\n/,
    );
  });

  it.each([
    ['Windows line ends', (line: string) => `${line}\r\nEND\r\n`],
    ['no last line end', (line: string) => line],
    ['text before and after it', (line: string) => `stream 2026-11-28T10:00:00 ${line} (end)\n`],
    ['a byte order mark', (line: string) => `\ufeff${line}\n`],
    [
      'lines of other programs in the same format',
      (line: string) =>
        `${line}\n${JSON.stringify({ _aws: { CloudWatchMetrics: [] }, Orders: 5 })}\n{"_aws":null}\n{"_aws":[1]}\nnull\n`,
    ],
  ])('reads a log with %s', async (_what, log) => {
    const [first = ''] = await serviceLines();
    const plain = await cli.run(['top', '--json'], { input: `${first}\n` });
    const found = await cli.run(['top', '--json'], { input: log(first) });
    expect(JSON.parse(plain.stdout)).toMatchObject({ lines: 1 });
    expect(JSON.parse(found.stdout)).toEqual(JSON.parse(plain.stdout));
  });

  it('says that there is nothing to sum up', async () => {
    const { code, stdout } = await cli.run(['top'], { input: 'nothing\n' });
    expect(code).toBe(0);
    expect(stdout).toBe(
      [
        ...['hit ratio  no reads yet', 'hits       0, of which stale 0', 'misses     0'],
        ...['loads      0, failed 0', 'store      failed 0', ''],
      ].join('\n'),
    );
  });
});

const CLEAR = '\u001b[2J\u001b[H';

describe('top in a terminal', () => {
  let server: Dynalite;
  beforeAll(async () => {
    server = await startDynalite();
  });
  afterAll(() => server.stop());
  const { exitCode } = process;
  afterEach(() => {
    process.exitCode = exitCode;
    vi.unstubAllEnvs();
  });

  /** Every pause of this many seconds, which passes at once. */
  const PAUSE_SECONDS = 7;
  let pauses = 0;
  beforeEach(() => {
    pauses = 0;
    const { setTimeout } = globalThis;
    vi.spyOn(globalThis, 'setTimeout').mockImplementation(((act: () => void, ms?: number) => {
      if (ms === PAUSE_SECONDS * 1_000) pauses++;
      return setTimeout(act, ms === PAUSE_SECONDS * 1_000 ? 0 : ms);
    }) as typeof setTimeout);
  });

  /** Runs `top` in this process, whose output is a terminal that its user closes after some pictures. */
  async function shown(
    args: readonly string[],
    { input, isTTY = true, most = 99 }: { input?: string; isTTY?: boolean; most?: number } = {},
  ): Promise<string> {
    let text = '';
    const stdout = Object.assign(new PassThrough(), { isTTY, columns: 100 });
    stdout.write = (chunk: unknown) => {
      text += chunk;
      if (text.split(CLEAR).length > most) throw new Error('closed');
      return true;
    };
    const stdin = Readable.from(input === undefined ? [] : [input]);
    vi.spyOn(process, 'stdin', 'get').mockReturnValue(
      Object.assign(stdin, { isTTY: input === undefined }) as never,
    );
    vi.spyOn(process, 'stdout', 'get').mockReturnValue(stdout as never);
    const program = createProgram('1.0.0');
    const run = program.parseAsync(['top', ...args], { from: 'user' });
    await run.catch((error: Error) => {
      if (error.message !== 'closed') throw error;
    });
    // Colours are on in CI.
    return text.split(CLEAR).map(stripVTControlCharacters).join(CLEAR);
  }
  const pictures = (text: string) => text.split(CLEAR).slice(1);

  async function where(items: number): Promise<string[]> {
    const tableName = await createCacheTable(server.endpoint);
    const options = { tableName, endpoint: server.endpoint, region };
    const store = new DynamoDBCacheStore({ ...options, credentials: async () => credentials });
    const cache = new CacheService(store);
    for (let i = 0; i < items; i++) await cache.set(`key:${i}`, i, '1h');
    await cache.close();
    return ['--table', tableName, '--endpoint', server.endpoint];
  }

  it('draws a log once a second at most, and once more at its end', async () => {
    const [first = '', second = ''] = await serviceLines();
    // The first line, 999 ms later the second, and after another millisecond the third.
    const times = [1_000, 1_000, 1_999, 2_000, 2_000];
    vi.spyOn(performance, 'now').mockImplementation(() => times.shift() ?? 2_000);
    const input = `START\n${first}\n${second}\nEND\n${first}\nEND\n`;
    const drawn = pictures(await shown([], { input }));
    expect(drawn.map((each) => each.split('\n')[0])).toEqual([
      ...['hit ratio  0.0 %', 'hit ratio  50.0 %', 'hit ratio  50.0 %'],
    ]);
    expect(drawn.at(-1)).toMatch(
      /^hits +3, of which stale 0\nmisses +3: absent 3\nloads +2, failed 1; p50 [\d.]+ ms, p99 [\d.]+ ms, slowest [\d.]+ ms\nstore +failed 0; p50 /m,
    );
  });

  it('prints one report as JSON, and clears nothing for it', async () => {
    const [first = '', second = ''] = await serviceLines();
    const text = await shown(['--json'], { input: `${first}\n${second}\n` });
    expect(text).not.toContain(CLEAR);
    expect(JSON.parse(text)).toMatchObject({ lines: 2, hits: 3 });
  });

  it('wants a log or a store, and takes that of the environment if there is no log', async () => {
    for (const name of ['CACHE_TABLE', 'CACHE_URL', 'CACHE_BUCKET']) vi.stubEnv(name, undefined);
    await expect(shown([])).rejects.toThrow('Nothing is on the standard input');
    const [, table, ...others] = await where(1);
    vi.stubEnv('CACHE_TABLE', table);
    expect(await shown(['--times', '1', ...others])).toContain('sampled  1 keys');
    const log = await shown(others, { input: '', isTTY: false });
    expect(log).toMatch(/^hit ratio +no reads yet\n/);
  });

  it('samples a store again and again, until it is closed', async () => {
    const args = ['--every', String(PAUSE_SECONDS), ...(await where(2))];
    const drawn = pictures(await shown(args, { most: 4 }));
    expect([drawn.length, pauses]).toEqual([4, 3]);
    for (const each of drawn)
      expect(each).toMatch(
        /^sampled +2 keys, 100\.0 % would be served\nserved +fresh 2\nwritten +2 in the last minute\nloads +p50 [\d.]+ ms, p99 [\d.]+ ms, slowest [\d.]+ ms\nslowest +\d+ ms {2}key:[01]\nslowest /,
      );
  });

  it('samples as often as is wanted, and says no more of an empty store than there is', async () => {
    const every = ['--every', String(PAUSE_SECONDS), ...(await where(0))];
    const empty = 'sampled  0 keys\nwritten  0 in the last minute\n';
    expect(await shown(['--times', '2', ...every])).toBe(CLEAR + empty + CLEAR + empty);
    expect(pauses).toBe(1);
    expect(await shown(every, { isTTY: false })).toBe(empty);
    expect(await shown(['--times', '1', ...every])).toBe(CLEAR + empty);
    expect(pauses).toBe(1);
    const one = await shown(['--json', ...every]);
    expect([JSON.parse(one).keys, one.split('\n').length > 9]).toEqual([0, true]);
    const lines = (await shown(['--json', '--times', '2', ...every])).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).keys)).toEqual([0, 0]);
  });
});
