import { CacheService, MemoryCacheStore, TieredCacheStore } from '@glasswork/cache';
import { answerParent, type Cost, startCost } from './answer.js';

type Hit = () => Promise<unknown>;

const KEY = 'key';
const ENTRIES = 10_000;
const HOUR_MS = 3_600_000;
const noLoad = () => {
  throw new Error('a miss, where a hit is measured');
};

async function ours(store: ConstructorParameters<typeof CacheService>[0], value: unknown) {
  const cache = new CacheService(store);
  await cache.set(KEY, value, '1h');
  return () => cache.wrap(KEY, 300, noLoad);
}

/** The first tier keeps its copy for as long as is measured, and the last one is never asked but for versions. */
const tiers = (first: MemoryCacheStore) =>
  new TieredCacheStore([first, new MemoryCacheStore()], { upperTTL: '1h' });

/** Each holds the value, and hits; loaded when it is asked for, so that no process has more than one of them. */
const contestants = {
  copies: (value) => ours(new MemoryCacheStore(), value),
  frozen: (value) => ours(new MemoryCacheStore({ frozen: true }), value),
  'tiers, copies': (value) => ours(tiers(new MemoryCacheStore()), value),
  'tiers, frozen': (value) => ours(tiers(new MemoryCacheStore({ frozen: true })), value),

  async 'layered-loader'(value) {
    const { Loader } = await import('layered-loader');
    const loader = new Loader({
      inMemoryCache: { cacheType: 'lru-object', ttlInMsecs: HOUR_MS, maxItems: ENTRIES },
      dataSources: [{ name: 'once', get: async () => value, getMany: noLoad }],
    });
    return () => loader.get(KEY);
  },

  async bentocache(value) {
    const { BentoCache, bentostore } = await import('bentocache');
    const { memoryDriver } = await import('bentocache/drivers/memory');
    const memory = bentostore().useL1Layer(memoryDriver({ maxItems: ENTRIES }));
    const cache = new BentoCache({ default: 'memory', stores: { memory } });
    await cache.set({ key: KEY, value, ttl: '1h' });
    return () => cache.getOrSet({ key: KEY, ttl: '5m', factory: noLoad });
  },

  async cacheable(value) {
    const { Cacheable, createKeyv } = await import('cacheable');
    const cache = new Cacheable({ primary: createKeyv({ lruSize: ENTRIES }) });
    await cache.set(KEY, value, '1h');
    return () => cache.getOrSet(KEY, noLoad, { ttl: '5m' });
  },

  async 'cache-manager'(value) {
    const { createKeyv } = await import('cacheable');
    const { createCache } = await import('cache-manager');
    const cache = createCache({ stores: [createKeyv({ lruSize: ENTRIES })] });
    await cache.set(KEY, value, HOUR_MS);
    return () => cache.wrap(KEY, noLoad, 300_000);
  },

  async 'cache-manager, unbounded'(value) {
    const { createCache } = await import('cache-manager');
    const cache = createCache();
    await cache.set(KEY, value, HOUR_MS);
    return () => cache.wrap(KEY, noLoad, 300_000);
  },
} satisfies Record<string, (value: unknown) => Promise<Hit>>;
export type Contestant = keyof typeof contestants;

let hit: Hit = noLoad;
let text = '';
/** Looked at after each measurement, so that nothing can be left out as unused. */
let last: unknown;

const calls = {
  async prepare({ contestant, value }: { contestant: Contestant; value: unknown }): Promise<void> {
    text = JSON.stringify(value);
    hit = await contestants[contestant](value);
    // Some copy from below with the first read, some freeze.
    for (let read = 0; read < 3; read++) await hit();
  },

  async hits({ calls }: { calls: number }): Promise<Cost> {
    const cost = startCost(calls);
    for (let call = 0; call < calls; call++) last = await hit();
    return checked(cost());
  },

  /** A bare `JSON.parse` of the same value. */
  parses({ calls }: { calls: number }): Cost {
    const cost = startCost(calls);
    for (let call = 0; call < calls; call++) last = JSON.parse(text);
    return checked(cost());
  },
};
export type TierCalls = typeof calls;

function checked(cost: Cost): Cost {
  if (JSON.stringify(last) === text) return cost;
  throw new Error('what was read is not the value that was written');
}

answerParent(calls);
