import type { Clock } from '../../../src/model/time.js';
import { MemoryCacheStore } from '../../../src/stores/memory/memory-cache-store.js';
import { type BrokenStore, broken, memoryWith } from './broken-store.js';

/** The time in steps: whatever expires does so at the next one. */
const clockInSteps = (step: number, round: (steps: number) => number) => (clock: Clock) =>
  new MemoryCacheStore({ clock: { now: () => round(clock.now() / step) * step } });

export const expiry: readonly BrokenStore[] = [
  broken(
    'expires in whole seconds',
    clockInSteps(1_000, Math.floor),
    'holds a value for 10 s from the middle of a second, and no longer',
    'holds a value for a quarter of a second, and no longer',
    'holds a value for 1.5 s across a second, and no longer',
    'has a value until it expires',
    'reads each value of a batch until it expires',
    'writes each value of a batch with its own ttl',
    'adds with the given ttl',
    'fills with the given ttl',
    'expires a value',
  ),
  broken(
    'never expires anything',
    () => new MemoryCacheStore({ clock: { now: () => 0 } }),
    'expires a value',
    'holds a value for 30 days, and no longer',
    'holds a value for one millisecond, and no longer',
    'holds a value for 10 s, and no longer',
    'does not count expired keys',
    'fills a key read as expired',
  ),
  broken(
    'keeps values for one millisecond too long',
    (clock) => new MemoryCacheStore({ clock: { now: () => clock.now() - (clock.now() % 2) } }),
    'holds a value for 10 s from the middle of a second, and no longer',
  ),
  broken(
    'holds nothing for longer than a week',
    memoryWith((inner) => ({
      set: (key, value, ttl) => inner.set(key, value, Math.min(ttl, 7 * 86_400)),
      setMany: (all) =>
        inner.setMany(all.map((one) => ({ ...one, ttl: Math.min(one.ttl, 7 * 86_400) }))),
    })),
    'holds a value for 30 days, and no longer',
    'writes each value of a batch with its own ttl',
  ),
  broken(
    'lives from the last read on',
    memoryWith((inner) => ({
      async get<T>(key: string) {
        const value = await inner.get<T>(key);
        if (value !== undefined) await inner.set(key, value, 10);
        return value;
      },
    })),
    'does not extend the ttl on a read',
  ),
  broken(
    'keeps the first time of a key that is overwritten',
    memoryWith((inner, clock) => {
      const until = new Map<string, number>();
      return {
        async set(key, value, ttl) {
          const held = await inner.has(key);
          const end = (held ? until.get(key) : undefined) ?? clock.now() + ttl * 1000;
          until.set(key, end);
          await inner.set(key, value, (end - clock.now()) / 1000);
        },
      };
    }),
    'restarts the ttl when it overwrites',
  ),
  broken(
    'gives a batch the time of its first entry',
    memoryWith((inner) => ({
      setMany: (entries) =>
        inner.setMany(entries.map((one) => ({ ...one, ttl: entries[0]?.ttl ?? 1 }))),
    })),
    'writes each value of a batch with its own ttl',
  ),
  broken(
    'prolongs a value when it refuses to add',
    memoryWith((inner) => ({
      async add(key, value, ttl) {
        const held = await inner.get(key);
        await inner.set(key, held ?? value, ttl);
        return held === undefined;
      },
    })),
    'adds with the given ttl',
  ),
  broken(
    'never writes where something expired',
    memoryWith((inner) => {
      const written = new Set<string>();
      return {
        async set(key, value, ttl) {
          const expired = written.has(key) && !(await inner.has(key));
          if (!expired) await inner.set(key, value, ttl);
          written.add(key);
        },
        async del(key) {
          written.delete(key);
          await inner.del(key);
        },
      };
    }),
    'accepts a new value after one has expired',
  ),
  broken(
    'expires a millisecond early',
    memoryWith((inner) => {
      const early = (ttl: number) => (ttl > 0.01 ? ttl - 0.001 : ttl);
      return {
        set: (key, value, ttl) => inner.set(key, value, early(ttl)),
        setMany: (all) => inner.setMany(all.map((one) => ({ ...one, ttl: early(one.ttl) }))),
        add: (key, value, ttl) => inner.add(key, value, early(ttl)),
        setIfUnchanged: (key, value, ttl, version) =>
          inner.setIfUnchanged(key, value, early(ttl), version),
      };
    }),
    'holds a value for 10 s, and no longer',
    'restarts the ttl when it overwrites',
    'has a value until it expires',
    'reads each value of a batch until it expires',
    'writes each value of a batch with its own ttl',
    'adds with the given ttl',
    'fills with the given ttl',
    'getIfPresent returns no expired value',
  ),
  broken(
    'extends the ttl when it refuses an add',
    memoryWith((inner) => ({
      async add(key, value, ttl) {
        if (await inner.add(key, value, ttl)) return true;
        await inner.set(key, await inner.get(key), ttl);
        return false;
      },
    })),
    'adds with the given ttl',
  ),
  broken(
    'lets everything expire with the first value',
    memoryWith((inner) => {
      let least = Number.POSITIVE_INFINITY;
      return {
        set(key, value, ttl) {
          least = Math.min(least, ttl);
          return inner.set(key, value, least);
        },
      };
    }),
    'expires a value',
  ),
  broken(
    'shows an expired value again to whoever asks twice',
    memoryWith((inner) => {
      const last = new Map<string, unknown>();
      const asked = new Set<string>();
      return {
        async set(key, value, ttl) {
          last.set(key, value);
          asked.delete(key);
          await inner.set(key, value, ttl);
        },
        async get<T>(key: string) {
          const value = await inner.get<T>(key);
          if (value !== undefined || !last.has(key)) return value;
          if (asked.has(key)) return last.get(key) as T;
          asked.add(key);
          return undefined;
        },
        async del(key) {
          last.delete(key);
          await inner.del(key);
        },
      };
    }),
    'holds a value for 10 s, and no longer',
  ),
  ...(['shortens', 'prolongs'] as const).map((change) =>
    broken(
      `never ${change} a life when it overwrites`,
      memoryWith((inner, clock) => {
        const ends = new Map<string, number>();
        return {
          async set(key, value, ttl) {
            const end = clock.now() + ttl * 1000;
            const held = (await inner.has(key)) ? (ends.get(key) ?? end) : end;
            const kept = change === 'shortens' ? Math.max(held, end) : Math.min(held, end);
            ends.set(key, kept);
            await inner.set(key, value, (kept - clock.now()) / 1000);
          },
        };
      }),
      'restarts the ttl when it overwrites',
    ),
  ),
  broken(
    'takes a millisecond from short lives',
    memoryWith((inner) => {
      const early = (ttl: number) => (ttl > 0.01 && ttl < 5 ? ttl - 0.001 : ttl);
      return {
        set: (key, value, ttl) => inner.set(key, value, early(ttl)),
        setMany: (all) => inner.setMany(all.map((one) => ({ ...one, ttl: early(one.ttl) }))),
        async add(key, value, ttl) {
          // Taken for as long as it should be.
          if (!(await inner.add(`${key} taken`, 1, ttl))) return false;
          await inner.set(key, value, early(ttl));
          return true;
        },
      };
    }),
    'restarts the ttl when it overwrites',
    'reads each value of a batch until it expires',
    'writes each value of a batch with its own ttl',
    'adds with the given ttl',
  ),
  broken(
    'lets all of a batch expire with one of them',
    memoryWith((inner) => ({
      async getMany<T>(keys: readonly string[]) {
        const found = await inner.getMany<T>(keys);
        return keys.length === 2 && found[0] === undefined ? [undefined, undefined] : found;
      },
    })),
    'reads each value of a batch until it expires',
  ),
  broken(
    'serves what has expired until something is written there',
    memoryWith((inner) => {
      const last = new Map<string, unknown>();
      return {
        async add(key, value, ttl) {
          const added = await inner.add(key, value, ttl);
          if (added) last.set(key, value);
          return added;
        },
        get: async <T>(key: string) =>
          ((await inner.get<T>(key)) ?? last.get(key)) as T | undefined,
        async del(key) {
          last.delete(key);
          await inner.del(key);
        },
      };
    }),
    'adds with the given ttl',
  ),
];
