import { CacheService, type CacheStore, MemoryCacheStore } from '@glasswork/cache';
import { answerParent, type Cost, startCost } from './answer.js';

/** A store whose every write takes so much longer, milliseconds. */
function slowWrites(ms: number): CacheStore {
  const memory = new MemoryCacheStore();
  const { setIfUnchanged } = memory;
  const later = () => new Promise((resolve) => setTimeout(resolve, ms));
  memory.setIfUnchanged = async <T>(key: string, value: T, ttl: number, version: string) => {
    await later();
    return (setIfUnchanged<T>).call(memory, key, value, ttl, version);
  };
  return memory;
}

let keys = 0;
let value: unknown;
let cache: CacheService;

const calls = {
  async prepare(argument: { value: unknown; writeMs: number }): Promise<void> {
    value = argument.value;
    cache = new CacheService(slowWrites(argument.writeMs), { versionTTL: '1h' });
    // The version of the prefix is written by the first fill.
    await cache.wrap('first', 300, () => value);
  },

  /** One miss after the other. What goes on in the background ends before the next one. */
  async misses(argument: { calls: number; background: boolean }): Promise<Cost> {
    const policy = { ttl: 300, waitUntil: argument.background ? () => {} : undefined };
    let spentMs = 0;
    const cost = startCost(argument.calls);
    for (let call = 0; call < argument.calls; call++) {
      const key = `item:${keys++}`;
      const startMs = performance.now();
      await cache.wrap(key, policy, () => value);
      spentMs += performance.now() - startMs;
      await cache.settled();
      if (!(await cache.has(key))) throw new Error('what was loaded is not cached');
    }
    return { ...cost(), wallUs: (spentMs * 1_000) / argument.calls };
  },
};
export type FillCalls = typeof calls;

answerParent(calls);
