import { CacheService, RedisCacheStore } from '@glasswork/cache';
import { Redis } from 'ioredis';
import { answerParent, type Cost, costOf } from './answer.js';

const { URL: url = '' } = process.env;
const cache = new CacheService(new RedisCacheStore({ url }), { keyPrefix: 'bench' });
const bare = new Redis(url, { lazyConnect: true });
const noLoad = () => {
  throw new Error('a miss, where a hit is measured');
};

const calls = {
  /** For both: an entry of the service, and its value alone as JSON. */
  async seed(values: Record<string, unknown>): Promise<void> {
    for (const [key, value] of Object.entries(values)) {
      if (!(await cache.set(key, value, '1d'))) throw new Error(`${key} not written`);
      await bare.set(`bare:${key}`, JSON.stringify(value));
    }
  },

  /** Hits of the cache, one after the other. */
  wraps: ({ key, calls }: { key: string; calls: number }): Promise<Cost> =>
    costOf(calls, () => cache.wrap(key, 300, noLoad)),

  /** The same by hand: a GET, and a parse. */
  bareGets: ({ key, calls }: { key: string; calls: number }): Promise<Cost> =>
    costOf(calls, async () => {
      const text = await bare.get(`bare:${key}`);
      if (text === null) throw new Error('a miss, where a hit is measured');
      return JSON.parse(text);
    }),

  /** All keys in one tick, again and again. */
  bursts: ({ keys, calls }: { keys: string[]; calls: number }): Promise<Cost> =>
    costOf(calls, async () => allThere(await Promise.all(keys.map((key) => cache.get(key))))),

  /** All keys, each after the one before it. */
  oneByOne: ({ keys, calls }: { keys: string[]; calls: number }): Promise<Cost> =>
    costOf(calls, async () => {
      const values = [];
      for (const key of keys) values.push(await cache.get(key));
      allThere(values);
    }),
};
export type WarmRedisCalls = typeof calls;

function allThere(values: readonly unknown[]): void {
  if (values.includes(undefined)) throw new Error('a miss, where hits are measured');
}

answerParent(calls);
