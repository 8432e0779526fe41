import {
  type CacheConfig,
  CacheError,
  CacheService,
  type CacheStore,
  combine,
  compressed,
  consoleReporter,
  createCacheKey,
  type Duration,
  DynamoDBCacheStore,
  encrypted,
  jsonSerializer,
  MemoryCacheStore,
  RedisCacheStore,
  S3CacheStore,
  TieredCacheStore,
} from '@glasswork/cache';
import { KeyvCacheStore, keyvAdapter } from '@glasswork/cache/keyv';
import { describe, expect, it, vi } from 'vitest';
import { setup, watched } from './helpers.js';

const WRONG = [0, -1, Number.NaN, Infinity, '5 minutes', '', '5', '0s', {}, [], true, 5n];

describe('a ttl that is wrong', () => {
  it.each(WRONG.filter((ttl) => typeof ttl !== 'object').map((ttl) => [ttl]))(
    '%s: rejects at the call, and the store hears nothing',
    async (wrong) => {
      const ttl = wrong as Duration;
      const { store, calls } = watched();
      const { cache } = setup({}, store);
      const load = vi.fn();
      const refused = { name: 'CacheError', code: 'INVALID_DURATION', subject: 'ttl' };
      await expect(cache.set('k', 1, ttl)).rejects.toMatchObject(refused);
      await expect(cache.set('k', 1, { ttl })).rejects.toMatchObject(refused);
      await expect(cache.setMany([{ key: 'k', value: 1, ttl }])).rejects.toMatchObject(refused);
      await expect(cache.wrap('k', ttl, load)).rejects.toMatchObject(refused);
      await expect(cache.wrap('k', { ttl }, load)).rejects.toMatchObject(refused);
      await expect(cache.wrapMany(['k'], ttl, load)).rejects.toMatchObject(refused);
      await expect(cache.wrapMany(['k'], { ttl }, load)).rejects.toMatchObject(refused);
      expect(load).not.toHaveBeenCalled();
      expect(calls).toEqual([]);
    },
  );

  it.each(WRONG.map((ttl) => [ttl]))('%s: rejects inside a policy', async (wrong) => {
    const { cache } = setup();
    const refused = { code: 'INVALID_DURATION', subject: 'ttl' };
    const ttl = wrong as Duration;
    await expect(cache.wrap('k', { ttl }, () => 1)).rejects.toMatchObject(refused);
    const key = { name: 'k', key: 'k', args: [], policy: { ttl } };
    await expect(cache.wrap(key, () => 1)).rejects.toMatchObject(refused);
    await expect(cache.set(key, 1)).rejects.toMatchObject(refused);
    expect(() => createCacheKey('k', () => 'k', { ttl })).toThrow(/^ttl is /);
  });

  it('an object without text: rejects', async () => {
    const { cache } = setup();
    const refused = { code: 'INVALID_DURATION', message: expect.stringMatching(/^ttl is object/) };
    const ttl = Object.create(null);
    await expect(cache.wrap('k', { ttl }, () => 1)).rejects.toMatchObject(refused);
    const late = cache.wrap('k', 60, ({ setTTL }) => setTTL(ttl));
    await expect(late).rejects.toMatchObject(refused);
  });

  it('null: rejects', async () => {
    const { cache } = setup();
    const none = null as unknown as Duration;
    await expect(cache.set('k', 1, none)).rejects.toMatchObject({ name: 'CacheError' });
    await expect(cache.wrap('k', none, () => 1)).rejects.toMatchObject({ name: 'CacheError' });
    await expect(cache.wrap('k', { ttl: none }, () => 1)).rejects.toMatchObject({
      code: 'INVALID_DURATION',
    });
  });

  it('staleTTL at or above ttl: rejects', async () => {
    const { cache } = setup();
    for (const staleTTL of [60, 61]) {
      await expect(cache.wrap('k', { ttl: 60, staleTTL }, () => 1)).rejects.toMatchObject({
        code: 'INVALID_OPTION',
        subject: 'staleTTL',
      });
    }
  });
});

describe('a key that is wrong', () => {
  const factory = createCacheKey('user', (id: string) => `user:${id}`);

  it.each([
    ['undefined', undefined],
    ['null', null],
    ['a number', 5],
    ['a symbol', Symbol('key')],
    ['the factory itself', factory],
    ['an object without a key', {}],
    ['an object whose key is no text', { key: 5, policy: {} }],
    ['an array', ['k']],
  ])('%s: rejects INVALID_KEY', async (_name, wrong) => {
    const key = wrong as unknown as string;
    const { store, calls } = watched();
    const { cache } = setup({}, store);
    const load = vi.fn();
    const refused = { name: 'CacheError', code: 'INVALID_KEY' };
    await expect(cache.get(key)).rejects.toMatchObject(refused);
    await expect(cache.getMany(['k', key])).rejects.toMatchObject(refused);
    await expect(cache.getEntry(key)).rejects.toMatchObject(refused);
    await expect(cache.has(key)).rejects.toMatchObject(refused);
    await expect(cache.set(key, 1, 60)).rejects.toMatchObject(refused);
    await expect(cache.setMany([{ key, value: 1 }])).rejects.toMatchObject(refused);
    await expect(cache.del(key)).rejects.toMatchObject(refused);
    await expect(cache.delMany(['k', key])).rejects.toMatchObject(refused);
    await expect(cache.delByPattern(key)).rejects.toMatchObject(refused);
    await expect(cache.wrap(key, 60, load)).rejects.toMatchObject(refused);
    await expect(cache.wrapMany(['k', key], 60, load)).rejects.toMatchObject(refused);
    expect(load).not.toHaveBeenCalled();
    expect(calls).toEqual([]);
  });

  it('the factory itself: the message speaks of a function, and does not quote its source', async () => {
    const key = factory as unknown as string;
    const message = 'key is function: give text, or a key from a createCacheKey factory.';
    await expect(setup().cache.get(key)).rejects.toThrow(message);
  });

  it('an object without a policy has none', async () => {
    const { cache } = setup();
    const key = { key: 'k' } as unknown as string;
    await cache.set(key, 1, 60);
    expect([await cache.get(key), await cache.getMany([key])]).toEqual([1, [1]]);
    expect([await cache.has(key), (await cache.getEntry(key))?.value]).toEqual([true, 1]);
  });

  it('a factory that makes no text throws INVALID_KEY', () => {
    const bad = createCacheKey('bad', () => undefined as unknown as string);
    expect(() => bad()).toThrow(expect.objectContaining({ code: 'INVALID_KEY' }));
  });
});

describe('an invalid load', () => {
  it.each([undefined, null, 'value', Promise.resolve(1)])('%s: rejects', async (wrong) => {
    const { cache } = setup();
    const load = wrong as unknown as () => number;
    const refused = { name: 'CacheError', code: 'INVALID_OPTION', subject: 'load' };
    await expect(cache.wrap('k', 60, load)).rejects.toMatchObject(refused);
    await expect(cache.wrapSWR('k', 1, 2, load)).rejects.toMatchObject(refused);
    const key = createCacheKey('k', () => 'k').of<number>()();
    await expect(cache.wrap(key, load)).rejects.toMatchObject(refused);
  });
});

describe('an invalid store', () => {
  it.each([
    ['undefined', undefined],
    ['null', null],
    ['an object', {}],
    ['text', 'memory'],
    ['an object whose get is no function', { get: 1 }],
    ['the class itself', MemoryCacheStore],
  ])('%s: throws', (_name, wrong) => {
    const make = () => new CacheService(wrong as unknown as CacheStore);
    expect(make).toThrow(expect.objectContaining({ code: 'INVALID_OPTION', subject: 'store' }));
  });
});

describe('options that are wrong', () => {
  it.each<[string, object]>([
    ['jitter', { jitter: 2 }],
    ['earlyRefresh', { earlyRefresh: -1 }],
    ['lease.ttl', { lease: { ttl: 0 } }],
    ['softTimeout', { softTimeout: 0 }],
    ['hardTimeout', { hardTimeout: -1 }],
    ['staleIfError', { staleIfError: Number.NaN }],
    ['tags', { tags: 'red' }],
    ['forceFresh', { forceFresh: 'false' }],
    ['lease', { lease: 'false' }],
    ['signal', { signal: { aborted: false, addEventListener: () => {} } }],
  ])('%s: rejects at the call', async (subject, options) => {
    const { cache } = setup();
    const load = vi.fn();
    await expect(cache.wrap('k', options, load)).rejects.toMatchObject({
      name: 'CacheError',
      subject,
    });
    expect(load).not.toHaveBeenCalled();
  });

  it('prefixes with glob characters, and those that are no text: throws', () => {
    for (const wrong of ['a*', 'a[b]', 'a?', 'a\\', null, 5, ['a']]) {
      const keyPrefix = wrong as string;
      const make = () => new CacheService(new MemoryCacheStore(), { keyPrefix });
      expect(make).toThrow(expect.objectContaining({ subject: 'keyPrefix' }));
    }
  });

  it('a configuration that is null counts as none', async () => {
    const cache = new CacheService(new MemoryCacheStore(), undefined as unknown as CacheConfig);
    expect(await cache.wrap('k', 60, () => 1)).toBe(1);
  });
});

describe('a batch that is no list', () => {
  it.each([[null], ['k'], [5], [{}], [new Set(['k'])]])(
    '%o: rejects at the call',
    async (wrong) => {
      const list = wrong as never;
      const { store, calls } = watched();
      const { cache } = setup({}, store);
      const load = vi.fn();
      const refused = { name: 'CacheError', code: 'INVALID_KEY', subject: 'keys' };
      await expect(cache.getMany(list)).rejects.toMatchObject(refused);
      await expect(cache.delMany(list)).rejects.toMatchObject(refused);
      await expect(cache.wrapMany(list, 60, load)).rejects.toMatchObject(refused);
      await expect(cache.setMany(list)).rejects.toMatchObject({
        code: 'INVALID_OPTION',
        subject: 'entries',
      });
      expect(load).not.toHaveBeenCalled();
      expect(calls).toEqual([]);
    },
  );

  it('rejects an invalid entry', async () => {
    const { cache } = setup();
    const refused = { code: 'INVALID_OPTION', subject: 'entry' };
    await expect(cache.setMany([null as never])).rejects.toMatchObject(refused);
  });
});

describe('a constructor without what it needs', () => {
  const none = (): never => undefined as never;
  const nothing = null as never;
  const memory = new MemoryCacheStore();
  it.each<[string, () => unknown, string]>([
    [
      'DynamoDBCacheStore()',
      () => new DynamoDBCacheStore(none()),
      'tableName is undefined: give the name of a table, or its ARN.',
    ],
    [
      'an empty table name',
      () => new DynamoDBCacheStore({ tableName: '' }),
      "tableName is '': give the name of a table, or its ARN.",
    ],
    [
      'a table name with a line break',
      () => new DynamoDBCacheStore({ tableName: 'cache\n' }),
      "tableName is 'cache\n': give the name of a table, or its ARN.",
    ],
    [
      'RedisCacheStore()',
      () => new RedisCacheStore(none()),
      'options is undefined: give an object with url, nodes or client.',
    ],
    [
      'an empty prefix of Redis',
      () => new RedisCacheStore({ url: 'redis://localhost', prefix: '' }),
      "prefix is '': give a name, because clear() deletes every key below it.",
    ],
    [
      'S3CacheStore()',
      () => new S3CacheStore(none()),
      'options is undefined: give an object with bucket.',
    ],
    ['no config', () => new CacheService(memory, nothing), 'config is null: give an object.'],
    [
      'a deadline that is no function',
      () => new CacheService(memory, { deadline: 5 as never }),
      'deadline is 5: give a function.',
    ],
    [
      'a waitUntil that is no function',
      () => new CacheService(memory, { waitUntil: {} as never }),
      'waitUntil is object: give a function.',
    ],
    [
      'options that are null',
      () => new MemoryCacheStore(nothing),
      'options is null: give an object.',
    ],
    [
      'options of tiers that are null',
      () => new TieredCacheStore([memory, new MemoryCacheStore()], nothing),
      'options is null: give an object.',
    ],
    [
      'options of Keyv that are null',
      () => new KeyvCacheStore(new Map(), nothing),
      'options is null: give an object.',
    ],
    ['a Keyv over nothing', () => keyvAdapter(nothing), 'store is null: give a store such as'],
    [
      'a breaker that is a number',
      () => new CacheService(memory, { breaker: 5 as never }),
      'breaker is 5: give an object.',
    ],
    ['an invalid listener', () => combine(() => {}, nothing), 'listener is null: give a function.'],
    ['a reporter with null', () => consoleReporter(nothing), 'options is null: give an object.'],
    [
      'a key without a function',
      () => createCacheKey('k', nothing),
      'key is null: give a function',
    ],
    [
      'a schema of another kind',
      () => createCacheKey('k', () => 'k', { schema: {} as never }),
      'schema is object: give a Standard Schema.',
    ],
    [
      'a compression of nothing',
      () => compressed(none()),
      'inner is undefined: give an object with',
    ],
    [
      'options of a compression that are null',
      () => compressed(jsonSerializer, nothing),
      'options is null: give an object.',
    ],
    [
      'an encryption of nothing',
      () => encrypted(none(), { keys: { a: new Uint8Array(32) } }),
      'inner is undefined: give an object with',
    ],
  ])('%s: says what to give', (_, construct, message) => {
    expect(construct).toThrow(CacheError);
    expect(construct).toThrow(message);
  });

  const serializer = { name: 'half', serialize: String } as never;
  it.each<[string, () => unknown]>([
    ['memory', () => new MemoryCacheStore({ serializer })],
    ['DynamoDB', () => new DynamoDBCacheStore({ tableName: 't', region: 'eu-west-1', serializer })],
    ['Redis', () => new RedisCacheStore({ url: 'redis://localhost', serializer })],
    ['S3', () => new S3CacheStore({ bucket: 'bucket', region: 'eu-west-1', serializer })],
    ['Keyv', () => new KeyvCacheStore(new Map(), { serializer })],
    ['compression', () => compressed(serializer)],
    ['encryption', () => encrypted(serializer, { keys: { a: new Uint8Array(32) } })],
  ])('%s: refuses half a serializer', (_, construct) => {
    expect(construct).toThrow(CacheError);
    expect(construct).toThrow(
      'is object: give an object with a name, serialize() and deserialize().',
    );
  });

  const region = 'eu-west-1';
  const tiers = () => [new MemoryCacheStore(), new MemoryCacheStore()];
  const onTable = (options: object) =>
    new DynamoDBCacheStore({ tableName: 't', region, ...options });
  it.each<[string, (options: never) => unknown, object, string]>([
    ['memory', (o) => new MemoryCacheStore(o), { frozen: 'false' }, "frozen is 'false'"],
    ['memory', (o) => new MemoryCacheStore(o), { clock: {} }, 'clock is object'],
    ['tiers', (o) => new TieredCacheStore(tiers(), o), { clock: 5 }, 'clock is 5'],
    ['S3', (o) => new S3CacheStore(o), { bucket: 'bucket', region, clock: {} }, 'clock is object'],
    ['S3', (o) => new S3CacheStore(o), { bucket: 'bucket', region, timeouts: 5 }, 'timeouts is 5'],
    ['DynamoDB', onTable, { clock: {} }, 'clock is object'],
    ['DynamoDB', onTable, { timeouts: 5 }, 'timeouts is 5'],
    ['DynamoDB', onTable, { timeouts: null }, 'timeouts is null'],
    ['DynamoDB', onTable, { consistentRead: 'false' }, "consistentRead is 'false'"],
    ['DynamoDB', onTable, { onScan: {} }, 'onScan is object'],
  ])('%s: refuses an option that cannot work: %s %j', (_, construct, options, message) => {
    expect(() => construct(options as never)).toThrow(CacheError);
    expect(() => construct(options as never)).toThrow(message);
  });

  it('takes the ARN of a table', () => {
    const tableName = 'arn:aws:dynamodb:eu-west-1:123456789012:table/cache';
    const store = new DynamoDBCacheStore({ tableName, region: 'eu-west-1' });
    expect(store.name).toBe('dynamodb');
  });
});
