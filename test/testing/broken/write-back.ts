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
];
