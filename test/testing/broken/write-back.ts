import { MemoryCacheStore } from '../../../src/stores/memory/memory-cache-store.js';
import { type BrokenStore, broken, memoryWith, overlay } from './broken-store.js';

export const writeBack: readonly BrokenStore[] = [
  broken(
    'answers consistent reads from what it has read before',
    memoryWith((inner) => {
      const before = new Map<string, unknown>();
      return {
        async getVersioned<T>(key: string, options?: { readonly consistent?: boolean }) {
          if (!options?.consistent) return inner.getVersioned<T>(key);
          if (!before.has(key)) before.set(key, await inner.getVersioned<T>(key));
          return before.get(key) as Awaited<ReturnType<typeof inner.getVersioned<T>>>;
        },
      };
    }),
    'reads a key that is held consistently, as it was written last',
    'reads a key that is absent consistently, as it was written last',
    'reads a key that is deleted consistently, as it was written last',
    'reads a key that is expired consistently, as it was written last',
  ),
  {
    what: 'lags behind other instances in consistent reads, too',
    create: (clock) => {
      const shared = new MemoryCacheStore({ clock });
      const before = new Map<string, unknown>();
      const lagging = overlay(shared, {
        async getVersioned<T>(key: string) {
          const read = await shared.getVersioned<T>(key);
          const last = before.get(key);
          before.set(key, read);
          return (last ?? read) as typeof read;
        },
      });
      return { store: lagging, another: shared };
    },
    caughtBy: ['shows writes of another instance to a consistent read immediately'],
  },
  broken(
    'tells the start of a value for its expiry',
    memoryWith((inner, clock) => ({
      getVersioned: async <T>(key: string) => ({
        ...(await inner.getVersioned<T>(key)),
        expiresAt: clock.now(),
      }),
    })),
    'returns the expiry of a value, if it returns any',
  ),
  broken(
    'keeps the old expiry of a value that is filled anew',
    memoryWith((inner, clock) => ({
      async setIfUnchanged(key, value, ttl, version) {
        const { expiresAt } = await inner.getVersioned(key);
        const left = expiresAt === undefined ? ttl : (expiresAt - clock.now()) / 1_000 + 60;
        return inner.setIfUnchanged(key, value, left, version);
      },
    })),
    'takes a value back under the version just read, with a ttl of its own',
  ),
  {
    what: 'has the same version after the writes of other instances',
    create: (clock) => {
      const shared = new MemoryCacheStore({ clock });
      const versions = new Map<string, string>();
      const forgetful = overlay(shared, {
        async getVersioned<T>(key: string) {
          const read = await shared.getVersioned<T>(key);
          const version = versions.get(key) ?? read.version;
          versions.set(key, version);
          return { ...read, version };
        },
      });
      return { store: forgetful, another: shared };
    },
    caughtBy: ['shows writes of another instance to a consistent read immediately'],
  },
  {
    what: 'does not see that another instance deleted the value of a version',
    create: (clock) => {
      const shared = new MemoryCacheStore({ clock });
      const held = new Map<string, string>();
      const forgetful = overlay(shared, {
        async getVersioned<T>(key: string) {
          const read = await shared.getVersioned<T>(key);
          if (read.value !== undefined) held.set(key, read.version);
          return { ...read, version: held.get(key) ?? read.version };
        },
      });
      return { store: forgetful, another: shared };
    },
    caughtBy: ['shows writes of another instance to a consistent read immediately'],
  },
  broken(
    'accepts a version twice',
    memoryWith((inner) => {
      const accepted = new Map<string, string>();
      return {
        async setIfUnchanged(key, value, ttl, version) {
          if (accepted.get(key) === version) return true;
          const filled = await inner.setIfUnchanged(key, value, ttl, version);
          if (filled) accepted.set(key, version);
          return filled;
        },
      };
    }),
    'takes a value back under the version just read, with a ttl of its own',
  ),
  broken(
    'takes a millisecond from what is filled',
    memoryWith((inner) => ({
      setIfUnchanged: (key, value, ttl, version) =>
        inner.setIfUnchanged(key, value, ttl - 0.001, version),
    })),
    'takes a value back under the version just read, with a ttl of its own',
  ),
];
