import { CacheService, MemoryCacheStore } from '@glasswork/cache';
import { answerParent, type Cost, startCost } from './answer.js';

type Miss = (key: string) => unknown;

/** A full store would measure its eviction as well. */
const ENTRIES = 1_000_000;

/** Each looks for a key that nobody has, loads its value and keeps it. */
const contestants = {
  cache(value) {
    const cache = new CacheService(new MemoryCacheStore({ maxEntries: ENTRIES }));
    return (key) => cache.wrap(key, 300, () => value);
  },

  async bentocache(value) {
    const { BentoCache, bentostore } = await import('bentocache');
    const { memoryDriver } = await import('bentocache/drivers/memory');
    const memory = bentostore().useL1Layer(memoryDriver({ maxItems: ENTRIES }));
    const cache = new BentoCache({ default: 'memory', stores: { memory } });
    return (key) => cache.getOrSet({ key, ttl: '5m', factory: () => value });
  },

  hand(value) {
    const held = new Map<string, { text: string; expires: number }>();
    return async (key) => {
      const found = held.get(key);
      if (found && found.expires > Date.now()) return JSON.parse(found.text);
      const loaded = await value;
      held.set(key, { text: JSON.stringify(loaded), expires: Date.now() + 300_000 });
      return loaded;
    };
  },
} satisfies Record<string, (value: unknown) => Miss | Promise<Miss>>;
export type Contestant = keyof typeof contestants;

let keys = 0;
let value: unknown;
let start: () => Miss | Promise<Miss>;

const calls = {
  prepare(argument: { contestant: Contestant; value: unknown }): void {
    value = argument.value;
    start = () => contestants[argument.contestant](value);
  },

  /** In a cache of its own, so that none of them grows with the rounds. */
  async misses({ calls }: { calls: number }): Promise<Cost> {
    const miss = await start();
    let last: unknown;
    const cost = startCost(calls);
    for (let call = 0; call < calls; call++) last = await miss(`item:${keys++}`);
    const spent = cost();
    if (JSON.stringify(last) === JSON.stringify(value)) return spent;
    throw new Error('what was loaded is not the value');
  },
};
export type MissCalls = typeof calls;

answerParent(calls);
