import type { StoreEntry } from '../../../src/model/cache-store.js';
import { type BrokenStore, broken, memoryWith } from './broken-store.js';

export const batches: readonly BrokenStore[] = [
  broken(
    'reads a batch without its absent keys',
    memoryWith((inner) => ({
      getMany: async <T>(keys: readonly string[]) =>
        (await inner.getMany<T>(keys)).filter((value) => value !== undefined),
    })),
    'reads a batch in the order of its keys',
    'reads a batch with a repeated key, as separate copies',
    'reads a batch of 150',
    'reads falsy values in a batch',
  ),
  broken(
    'reads a batch in any order',
    memoryWith((inner) => ({
      getMany: async <T>(keys: readonly string[]) => inner.getMany<T>(keys.toSorted()),
    })),
    'reads a batch in the order of its keys',
  ),
  broken(
    'reads a repeated key once',
    memoryWith((inner) => ({
      getMany: async <T>(keys: readonly string[]) => inner.getMany<T>([...new Set(keys)]),
    })),
    'reads a batch with a repeated key, as separate copies',
  ),
  broken(
    'reads a hundred keys of a batch',
    memoryWith((inner) => ({
      getMany: async <T>(keys: readonly string[]) => inner.getMany<T>(keys.slice(0, 100)),
    })),
    'reads a batch of 150',
  ),
  broken(
    'refuses an empty batch',
    memoryWith((inner) => {
      const checked = <A extends readonly unknown[], R>(all: A, run: (all: A) => Promise<R>) => {
        if (all.length === 0) throw new Error('ValidationException');
        return run(all);
      };
      return {
        getMany: async <T>(keys: readonly string[]) =>
          checked(keys, (all) => inner.getMany<T>(all)),
        setMany: async (entries) => checked(entries, (all) => inner.setMany(all)),
        delMany: async (keys) => checked(keys, (all) => inner.delMany(all)),
      };
    }),
    'reads an empty batch',
    'writes an empty batch',
    'deletes an empty batch',
  ),
  broken(
    'mixes up batches that are read at once',
    memoryWith((inner) => {
      let asked: readonly string[] = [];
      return {
        async getMany<T>(keys: readonly string[]) {
          asked = keys;
          await Promise.resolve();
          return inner.getMany<T>(asked);
        },
      };
    }),
    'reads concurrent batches',
  ),
  broken(
    'mixes up reads at once',
    memoryWith((inner) => {
      let asked = '';
      return {
        async get<T>(key: string) {
          asked = key;
          await Promise.resolve();
          return inner.get<T>(asked);
        },
      };
    }),
    'returns the right value to each of many concurrent reads',
  ),
  broken(
    'writes 25 of a batch',
    memoryWith((inner) => ({ setMany: (entries) => inner.setMany(entries.slice(0, 25)) })),
    'writes a batch of 60',
  ),
  broken(
    'writes a batch late',
    memoryWith((inner) => ({
      async setMany(entries: readonly StoreEntry[]) {
        await Promise.resolve();
        void Promise.resolve()
          .then(() => {})
          .then(() => inner.setMany(entries));
      },
    })),
    'writes a batch as copies',
  ),
  broken(
    'deletes 25 of a batch',
    memoryWith((inner) => ({ delMany: (keys) => inner.delMany(keys.slice(0, 25)) })),
    'deletes a batch of 60',
  ),
  broken(
    'refuses a batch with a repeated key',
    memoryWith((inner) => ({
      async delMany(keys) {
        if (new Set(keys).size < keys.length) throw new Error('ValidationException');
        await inner.delMany(keys);
      },
    })),
    'deletes a batch with repeated and absent keys',
  ),
  broken(
    'deletes everything with a batch',
    memoryWith((inner) => ({ delMany: () => inner.clear() })),
    'deletes a batch of 60',
    'deletes a batch with repeated and absent keys',
  ),
  broken(
    'returns a large batch in an order of its own',
    memoryWith((inner) => {
      let first = '';
      return {
        async getMany<T>(keys: readonly string[]) {
          const found = await inner.getMany<T>(keys);
          if (keys.length < 100) return found;
          first ||= keys[0] ?? '';
          return keys[0] === first ? found : found.toReversed();
        },
      };
    }),
    'reads a batch of 150',
  ),
  broken(
    'gives one copy for a repeated key',
    memoryWith((inner) => ({
      async getMany<T>(keys: readonly string[]) {
        const found = await inner.getMany<T>(keys);
        return keys.map((key) => found[keys.indexOf(key)]);
      },
    })),
    'reads a batch with a repeated key, as separate copies',
  ),
  broken(
    'writes of a batch only what is absent',
    memoryWith((inner) => ({
      async setMany(entries) {
        const held = await inner.getMany(entries.map(({ key }) => key));
        await inner.setMany(entries.filter((_, i) => held[i] === undefined));
      },
    })),
    'writes a batch of 60',
  ),
  broken(
    'copies the values of a batch when they are read',
    memoryWith((inner) => {
      const written = new Map<string, unknown>();
      return {
        async setMany(entries) {
          for (const { key, value } of entries) written.set(key, value);
          await inner.setMany(entries);
        },
        async get<T>(key: string) {
          const value = await inner.get<T>(key);
          return value && written.has(key) ? structuredClone(written.get(key) as T) : value;
        },
      };
    }),
    'writes a batch as copies',
  ),
];
