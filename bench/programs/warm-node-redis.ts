import { CacheService, RedisCacheStore } from '@glasswork/cache';
import { createClient as createClient6 } from 'redis';
import { createClient as createClient5 } from 'redis-5';
import { answerParent, type Cost, costOf } from './answer.js';

const { URL: url = '', MAJOR: major = '' } = process.env;
// Version 5 is sent and read in the same way. Only its types differ.
const createClient =
  major === '5' ? (createClient5 as unknown as typeof createClient6) : createClient6;
/** A client each, so that the commands of one do not wait for the other's. */
const [client, bare] = [createClient({ url }), createClient({ url })];
const connected = Promise.all([client.connect(), bare.connect()]);
const cache = new CacheService(new RedisCacheStore({ client }), { keyPrefix: 'bench' });
const noLoad = () => {
  throw new Error('a miss, where a hit is measured');
};

const calls = {
  /** For both: an entry of the service, and its value alone as JSON. */
  async seed({ key, value }: { key: string; value: unknown }): Promise<void> {
    await connected;
    if (!(await cache.set(key, value, '1d'))) throw new Error(`${key} not written`);
    await bare.set(`bare:${key}`, JSON.stringify(value));
  },

  /** Hits of the cache, one after the other. */
  wraps: ({ key, calls }: { key: string; calls: number }): Promise<Cost> =>
    costOf(calls, () => cache.wrap(key, 300, noLoad)),

  /** The same by hand: a `get`, and a parse. */
  bareGets: ({ key, calls }: { key: string; calls: number }): Promise<Cost> =>
    costOf(calls, async () => {
      const text = await bare.get(`bare:${key}`);
      if (text === null) throw new Error('a miss, where a hit is measured');
      return JSON.parse(text);
    }),
};
export type WarmNodeRedisCalls = typeof calls;

answerParent(calls);
