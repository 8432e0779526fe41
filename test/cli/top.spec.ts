import { describe, expect, it } from 'vitest';
import { CacheService } from '../../src/cache-service.js';
import { emf } from '../../src/metrics/index.js';
import { MemoryCacheStore } from '../../src/stores/memory/index.js';
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
    expect(stdout).toMatch(/^hit ratio +no reads yet\n/);
  });
});
