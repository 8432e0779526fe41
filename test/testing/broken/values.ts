import { type BrokenStore, broken, memoryWith } from './broken-store.js';

/** `get` answers with the very object that was set. */
const sharing = memoryWith((inner) => {
  const shared = new Map<string, { json: string; value: unknown }>();
  return {
    async get<T>(key: string) {
      const value = await inner.get<T>(key);
      const last = shared.get(key);
      return last?.json === JSON.stringify(value) ? (last?.value as T) : value;
    },
    async set(key, value, ttl) {
      shared.set(key, { json: JSON.stringify(value), value });
      await inner.set(key, value, ttl);
    },
  };
});

export const values: readonly BrokenStore[] = [
  broken(
    'shares what it holds by reference',
    sharing,
    'isolates the value from the object that was set',
    'isolates the value from the object that a read returned',
    'lets no reader change what another reads',
  ),
  broken(
    'gives concurrent readers one copy',
    memoryWith((inner) => {
      const running = new Map<string, Promise<unknown>>();
      return {
        async get<T>(key: string) {
          const read = running.get(key) ?? inner.get<T>(key);
          running.set(key, read);
          return read.finally(() => running.delete(key)) as Promise<T | undefined>;
        },
      };
    }),
    'lets no reader change what another reads',
  ),
  broken(
    'serialises after the call has returned',
    memoryWith((inner) => ({
      async set(key, value, ttl) {
        await Promise.resolve();
        await inner.set(key, value, ttl);
      },
    })),
    'writes the value as it is at the call',
  ),
  broken(
    'answers null for what is absent',
    memoryWith((inner) => ({
      get: async <T>(key: string) => (await inner.get<T>(key)) ?? (null as T),
    })),
    'returns undefined, not null, for an absent key',
  ),
  broken(
    'takes null for absent',
    memoryWith((inner) => ({
      get: async <T>(key: string) => (await inner.get<T>(key)) ?? undefined,
    })),
    'stores and returns null',
  ),
  broken(
    'takes what counts as false for absent',
    memoryWith((inner) => ({
      get: async <T>(key: string) => (await inner.get<T>(key)) || undefined,
      has: async (key) => Boolean(await inner.get(key)),
      add: async (key, value, ttl) => {
        if (await inner.get(key)) return false;
        await inner.set(key, value, ttl);
        return true;
      },
    })),
    'stores and returns zero',
    'stores and returns an empty string',
    'stores and returns false',
    'has any value that is held',
    'does not add over a falsy value',
  ),
  broken(
    'looks keys up in a plain object',
    memoryWith((inner) => {
      const empty: Record<string, unknown> = {};
      return {
        async get<T>(key: string) {
          const value = await inner.get<T>(key);
          return value === undefined ? (empty[key] as T | undefined) : value;
        },
      };
    }),
    'returns undefined for keys named like built-in members',
    'accepts any text as a key',
  ),
  broken(
    'copies values field by field',
    memoryWith((inner) => ({
      async set(key, value, ttl) {
        const special = typeof value === 'object' && value !== null && !Array.isArray(value);
        const copy: Record<string, unknown> = {};
        if (special) for (const [name, field] of Object.entries(value)) copy[name] = field;
        await inner.set(key, special ? copy : value, ttl);
      },
    })),
    'stores and returns fields that are special in JavaScript',
  ),
  broken(
    'writes an empty object for what it cannot write',
    memoryWith((inner) => ({
      set: (key, value, ttl) => inner.set(key, value, ttl).catch(() => inner.set(key, {}, ttl)),
    })),
    'rejects a function and stores nothing',
    'rejects a Map and stores nothing',
    'rejects a Response and stores nothing',
  ),
  broken(
    'writes no null',
    memoryWith((inner) => ({
      set: async (key, value, ttl) => {
        if (value !== null) await inner.set(key, value, ttl);
      },
    })),
    'overwrites with a value of another type',
  ),
  broken(
    'stores something for what it rejects',
    memoryWith((inner) => ({
      set: (key, value, ttl) =>
        inner.set(key, value, ttl).catch(async (error) => {
          await inner.set(key, {}, ttl);
          throw error;
        }),
    })),
    'rejects a function and stores nothing',
  ),
];
