import type { CacheStore } from '@glasswork/cache';
import type { Random } from '../../model-checker/random.js';
import { sleep } from './origin.js';

/** How often a record goes soon after its write, for each kind of schedule. */
export const EVICTION_RATES = [0, 0, 0.1, 0.4] as const;

const WRITES = ['set', 'add', 'setIfUnchanged'] as const;

export interface Evicting {
  readonly store: CacheStore;
  /** Evicts any record that was ever read or written. */
  evict(): Promise<void>;
}

/**
 * A store that is full: any record may go at any time, and most often soon after its write, the records of tags, the prefix
 * and leases included. `rate` is the share of writes whose record goes so soon.
 */
export function evicting(inner: CacheStore, random: Random, rate: number): Evicting {
  const keys = new Set<string>();
  const store = new Proxy(inner, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      return (...given: unknown[]) => {
        const [key] = given;
        if (typeof key === 'string' && name !== 'delByPattern') keys.add(key);
        const result: unknown = member.apply(target, given);
        if (typeof key === 'string' && WRITES.some((each) => each === name) && random.chance(rate))
          void soon(key);
        return result;
      };
    },
  });
  async function soon(key: string): Promise<void> {
    await sleep(random.below(150));
    await inner.del(key);
  }
  return {
    store,
    async evict() {
      if (keys.size > 0) await inner.del(random.pick([...keys]));
    },
  };
}
