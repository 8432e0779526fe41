import { CacheService, type CacheStore, DynamoDBCacheStore } from '@glasswork/cache';
import { answerParent, type Cost, costOf } from './answer.js';

const { TABLE: tableName = '', ENDPOINT: endpoint } = process.env;
const store = new DynamoDBCacheStore({ tableName, endpoint });
/** The same store, for a service that is not to know that it has versions: it goes without the fence. */
const withoutVersions: CacheStore = {
  name: store.name,
  durable: store.durable,
  get: (key) => store.get(key),
  set: (key, value, ttl) => store.set(key, value, ttl),
  del: (key) => store.del(key),
};
const cache = new CacheService(store, { keyPrefix: 'bench' });
const unfenced = new CacheService(withoutVersions, { keyPrefix: 'bench' });
const noLoad = () => {
  throw new Error('a miss, where a hit is measured');
};

const calls = {
  /** Writes entries as the service writes them. Another process then reads them, since this one reads consistently. */
  async seed({ values, tags }: { values: Record<string, unknown>; tags: string[] }) {
    for (const [key, value] of Object.entries(values)) {
      if (!(await cache.set(key, value, { ttl: '1d', tags })))
        throw new Error(`${key} not written`);
    }
  },

  /** Hits, one after the other. */
  hits: ({ key, tags, calls }: { key: string; tags: string[]; calls: number }): Promise<Cost> =>
    costOf(calls, () => cache.wrap(key, { ttl: 300, tags }, noLoad)),

  /** The same without the fence. */
  unfencedHits: ({ key, calls }: { key: string; calls: number }): Promise<Cost> =>
    costOf(calls, () => unfenced.wrap(key, { ttl: 300, tags: [] }, noLoad)),

  /** Hits with a policy that is a mere ttl. */
  plainHits: ({ key, calls }: { key: string; calls: number }): Promise<Cost> =>
    costOf(calls, () => cache.wrap(key, 300, noLoad)),

  /** Hits by `get`, which does not know the tags of what it reads. */
  gets: ({ key, calls }: { key: string; calls: number }): Promise<Cost> =>
    costOf(calls, () => cache.get(key)),

  /** All keys in one tick, again and again. */
  bursts: ({ keys, calls }: { keys: string[]; calls: number }): Promise<Cost> =>
    costOf(calls, async () => {
      const values = await Promise.all(keys.map((key) => cache.get(key)));
      if (values.includes(undefined)) throw new Error('a miss, where hits are measured');
    }),
};
export type WarmCacheCalls = typeof calls;

answerParent(calls);
