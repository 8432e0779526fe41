import assert from 'node:assert/strict';
import {
  CacheService,
  type CacheStore,
  DynamoDBCacheStore,
  MemoryCacheStore,
  RedisCacheStore,
} from '@glasswork/cache';
import { KeyvCacheStore, keyvAdapter } from '@glasswork/cache/keyv';
import { casesFor, createVirtualClock } from '@glasswork/cache/testing';
import { Keyv } from 'keyv-6';

/*
 * The tests of Keyv 6, which needs Node 22: version-6.spec.ts runs this file there, and reports what it prints, a JSON
 * line for each test. `@keyv/test-suite` is published for version 5 only.
 */

const { TABLE: tableName = '', ENDPOINT: endpoint = '', REDIS: url = '' } = process.env;

const stores: Record<string, () => CacheStore> = {
  memory: () => new MemoryCacheStore(),
  DynamoDB: () =>
    new DynamoDBCacheStore({
      ...{ tableName, endpoint, region: 'eu-central-1' },
      credentials: async () => ({ accessKeyId: 'local', secretAccessKey: 'local' }),
    }),
  Redis: () => new RedisCacheStore({ url, prefix: crypto.randomUUID() }),
};

/** Each on a store of its own, in namespaces that nobody else uses. */
const adapterTests: Record<string, (store: CacheStore, namespace: string) => Promise<void>> = {
  async 'is used directly, with absolute times'(store) {
    const adapter = keyvAdapter(store);
    assert.equal(new Keyv({ store: adapter }).store, adapter);
  },
  async 'returns what was set, and true for it'(store, namespace) {
    const keyv = new Keyv({ store: keyvAdapter(store), namespace });
    for (const value of ['text', 0, false, null, { a: [1] }, Buffer.from('bytes')]) {
      assert.equal(await keyv.set('key', value), true);
      assert.deepEqual(await keyv.get('key'), value);
    }
    assert.equal(await keyv.get('other'), undefined);
  },
  async 'lets a value expire in the store itself'(store, namespace) {
    const adapter = keyvAdapter(store);
    const keyv = new Keyv({ store: adapter, namespace });
    await keyv.set('key', 1, 60_000);
    assert.equal(await adapter.has('key'), true);
    const end = Date.now() + 30;
    await adapter.set('key', 'x', end);
    while (await adapter.has('key')) assert.ok(Date.now() < end + 20_000, 'it should expire');
    // Redis measures the life of a value by a clock of its own.
    assert.ok(Date.now() >= end - 5, 'it expired too early');
  },
  async 'deletes a value whose time is over when it is set'(store, namespace) {
    const adapter = keyvAdapter(store);
    const keyv = new Keyv({ store: adapter, namespace });
    await keyv.set('key', 1);
    await adapter.set('key', 'x', Date.now() - 1);
    assert.equal(await adapter.has('key'), false);
  },
  async 'works in batches, key by key'(store, namespace) {
    const keyv = new Keyv({ store: keyvAdapter(store), namespace });
    const entries = ['a', 'b', 'c'].map((key) => ({ key, value: key, ttl: 60_000 }));
    assert.deepEqual(await keyv.setMany(entries), [true, true, true]);
    assert.deepEqual(await keyv.getMany(['a', 'x', 'c']), ['a', undefined, 'c']);
    assert.deepEqual(await keyv.hasMany(['a', 'x']), [true, false]);
    assert.deepEqual(await keyv.deleteMany(['a', 'x', 'c']), [true, false, true]);
    assert.deepEqual(await keyv.getMany(['a', 'b', 'c']), [undefined, 'b', undefined]);
  },
  async 'keeps namespaces apart, and clears one'(store, namespace) {
    const [one, other] = ['1', '2'].map(
      (name) => new Keyv({ store: keyvAdapter(store), namespace: namespace + name }),
    );
    await one?.set('key', 1);
    await other?.set('key', 2);
    assert.equal(await one?.delete('missing'), false);
    await one?.clear();
    assert.deepEqual([await one?.get('key'), await other?.get('key')], [undefined, 2]);
    assert.equal(await store.has?.(`${namespace}2::key`), true);
  },
  async 'keeps the keys of a service apart'(store, namespace) {
    const cache = new CacheService(store, { keyPrefix: namespace, onEvent() {} });
    await cache.wrap('key', { ttl: 60, tags: ['red'] }, () => 'value');
    await cache.settled();
    const keyv = new Keyv({ store: keyvAdapter(store) });
    await keyv.set(`#tag:${namespace}:red`, 'changed');
    assert.equal(await keyv.get(`#tag:${namespace}:red`), 'changed');
    assert.equal(await cache.get('key'), 'value');
  },
  async 'lets Keyv report failures'(_store, namespace) {
    const inner = new MemoryCacheStore();
    const down = async () => {
      throw new Error('down');
    };
    const failing: CacheStore = { name: 'failing', get: down, set: down, del: down };
    assert.ok(inner);
    const keyv = new Keyv({ store: keyvAdapter(failing), namespace });
    const errors: unknown[] = [];
    keyv.on('error', (error: unknown) => errors.push(error));
    assert.equal(await keyv.get('key'), undefined);
    assert.equal(await keyv.set('key', 1), false);
    assert.equal(await keyv.delete('key'), false);
    assert.equal(errors.length, 3);
  },
};

const storeTests: Record<string, () => Promise<void>> = {
  async 'takes a failed read for a miss, with an event'() {
    const { cache, events } = broken({ get: down });
    assert.equal(await cache.wrap('key', 60, () => 'loaded'), 'loaded');
    assert.ok(events.includes('store-error'));
  },
  async 'takes rubbish for a miss, with an event'() {
    const { cache, events } = broken({ get: async () => ({ value: { a: 1 } }) });
    assert.equal(await cache.wrap('key', 60, () => 'loaded'), 'loaded');
    assert.ok(events.includes('corrupt'));
  },
  async 'tells a failed write, and rejects a failed invalidation'() {
    const { cache, events } = broken({ set: down, delete: down });
    assert.equal(await cache.set('key', 1, 60), false);
    assert.ok(events.includes('store-error'));
    await assert.rejects(cache.del('key'), { code: 'NOT_CONFIRMED' });
  },
  async 'keeps an empty key, which Keyv 6 ignores'() {
    const store = new KeyvCacheStore(new Keyv());
    await store.set('', 'empty', 60);
    assert.equal(await store.get(''), 'empty');
  },
};

async function down(): Promise<never> {
  throw new Error('the storage is down');
}

function broken(methods: object) {
  const storage = Object.assign(keyvAdapter(new MemoryCacheStore()), methods);
  const events: string[] = [];
  const cache = new CacheService(new KeyvCacheStore(new Keyv({ store: storage })), {
    onEvent: ({ type }) => void events.push(type),
  });
  return { cache, events };
}

async function report(name: string, run: () => Promise<void>): Promise<void> {
  const error = await run().then(
    () => undefined,
    (reason: unknown) => String(Object(reason).stack ?? reason),
  );
  console.log(JSON.stringify({ name, error }));
}

for (const [on, open] of Object.entries(stores)) {
  const store = open();
  for (const [name, run] of Object.entries(adapterTests))
    await report(`an adapter over ${on} ${name}`, () => run(store, crypto.randomUUID()));
  await store.close?.();
}
for (const [name, run] of Object.entries(storeTests))
  await report(`a store over Keyv 6 ${name}`, run);

const subject = () => {
  const clock = createVirtualClock(Date.now());
  const keyv = new Keyv();
  return {
    store: new KeyvCacheStore(keyv, { clock }),
    another: new KeyvCacheStore(keyv, { clock }),
    advance: clock.advance,
    exactTime: true,
  };
};
for (const { name, run } of casesFor(subject()).cases)
  await report(`a store over Keyv 6 ${name}`, () => run(subject()));
