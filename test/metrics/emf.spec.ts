import { type CacheEvent, CacheService, MemoryCacheStore } from '@glasswork/cache';
import { type EmfOptions, emf } from '@glasswork/cache/metrics';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { errorOf } from '../errors.js';
import { type Document, parseEmf } from './emf-schema.js';
import { EVENTS } from './events.js';

function metrics(options: Partial<EmfOptions> = {}) {
  const lines: string[] = [];
  const listener = emf({
    namespace: 'Shop/Cache',
    write: (line) => lines.push(line),
    ...options,
  });
  const flushed = (): Document => {
    listener.flush();
    const [line = '', ...more] = lines.splice(0);
    expect(more).toEqual([]);
    return parseEmf(line);
  };
  return { listener, lines, flushed };
}

/** The metrics of a line, without its metadata. */
const values = ({ _aws, ...members }: Document) => members;

beforeEach(() => {
  vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', undefined);
  return () => vi.unstubAllEnvs();
});

describe('a line of EMF', () => {
  it('has every counter and histogram, by reason, operation and code', () => {
    const { listener, flushed } = metrics();
    for (const event of EVENTS) listener(event);
    const line = flushed();
    expect(values(line)).toEqual({
      Hits: 2,
      StaleHits: 1,
      Misses: 6,
      'Misses.absent': 1,
      'Misses.expired': 1,
      'Misses.invalidated': 1,
      'Misses.unreadable': 1,
      'Misses.corrupt': 1,
      'Misses.forced': 1,
      Joins: 1,
      SlowJoins: 1,
      Loads: 1,
      LoadErrors: 1,
      'LoadErrors.TIMEOUT': 1,
      Refreshes: 2,
      'Refreshes.stale': 1,
      'Refreshes.early': 1,
      StaleServed: 1,
      'StaleServed.error': 1,
      Fills: 1,
      Refused: 4,
      'Refused.changed': 1,
      'Refused.invalidated': 1,
      'Refused.late': 1,
      'Refused.unread': 1,
      Invalidations: 1,
      Corrupt: 1,
      StoreErrors: 1,
      'StoreErrors.readLease.TIMEOUT': 1,
      StoreCalls: 2,
      Skips: 1,
      'Skips.get': 1,
      Breaker: 2,
      'Breaker.open': 1,
      'Breaker.closed': 1,
      Leases: 3,
      'Leases.taken': 1,
      'Leases.held': 1,
      'Leases.timeout': 1,
      Responses: 1,
      'Responses.hit': 1,
      BackgroundErrors: 1,
      'BackgroundErrors.TIMEOUT': 1,
      BackgroundUnfinished: 2,
      EdgeTags: 1,
      'EdgeTags.collision': 1,
      EdgeInvalidations: 3,
      BytesRead: 100,
      BytesWritten: 20,
      LoadTime: [12.346, 5],
      StoreTime: [5, 1.5],
    });
    const units = Object.fromEntries(
      line._aws.CloudWatchMetrics.flatMap(({ Metrics }) =>
        Metrics.map(({ Name, Unit }) => [Name, Unit]),
      ),
    );
    expect(units).toMatchObject({
      Hits: 'Count',
      BytesRead: 'Bytes',
      BytesWritten: 'Bytes',
      LoadTime: 'Milliseconds',
      StoreTime: 'Milliseconds',
    });
  });

  it('names no key and no message', () => {
    const { listener, lines } = metrics();
    for (const event of EVENTS) listener(event);
    listener.flush();
    expect(lines.join()).not.toContain('secret');
  });

  it('begins anew after each flush, and is not written when nothing has happened', () => {
    const { listener, lines, flushed } = metrics();
    listener.flush();
    expect(lines).toEqual([]);
    const hit: CacheEvent = { type: 'hit', key: 'k', state: 'fresh', ageMs: 1 };
    listener(hit);
    listener(hit);
    expect(values(flushed())).toEqual({ Hits: 2 });
    listener(hit);
    expect(values(flushed())).toEqual({ Hits: 1 });
    listener.flush();
    expect(lines).toEqual([]);
  });

  it('has the namespace, the dimensions and the time', () => {
    vi.spyOn(Date, 'now').mockReturnValue(1_700_000_000_123);
    const dimensions = { Service: 'catalogue', Stage: 'prod' };
    const { listener, flushed } = metrics({ dimensions });
    listener({ type: 'join', key: 'k' });
    expect(flushed()).toEqual({
      _aws: {
        Timestamp: 1_700_000_000_123,
        CloudWatchMetrics: [
          {
            Namespace: 'Shop/Cache',
            Dimensions: [['Service', 'Stage']],
            Metrics: [{ Name: 'Joins', Unit: 'Count' }],
          },
        ],
      },
      ...dimensions,
      Joins: 1,
    });
  });

  it('has the name of the Lambda function as its dimension, unless others are given', () => {
    vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', 'api');
    const hit: CacheEvent = { type: 'hit', key: 'k', state: 'fresh', ageMs: 1 };
    const { listener, flushed } = metrics();
    listener(hit);
    expect(values(flushed())).toEqual({ FunctionName: 'api', Hits: 1 });
    const none = metrics({ dimensions: {} });
    none.listener(hit);
    expect(values(none.flushed())).toEqual({ Hits: 1 });
  });

  it('stays valid however many values and kinds of errors there are', () => {
    const { listener, flushed } = metrics();
    for (let i = 0; i < 1_000; i++) {
      const error = Object.assign(new Error('no'), { code: `E "${i}"\n`.repeat(20) });
      listener({ type: 'load', key: 'k', durationMs: i });
      listener({ type: 'store-error', operation: 'get', key: 'k', error });
    }
    const line = values(flushed());
    expect(line).toMatchObject({ Loads: 1_000, StoreErrors: 1_000 });
    expect(line.LoadTime).toHaveLength(100);
    const details = Object.entries(line).filter(([name]) => name.startsWith('StoreErrors.'));
    expect(details.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(1_000);
    expect(details.map(([name]) => name)).toContain('StoreErrors.other');
  });

  it('keeps a fair sample of times', () => {
    const { listener, flushed } = metrics();
    for (let i = 0; i < 10_000; i++) listener({ type: 'load', key: 'k', durationMs: i });
    const times = values(flushed()).LoadTime as number[];
    const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
    // Five standard deviations of the mean of 100 uniform values on either side.
    expect(Math.abs(mean - 5_000)).toBeLessThan(5 * (10_000 / Math.sqrt(12 * 100)));
    expect(new Set(times).size).toBe(100);
  });

  it('goes to standard output by default, as one write', () => {
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    const listener = emf({ namespace: 'Cache' });
    listener({ type: 'join', key: 'k' });
    listener.flush();
    const calls = write.mock.calls.map(([text]) => String(text));
    write.mockRestore();
    expect(calls).toEqual([expect.stringMatching(/^\{.*\}\n$/)]);
  });

  it('counts what a service does', async () => {
    const { listener, flushed } = metrics();
    const cache = new CacheService(new MemoryCacheStore(), { onEvent: listener });
    onTestFinished(() => cache.close());
    await cache.wrap('k', '1m', async () => 'value');
    await cache.wrap('k', '1m', async () => 'value');
    await cache.del('k');
    const line = values(flushed());
    expect(line).toMatchObject({
      Hits: 1,
      Misses: 1,
      'Misses.absent': 1,
      Loads: 1,
      Fills: 1,
      Invalidations: 1,
      LoadTime: [expect.any(Number)],
    });
    expect(line.StoreTime).toHaveLength(Number(line.StoreCalls));
  });
});

describe('the options of emf', () => {
  it.each<[string, object]>([
    ['namespace', { namespace: '' }],
    ['namespace', { namespace: ':a' }],
    ['namespace', { namespace: 'a'.repeat(256) }],
    ['namespace', { namespace: undefined }],
    [
      'dimensions',
      { dimensions: Object.fromEntries(Array.from({ length: 31 }, (_, i) => [`d${i}`, 'x'])) },
    ],
    ['dimensions.Hits', { dimensions: { Hits: 'x' } }],
    ['dimensions._aws', { dimensions: { _aws: 'x' } }],
    ['dimensions.Misses.absent', { dimensions: { 'Misses.absent': 'x' } }],
    ['dimensions.', { dimensions: { '': 'x' } }],
    ['dimensions.Service', { dimensions: { Service: '' } }],
    ['dimensions.Service', { dimensions: { Service: 'ü' } }],
    ['dimensions.Service', { dimensions: { Service: undefined } }],
    ['write', { write: 'stdout' }],
  ])('are checked: %s', (subject, options) => {
    const all = { namespace: 'Cache', ...options } as EmfOptions;
    expect(errorOf(() => emf(all))).toMatchObject({ code: 'INVALID_OPTION', subject });
  });

  it.each([undefined, null])('must be an object, not %s', (options) => {
    expect(errorOf(() => emf(options as never))).toMatchObject({ code: 'INVALID_OPTION' });
  });
});
