import {
  CacheError,
  type CacheEvent,
  CacheService,
  type CacheStore,
  consoleReporter,
  MemoryCacheStore,
} from '@glasswork/cache';
import { createVirtualClock } from '@glasswork/cache/testing';
import type { Plugin } from 'esbuild';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { reporter } from '../../src/model/console-reporter.js';
import { tooLarge } from '../../src/stores/overflow/error.js';
import { brokenStore, nth, storeLike } from '../cache-service/helpers.js';
import { consoleLines } from '../console-lines.js';

const lines = consoleLines();
afterEach(() => {
  vi.useRealTimers();
});

const failed = (operation: string, error: unknown, key?: string): CacheEvent => ({
  ...{ type: 'store-error', operation, key, error },
});
const down = new CacheError('STORE_FAILED', 'DynamoDB: the table "t" does not exist. Create it');

describe('a service without onEvent', () => {
  it('says at once what is wrong, once, and until when', async () => {
    const { store, state } = brokenStore();
    const clock = createVirtualClock();
    const named = storeLike(store, { name: 'shop' });
    const cache = new CacheService(named, { clock, breaker: false });
    for (let i = 0; i < 5; i++) expect(await cache.wrap('user:1', 60, () => i)).toBe(i);
    expect(lines).toEqual([
      '@glasswork/cache: store "shop": get failed (Error): store is down. Until this is fixed, every read is a miss.',
    ]);
    state.broken = false;
    await cache.wrap('user:1', 60, () => 1);
    expect(lines).toHaveLength(1);
  });

  it('says nothing on a healthy cache, whatever is done', async () => {
    const clock = createVirtualClock();
    const cache = new CacheService(new MemoryCacheStore({ clock }), { clock, keyPrefix: 'app' });
    const policy = { ttl: 60, staleTTL: 10, tags: ['red'], lease: true } as const;
    for (let i = 0; i < 3; i++) {
      await Promise.all([cache.wrap('k', policy, () => i), cache.wrap('k', policy, () => i)]);
      clock.advance(11_000);
    }
    await cache.wrap('failing', policy, () => Promise.reject(new Error('origin'))).catch(() => {});
    await cache.getMany(['k', 'other']);
    await cache.set('k', 1);
    await cache.del('k');
    await cache.invalidateTags(['red']);
    await cache.delByPattern('*');
    await cache.clear();
    await cache.warm();
    await cache.settled();
    await cache.close();
    expect(lines).toEqual([]);
  });

  it('tells of the breaker, when it opens and when it closes', async () => {
    const { store, state } = brokenStore();
    const clock = createVirtualClock();
    const cache = new CacheService(store, { clock, breaker: { failures: 2, cooldown: 5 } });
    for (let i = 0; i < 3; i++) await cache.get('k');
    state.broken = false;
    clock.advance(5_000);
    await cache.get('k');
    expect(lines.slice(1)).toEqual([
      '@glasswork/cache: store "memory": the breaker opened: the store is skipped for a while.',
      '@glasswork/cache: store "memory": the breaker closed: the store answers again.',
    ]);
  });

  it('tells of an invalidation that is not confirmed, which rejects too', async () => {
    const { store } = brokenStore();
    const cache = new CacheService(store);
    await expect(cache.del('user:1')).rejects.toThrow(CacheError);
    expect(lines).toEqual([
      '@glasswork/cache: store "memory": del failed (Error): store is down. Until this is fixed, old values may be served.',
    ]);
  });

  it('is not called for hits', async () => {
    const cache = new CacheService(new MemoryCacheStore());
    await cache.set('k', 1);
    const text = vi.spyOn(CacheError.prototype, 'toJSON');
    expect(await cache.get('k')).toBe(1);
    expect(text).not.toHaveBeenCalled();
    expect(lines).toEqual([]);
  });

  it('says nothing where onEvent is given, and all where that calls a reporter', async () => {
    const silent = new CacheService(brokenStore().store, { onEvent: () => {} });
    await silent.get('k');
    expect(lines).toEqual([]);
    const both = new CacheService(brokenStore().store, { onEvent: consoleReporter() });
    await both.get('k');
    expect(lines).toEqual([
      '@glasswork/cache: get failed (Error): store is down. Until this is fixed, every read is a miss.',
    ]);
  });

  it.each([7, 'warn', {}, true])('refuses the onEvent %j', (onEvent) => {
    const config = { onEvent: onEvent as never };
    expect(() => new CacheService(new MemoryCacheStore(), config)).toThrow(/onEvent is .*function/);
  });
});

describe('consoleReporter', () => {
  it('tells of a cause again after a minute, with the count since then', () => {
    const clock = createVirtualClock();
    const report = reporter('x', clock);
    const line =
      '@glasswork/cache: store "x": get failed (STORE_FAILED): DynamoDB: the table "t" does not exist. Create it. Until this is fixed, every read is a miss.';
    report(failed('get', down));
    expect(lines).toEqual([line]);
    for (let i = 0; i < 9; i++) report(failed('read version', down));
    clock.advance(59_999);
    report(failed('get', down));
    expect(lines).toHaveLength(1);
    clock.advance(1);
    report(failed('get', down));
    expect(lines.slice(1)).toEqual([`${line} (11 more)`]);
    report(failed('get', down));
    clock.advance(60_000);
    report(failed('get', down));
    expect(lines.slice(2)).toEqual([`${line} (2 more)`]);
  });

  it('has no timer, and takes every from its options', () => {
    vi.useFakeTimers();
    const report = consoleReporter({ every: '5m' });
    report(failed('get', down));
    expect(vi.getTimerCount()).toBe(0);
    vi.setSystemTime(Date.now() + 299_999);
    report(failed('get', down));
    expect(lines).toHaveLength(1);
    vi.setSystemTime(Date.now() + 1);
    report(failed('get', down));
    expect(lines).toHaveLength(2);
    expect(() => consoleReporter({ every: 0 })).toThrow(/every is 0/);
    expect(() => consoleReporter({ every: 'soon' as never })).toThrow(/every is 'soon'/);
  });

  it('goes on after the clock was set back', () => {
    const clock = createVirtualClock();
    const report = reporter('', clock);
    report(failed('get', down));
    clock.advance(-86_400_000);
    report(failed('get', down));
    expect(lines).toHaveLength(2);
  });

  it('tells causes apart: what was asked, the code, and what is underneath', () => {
    const report = consoleReporter();
    const of = (name: string) =>
      new CacheError('STORE_FAILED', name, { cause: Object.assign(new Error(name), { name }) });
    for (const event of [
      failed('get', down),
      failed('fill', down),
      failed('del', down),
      failed('get', new CacheError('TIMEOUT', 'late')),
      failed('get', of('AccessDeniedException')),
      failed('get', of('ResourceNotFoundException')),
    ]) {
      report(event);
      report(event);
    }
    expect(lines).toHaveLength(6);
    const ends = lines.map((line) => line.replace(/.*\. (?=[A-Z])/, ''));
    expect(ends.slice(0, 3)).toEqual([
      'Until this is fixed, every read is a miss.',
      'Until this is fixed, nothing new is cached.',
      'Until this is fixed, old values may be served.',
    ]);
  });

  it('keeps no more causes than it can', () => {
    const report = consoleReporter();
    const event = (i: number) => failed('get', Object.assign(new Error('x'), { code: `E${i}` }));
    for (let i = 0; i < 100; i++) report(event(i));
    report(event(0));
    expect(lines).toHaveLength(100);
    report(event(100));
    report(event(0));
    expect(lines).toHaveLength(102);
  });

  it.each<[string, CacheEvent, RegExp]>([
    [
      'corrupt',
      { type: 'corrupt', key: 'k', error: 1 },
      /a record is unreadable or does not match its schema/,
    ],
    [
      'a load that the last good value hides',
      { type: 'stale-served', key: 'k', reason: 'error', error: new TypeError('no') },
      /a load failed \(TypeError\)/,
    ],
    [
      'a call that waits for the load of another',
      { type: 'slow-join', key: 'a', waitingKey: 'b', waitedMs: 10_000 },
      /a call waits 10 s for another's load/,
    ],
    ['background work', { type: 'background-error', error: new RangeError('no') }, /RangeError/],
    [
      'work that was not done',
      { type: 'background-unfinished', pending: 3, waitedMs: 5_000 },
      /3 background tasks had not ended after 5000 ms/,
    ],
  ])('tells of %s', (_, event, line) => {
    consoleReporter()(event);
    expect(lines).toEqual([expect.stringMatching(line)]);
  });

  it.each<CacheEvent>([
    { type: 'hit', key: 'k', state: 'fresh', ageMs: 1 },
    { type: 'miss', key: 'k', reason: 'unreadable' },
    { type: 'load-error', key: 'k', durationMs: 1, error: new Error('its caller has it') },
    { type: 'refused', key: 'k', reason: 'changed' },
    { type: 'skip', key: 'k', operation: 'get' },
    { type: 'stale-served', key: 'k', reason: 'timeout' },
  ])('has nothing to say of $type', (event) => {
    consoleReporter()(event);
    expect(lines).toEqual([]);
  });
});

describe('a line names no key and no value', () => {
  const SECRET = 'session:0f3a-secret';
  const tell = (operation: string, error: unknown, key: string | undefined = SECRET) => {
    consoleReporter()(failed(operation, error, key));
    return nth(lines, 0);
  };

  it.each(['UNSERIALIZABLE', 'VALUE_TOO_LARGE', 'CORRUPT', 'INVALID_KEY'] as const)(
    'of %s',
    (code) => {
      const line = tell('fill', new CacheError(code, `The item of "${SECRET}" has {"a":1}`));
      expect(line).not.toContain(SECRET);
      expect(line).not.toContain('{"a":1}');
      expect(line).not.toContain('Every read');
    },
  );

  it('of a value that is too large, whose remedy it names', () => {
    const line = tell('fill', tooLarge(`${SECRET}: a`, 500_000, 400_000, false));
    expect(line).toMatch(
      /its value is not cached: give the option overflow, .*, or compress it\.$/,
    );
    expect(line).not.toContain(SECRET);
  });

  it('where a store of your own puts the key into its message', () => {
    expect(tell('get', new Error(`GET app:${SECRET} failed`))).toContain('GET app:… failed');
    consoleReporter()(failed('get', new Error('a $& cat'), '$&'));
    expect(lines[1]).toContain('a … cat');
  });

  it('but what failed, where the record is of the service', () => {
    const error = new Error('connect ECONNREFUSED 127.0.0.1:1');
    consoleReporter()({ type: 'store-error', operation: 'read version', key: undefined, error });
    expect(lines).toEqual([expect.stringContaining('(Error): connect ECONNREFUSED 127.0.0.1:1.')]);
  });

  it('where keys of a batch may be in the message', () => {
    const error = Object.assign(new Error(`MGET a b ${SECRET}`), { code: 'E_BATCH' });
    consoleReporter()({ type: 'store-error', operation: 'get', key: undefined, error });
    expect(lines).toEqual([expect.stringContaining('get failed (E_BATCH): see the event.')]);
  });

  it('where another store puts a key at the end of the message about a value', () => {
    const line = tell('fill', new CacheError('CORRUPT', 'Cannot read this: key seven.'));
    expect(line).toMatch(/its value is not cached\.$/);
  });

  it('but the text of an error without a key as it is', () => {
    const error = new Error('an undefined server');
    consoleReporter()({ type: 'store-error', operation: 'read version', key: undefined, error });
    expect(lines).toEqual([expect.stringContaining('(Error): an undefined server.')]);
  });

  it('but that other tiers answer, where one fails', () => {
    expect(tell('tier 1 get', down)).toMatch(/Until this is fixed, the tiers below answer\.$/);
  });

  it('where a parser cites a value', () => {
    let error: unknown;
    try {
      JSON.parse(`{"password": ${SECRET}`);
    } catch (thrown) {
      error = thrown;
    }
    expect(tell('get', error, 'k')).not.toMatch(/password|secret/);
  });

  it('nor the password of a URL, nor a second line', () => {
    const line = tell('get', new Error('connect redis://user:pa/ss@host\n    at x'));
    expect(line).toContain('redis://…@host at x');
  });

  it.each([undefined, null, 'text', 7, {}])('and an error that is %j is one line', (error) => {
    expect(tell('get', error)).toMatch(
      /^@glasswork\/cache: (get|read version) failed \(Error\): .+ Until/,
    );
  });
});

it('adds less than 1 KB to a bundled handler, counted as it is uploaded: minified and gzipped', async () => {
  const { build } = await import('esbuild');
  const { gzipSync } = await import('node:zlib');
  const silent: Plugin = {
    name: 'a service that says nothing',
    setup({ onLoad }) {
      const contents =
        'export const reporter = () => () => {}; export const consoleReporter = reporter;';
      onLoad({ filter: /console-reporter\.ts$/ }, () => ({ contents, loader: 'ts' }));
    },
  };
  const bundle = async (plugins: Plugin[]) => {
    const contents = `import { CacheService, DynamoDBCacheStore } from '../../src/index.js';
      const cache = new CacheService(new DynamoDBCacheStore({ tableName: 'cache' }));
      export const handler = () => cache.wrap('key', 60, () => 1);`;
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: import.meta.dirname ?? process.cwd(), loader: 'ts' },
      ...{ bundle: true, minify: true, write: false, format: 'esm', platform: 'node', plugins },
    });
    const bytes = nth(outputFiles, 0).contents;
    return { raw: bytes.length, gzipped: gzipSync(bytes).length };
  };
  const [all, less] = [await bundle([]), await bundle([silent])];
  expect(all.raw).toBeGreaterThan(less.raw);
  expect(all.gzipped - less.gzipped).toBeLessThan(1_024);
});

it('a store without a name is not named', async () => {
  const fail = () => Promise.reject(new Error('down'));
  const store = { get: fail, set: fail, del: fail } as unknown as CacheStore;
  await new CacheService(store).get('k');
  expect(lines).toEqual([expect.stringMatching(/^@glasswork\/cache: (get|read version) failed/)]);
});
