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
    'keeps the value apart from the object that was set',
    'keeps the value apart from what a read returned',
    'lets no reader change what another one reads',
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
    'lets no reader change what another one reads',
  ),
  broken(
    'serialises after the call has returned',
    memoryWith((inner) => ({
      async set(key, value, ttl) {
        await Promise.resolve();
        await inner.set(key, value, ttl);
      },
    })),
    'takes the value as it is at the call',
  ),
  broken(
    'answers null for what is absent',
    memoryWith((inner) => ({
      get: async <T>(key: string) => (await inner.get<T>(key)) ?? (null as T),
    })),
    'answers undefined, not null, for what is absent',
  ),
  broken(
    'takes null for absent',
    memoryWith((inner) => ({
      get: async <T>(key: string) => (await inner.get<T>(key)) ?? undefined,
    })),
    'gives back null',
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
    'gives back zero',
    'gives back an empty text',
    'gives back false',
    'has what is held, whatever the value',
    'does not add over a value that counts as false',
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
    'answers undefined for the names of built-in members',
    'takes any text as a whole key',
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
    'gives back fields that are special in JavaScript',
  ),
  broken(
    'writes an empty object for what it cannot write',
    memoryWith((inner) => ({
      set: (key, value, ttl) => inner.set(key, value, ttl).catch(() => inner.set(key, {}, ttl)),
    })),
    'gives back nothing of a function, which it refuses',
    'gives back nothing of a Map, which it refuses',
    'gives back nothing of a Response, which it refuses',
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
];
