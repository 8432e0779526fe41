import { DaxDocument } from '@amazon-dax-sdk/lib-dax';
import { DynamoDB } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocument } from '@aws-sdk/lib-dynamodb';
import {
  CacheService,
  DynamoDBCacheStore,
  type DynamoDBCacheStoreOptions,
  MemoryCacheStore,
  TieredCacheStore,
} from '@glasswork/cache';
import { createVirtualClock } from '@glasswork/cache/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { isDax } from '../../../src/stores/dynamodb/dax.js';
import { errorOf } from '../../errors.js';
import { startDynalite } from '../../servers/dynalite.js';
import { createCacheTable, createClient, freshTableName } from '../../servers/table.js';
import { describeConformance } from '../conformance.js';
import { daxShim, ITEM_TTL_MS } from './dax-shim.js';

const dynalite = await startDynalite();
const tableName = freshTableName();
const sdk = createClient(dynalite.endpoint);
const quiet = () => vi.spyOn(console, 'warn').mockImplementation(() => {});
// Also while the tests are collected, since every store on DAX says that it is one.
let warn = quiet();
beforeAll(() => createCacheTable(dynalite.endpoint, tableName));
beforeEach(() => {
  warn = quiet();
});
afterAll(async () => {
  sdk.destroy();
  await dynalite.stop();
});

function cluster() {
  const clock = createVirtualClock(Date.now());
  const dax = daxShim(sdk, clock);
  const open = (options: Partial<DynamoDBCacheStoreOptions> = {}) =>
    new DynamoDBCacheStore({
      tableName,
      clock,
      timeouts: { total: '60s' },
      client: dax,
      ...options,
    });
  return { clock, dax, open };
}

describeConformance(
  'a DynamoDB store on DAX',
  () => {
    const { clock, open } = cluster();
    return {
      store: open(),
      another: open(),
      advance: clock.advance,
      exactTime: true,
      waits: true,
      withSerializer: (serializer) => open({ serializer }),
    };
  },
  {
    lacks: [
      'the store has no getVersioned, the store has no setIfUnchanged',
      'the store has no getIfPresent',
      'the store has no add',
      'the store has no getVersioned, the store has no setIfUnchanged, the store has no add',
    ],
  },
);

describe('a DynamoDB store on DAX', () => {
  it('offers no versions and no add, and says so once at construction', async () => {
    const store: { getVersioned?: unknown; setIfUnchanged?: unknown; add?: unknown } =
      cluster().open();
    expect([store.getVersioned, store.setIfUnchanged, store.add]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]?.[0]).toMatch(
      /^@glasswork\/cache: store "dynamodb": .*DAX.*docs\/dax\.md/,
    );
    const cache = new CacheService(cluster().open(), { keyPrefix: crypto.randomUUID() });
    await cache.wrap('key', { ttl: 60, lease: true }, () => 'value');
    await cache.check();
    await cache.close();
    expect(warn).toHaveBeenCalledTimes(2);
  });

  it('says nothing on another client, and offers both', () => {
    for (const client of [
      sdk,
      DynamoDBDocument.from(sdk),
      new DynamoDB({ region: 'eu-central-1' }),
    ]) {
      const store = new DynamoDBCacheStore({ tableName, client });
      expect(store.add).toBeTypeOf('function');
      expect(isDax(client)).toBe(false);
    }
    expect(warn).not.toHaveBeenCalled();
  });

  it('is known by the class of the real package, also when a minifier has renamed it', () => {
    expect(isDax(Object.create(DaxDocument.prototype))).toBe(true);
    class A extends DaxDocument {}
    expect(isDax(Object.create(A.prototype))).toBe(true);
  });

  it('compiles with the real package', () => {
    const options = (client: DaxDocument): DynamoDBCacheStoreOptions => ({ tableName, client });
    expect(options(Object.create(DaxDocument.prototype)).tableName).toBe(tableName);
  });

  it('refuses a function that returns a DaxDocument, because it would be known too late', async () => {
    const { open, dax } = cluster();
    const store = open({ client: async () => dax });
    await expect(store.get('key')).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      subject: 'client',
    });
    await expect(store.warm()).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });

  it('cannot be a tier, which needs versions', () => {
    const error = errorOf(() => new TieredCacheStore([new MemoryCacheStore(), cluster().open()]));
    expect(error).toMatchObject({ code: 'INVALID_OPTION', subject: 'tiers' });
  });

  it('sends every read and write through DAX, which answers the second read', async () => {
    const { open, dax, clock } = cluster();
    const [writer, reader] = [open(), open()];
    const key = crypto.randomUUID();
    expect(await reader.get(key)).toBeUndefined();
    await writer.set(key, { n: 1 }, 3600);
    // The process that wrote reads consistently for a while; another one takes what DAX has.
    const before = { ...dax.counts };
    expect(await reader.get(key)).toEqual({ n: 1 });
    expect(await reader.getMany([key, `${key}2`])).toEqual([{ n: 1 }, undefined]);
    expect(dax.counts.cached - before.cached).toBe(2);
    await writer.del(key);
    expect(await reader.get(key)).toBeUndefined();
    clock.advance(1);
  });

  it('serves a service: values, tags and clear', async () => {
    const { open } = cluster();
    const keyPrefix = crypto.randomUUID();
    const [one, two] = [open(), open()].map(
      (store) => new CacheService(store, { keyPrefix, versionTTL: 0 }),
    );
    const load = vi.fn(async () => load.mock.calls.length);
    const policy = { ttl: 60, tags: ['red'], lease: true };
    expect(await one?.wrap('key', policy, load)).toBe(1);
    expect(await two?.wrap('key', policy, load)).toBe(1);
    await one?.invalidateTags(['red']);
    expect(await two?.wrap('key', policy, load)).toBe(2);
    await two?.clear();
    expect(await one?.wrap('key', policy, load)).toBe(3);
    await one?.del('key');
    expect(await two?.wrap('key', policy, load)).toBe(4);
    await Promise.all([one?.close(), two?.close()]);
  });

  it('makes no promise about a write around DAX: the old item is read until its TTL', async () => {
    const { open, clock } = cluster();
    const [reader, around] = [open(), new DynamoDBCacheStore({ tableName, client: sdk, clock })];
    const key = crypto.randomUUID();
    expect(await reader.get(key)).toBeUndefined();
    await around.set(key, 'new', 3600);
    expect(await reader.get(key)).toBeUndefined();
    clock.advance(ITEM_TTL_MS);
    expect(await reader.get(key)).toBe('new');
  });
});
