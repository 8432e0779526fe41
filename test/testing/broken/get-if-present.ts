import { type BrokenStore, broken, memoryWith } from './broken-store.js';

/** Answers from a list of its own that it keeps as values are set, and never looks at the store again. */
const fromItsOwnList = memoryWith((inner) => {
  const kept = new Map<string, unknown>();
  return {
    getIfPresent: <T>(key: string) => kept.get(key) as T | undefined,
    async set(key, value, ttl) {
      await inner.set(key, value, ttl);
      kept.set(key, structuredClone(value));
    },
    async del(key) {
      await inner.del(key);
      kept.delete(key);
    },
  };
});

/** Says that nobody can change what it gives, and has frozen only the outside. */
const halfFrozen = memoryWith((inner) => {
  const kept = new Map<string, { value: unknown }>();
  const once = <T>(key: string, value: T): T => {
    const known = kept.get(key) ?? { value: Object.freeze(value) };
    if (value !== undefined) kept.set(key, known);
    return known.value as T;
  };
  return {
    sharesFrozen: true,
    async get<T>(key: string) {
      return once(key, await inner.get<T>(key));
    },
    getIfPresent: <T>(key: string) => once(key, inner.getIfPresent<T>(key)),
    async set(key, value, ttl) {
      kept.delete(key);
      await inner.set(key, value, ttl);
    },
    async del(key) {
      kept.delete(key);
      await inner.del(key);
    },
  };
});

export const getIfPresent: readonly BrokenStore[] = [
  broken(
    'shares what it has frozen on the outside only',
    halfFrozen,
    'getIfPresent lets no caller change what others read',
    'isolates the value from the object that a read returned',
    'lets no reader change what another reads',
  ),
  broken(
    'reads a list of its own',
    fromItsOwnList,
    'getIfPresent returns no expired value',
    'getIfPresent lets no caller change what others read',
  ),
  broken(
    'finds nothing',
    memoryWith(() => ({ getIfPresent: () => undefined })),
    'getIfPresent returns what get returns',
  ),
  broken(
    'answers null for what it never held',
    memoryWith((inner) => {
      const known = new Set<string>();
      return {
        async set(key, value, ttl) {
          known.add(key);
          await inner.set(key, value, ttl);
        },
        getIfPresent: <T>(key: string) =>
          known.has(key) ? inner.getIfPresent<T>(key) : (null as T),
      };
    }),
    'getIfPresent returns what get returns',
  ),
  broken(
    'lets go of its copy a second too early',
    memoryWith((inner, clock) => {
      const ends = new Map<string, number>();
      return {
        async set(key, value, ttl) {
          ends.set(key, clock.now() + ttl * 1000);
          await inner.set(key, value, ttl);
        },
        getIfPresent: <T>(key: string) =>
          clock.now() < (ends.get(key) ?? 0) - 1000 ? inner.getIfPresent<T>(key) : undefined,
      };
    }),
    'getIfPresent returns no expired value',
  ),
  broken(
    'copies for get what getIfPresent gave away',
    memoryWith((inner) => {
      const given = new Map<string, unknown>();
      return {
        getIfPresent<T>(key: string) {
          const value = inner.getIfPresent<T>(key);
          if (!given.has(key)) given.set(key, value);
          return value;
        },
        async get<T>(key: string) {
          const value = await inner.get<T>(key);
          return value && given.get(key) ? structuredClone(given.get(key) as T) : value;
        },
        async set(key, value, ttl) {
          given.delete(key);
          await inner.set(key, value, ttl);
        },
      };
    }),
    'getIfPresent lets no caller change what others read',
  ),
];
