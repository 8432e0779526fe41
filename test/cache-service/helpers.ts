import {
  type CacheConfig,
  type CacheEvent,
  CacheService,
  type CacheStore,
  type WrapOptions,
} from '@glasswork/cache';
import { MemoryCacheStore } from '@glasswork/cache/memory';
import { afterEach, beforeEach, vi } from 'vitest';

/** 2026-03-01, so that no expected time is near zero. */
export const START = Date.UTC(2026, 2, 1);

/** Wall clock, monotonic clock and timers stand still until a test moves them. */
export function useFakeTime(): void {
  beforeEach(() => {
    vi.useFakeTimers({ now: START });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
}

/** Runs everything that is due, and what follows from it. */
export const flush = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);
export const advance = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

export interface Setup {
  readonly cache: CacheService;
  readonly store: CacheStore;
  readonly events: CacheEvent[];
  /** The types of the events so far, in order. */
  types(): string[];
  /** The events of one type. */
  of<T extends CacheEvent['type']>(type: T): Extract<CacheEvent, { type: T }>[];
}

/** A service that records its events. */
export function setup(config: CacheConfig = {}, store: CacheStore = new MemoryCacheStore()): Setup {
  const events: CacheEvent[] = [];
  const cache = new CacheService(store, { onEvent: (event) => events.push(event), ...config });
  return {
    cache,
    store,
    events,
    types: () => events.map((event) => event.type),
    of: (type) =>
      events.filter((event): event is Extract<CacheEvent, { type: typeof type }> => {
        return event.type === type;
      }),
  };
}

export const SWR: WrapOptions = { ttl: '60s', staleTTL: '10s' };

/** A service with a value under `k`, `old`, that has just become stale. In fake time. */
export async function stale(config: CacheConfig = {}, store?: CacheStore): Promise<Setup> {
  const made = setup(config, store);
  await made.cache.wrap('k', SWR, () => 'old');
  await advance(10_000);
  made.events.length = 0;
  return made;
}

export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

export function deferred<T = unknown>(): Deferred<T> {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

export const never = <T>(): Promise<T> => new Promise<T>(() => {});

type Overrides = Partial<Record<keyof CacheStore, unknown>>;

/** A store that behaves like `base` but for some members; `undefined` takes a capability away. */
export function storeLike(base: CacheStore, overrides: Overrides): CacheStore {
  return new Proxy(base, {
    get(target, name) {
      const source = name in overrides ? overrides : target;
      const member: unknown = Reflect.get(source, name, source);
      return typeof member === 'function' ? member.bind(source) : member;
    },
  });
}

/** Nothing but what every store must have. */
export const bareStore = (base: CacheStore = new MemoryCacheStore()): CacheStore => ({
  name: 'bare',
  get: (key) => base.get(key),
  set: (key, value, ttl) => base.set(key, value, ttl),
  del: (key) => base.del(key),
});

export interface Call {
  readonly operation: string;
  readonly args: readonly unknown[];
}

/** A store that notes what is asked of it. */
export function watched(base: CacheStore = new MemoryCacheStore()): {
  store: CacheStore;
  calls: Call[];
} {
  const calls: Call[] = [];
  const store = new Proxy(base, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => {
        calls.push({ operation: String(name), args });
        return member.apply(target, args);
      };
    },
  });
  return { store, calls };
}

/** A store that never answers, but for the capabilities that it does not have. */
export function hangingStore(): CacheStore {
  const base = new MemoryCacheStore();
  return new Proxy(base, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? () => never() : member;
    },
  });
}

/** A switch between a store that works and one whose every answer is an error. */
export function brokenStore(base: CacheStore = new MemoryCacheStore()): {
  store: CacheStore;
  state: { broken: boolean; calls: number };
} {
  const state = { broken: true, calls: 0 };
  const store = new Proxy(base, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => {
        state.calls++;
        if (state.broken) return Promise.reject(new Error('store is down'));
        return member.apply(target, args);
      };
    },
  });
  return { store, state };
}

/** A store whose reply to the next read of `k` the test can hold back: it shows the state in which it was sent. */
export function heldReads(memory = new MemoryCacheStore()): {
  store: CacheStore;
  holdNext: () => () => void;
} {
  let next: Deferred<unknown> | undefined;
  const store = storeLike(memory, {
    getIfPresent: undefined,
    async getVersioned(key: string) {
      const reply = key === 'k' ? next?.promise : undefined;
      if (reply) next = undefined;
      const read = await memory.getVersioned(key);
      await reply;
      return read;
    },
  });
  const holdNext = () => {
    const reply = deferred();
    next = reply;
    return () => reply.resolve(undefined);
  };
  return { store, holdNext };
}

/** A load that the test ends, and the number of times it was called. */
export function slowLoad<T = unknown>(): {
  load: () => Promise<T>;
  runs: Deferred<T>[];
} {
  const runs: Deferred<T>[] = [];
  const load = () => {
    const run = deferred<T>();
    runs.push(run);
    return run.promise;
  };
  return { load, runs };
}

/** The n-th of a list, which the test says is there. */
export function nth<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new Error(`There is no item ${index}: the list has ${list.length}`);
  return item;
}

export const settledState = async (promise: Promise<unknown>): Promise<'pending' | 'settled'> => {
  let state: 'pending' | 'settled' = 'pending';
  const done = () => {
    state = 'settled';
  };
  promise.then(done, done);
  await flush();
  return state;
};
