import type { CacheStore } from '../../../src/model/cache-store.js';
import type { Clock } from '../../../src/model/time.js';
import { MemoryCacheStore } from '../../../src/stores/memory/memory-cache-store.js';
import type { ConformanceSubject } from '../../../src/testing/index.js';

/** The parts of a broken store; without `another` and `withSerializer`, the cases that need them do not run. */
export type BrokenSubject = Pick<ConformanceSubject, 'store' | 'another' | 'withSerializer'>;

/** One way to get a store wrong, and cases that notice. */
export interface BrokenStore {
  readonly what: string;
  create(clock: Clock): BrokenSubject;
  readonly caughtBy: readonly string[];
}

export const broken = (
  what: string,
  create: (clock: Clock) => CacheStore,
  ...caughtBy: string[]
): BrokenStore => ({ what, create: (clock) => ({ store: create(clock) }), caughtBy });

/** A memory store with some members replaced; `inner` is the whole one. */
export const memoryWith =
  (change: (inner: MemoryCacheStore, clock: Clock) => Partial<CacheStore>) =>
  (clock: Clock): CacheStore => {
    const inner = new MemoryCacheStore({ clock });
    return overlay(inner, change(inner, clock));
  };

export function overlay(
  inner: CacheStore,
  change: { readonly [K in keyof CacheStore]?: CacheStore[K] | undefined },
): CacheStore {
  return new Proxy(inner, {
    get(target, name) {
      if (name in change) return change[name as keyof CacheStore];
      const member = target[name as keyof CacheStore];
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}
