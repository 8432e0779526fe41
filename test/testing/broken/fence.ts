import { type BrokenStore, broken, memoryWith } from './broken-store.js';

/** Fills compare values where they should compare versions. */
const comparingValues = memoryWith((inner) => {
  const versionOf = async (key: string) => JSON.stringify(await inner.get(key)) ?? 'absent';
  return {
    async getVersioned(key) {
      return { value: await inner.get(key), version: await versionOf(key) };
    },
    async setIfUnchanged(key, value, ttl, version) {
      if ((await versionOf(key)) !== version) return false;
      await inner.set(key, value, ttl);
      return true;
    },
  };
});

export const fence: readonly BrokenStore[] = [
  broken(
    'fills without looking at the version',
    memoryWith((inner) => ({
      async setIfUnchanged(key, value, ttl) {
        await inner.set(key, value, ttl);
        return true;
      },
    })),
    'refuses a fill of a key read as absent, after del',
    'refuses a fill of a key read as held, after set',
    'refuses a fill of a key read as held, after clear',
    'refuses a fill of a key read as held, after delByPattern',
    'refuses a fill of a key read as expired, after add',
    'refuses a fill of a key read as deleted, after delMany',
    'refuses a fill of a key read as absent, after setMany',
    'refuses a fill of a key read as absent, after another fill',
    'refuses a fill of a key read as held, after a set that has expired',
    'accepts exactly one of twenty fills from one read',
    'lets del win over a concurrent fill',
    'lets set win over a concurrent fill',
    'changes nothing when it refuses a fill',
    'fences each key by itself',
    'fences keys of any length and kind',
  ),
  broken(
    'refuses every fill',
    memoryWith(() => ({ setIfUnchanged: async () => false })),
    'fills a key read as absent',
    'fills a key read as held',
    'fills a key read as deleted',
    'fills a key read as expired',
    'fills repeatedly, each time from a new read',
    'accepts a fill after reads of every kind',
  ),
  broken(
    'compares values, not versions',
    comparingValues,
    'refuses a fill of a key read as absent, after del',
    'refuses a fill of a key read as absent, after set and del',
    'refuses a fill of a key read as held, after set of the same value',
    'refuses a fill of a key read as held, after del and set of the same value',
  ),
  broken(
    'deletes without a trace',
    memoryWith((inner) => {
      const versions = new Map<string, number>();
      let last = 0;
      return {
        async set(key, value, ttl) {
          versions.set(key, ++last);
          await inner.set(key, value, ttl);
        },
        async del(key) {
          versions.delete(key);
          await inner.del(key);
        },
        async getVersioned(key) {
          return { value: await inner.get(key), version: String(versions.get(key) ?? 'absent') };
        },
        async setIfUnchanged(key, value, ttl, version) {
          if (String(versions.get(key) ?? 'absent') !== version) return false;
          versions.set(key, ++last);
          await inner.set(key, value, ttl);
          return true;
        },
      };
    }),
    'refuses a fill of a key read as absent, after del',
    'refuses a fill of a key read as absent, after set and del',
  ),
  broken(
    'makes a new version with each read',
    memoryWith((inner) => {
      let reads = 0;
      return {
        async getVersioned(key) {
          const { value, version } = await inner.getVersioned<never>(key);
          return { value, version: `${version} ${++reads}` };
        },
        setIfUnchanged: (key, value, ttl, version) =>
          inner.setIfUnchanged(key, value, ttl, version.split(' ')[0] ?? ''),
      };
    }),
    'returns one version for all reads of a key that is absent',
    'returns one version for all reads of a key that is held',
    'returns one version for all reads of a key that is deleted',
    'returns one version for all reads of a key that is expired',
  ),
  broken(
    'takes a plain read for a change',
    memoryWith((inner) => ({
      async get<T>(key: string) {
        const value = await inner.get<T>(key);
        if (value === undefined) await inner.del(key);
        return value;
      },
    })),
    'accepts a fill after reads of every kind',
    'returns one version for all reads of a key that is absent',
  ),
  broken(
    'gives versioned reads by reference',
    memoryWith((inner) => {
      const filled = new Map<string, unknown>();
      return {
        async getVersioned<T>(key: string) {
          const { value, version } = await inner.getVersioned<T>(key);
          return { value: value && ((filled.get(key) as T | undefined) ?? value), version };
        },
        async setIfUnchanged(key, value, ttl, version) {
          filled.set(key, value);
          return inner.setIfUnchanged(key, value, ttl, version);
        },
      };
    }),
    'isolates filled and versioned values from their copies',
  ),
  ...(['get', 'getVersioned'] as const).map((hidden) =>
    broken(
      `hides what was filled from ${hidden}`,
      memoryWith((inner) => {
        const filled = new Set<string>();
        return {
          async setIfUnchanged(key, value, ttl, version) {
            filled.add(key);
            return inner.setIfUnchanged(key, value, ttl, version);
          },
          async get<T>(key: string) {
            return hidden === 'get' && filled.has(key) ? undefined : inner.get<T>(key);
          },
          async getVersioned<T>(key: string) {
            const read = await inner.getVersioned<T>(key);
            return hidden === 'getVersioned' && filled.has(key)
              ? { value: undefined, version: read.version }
              : read;
          },
        };
      }),
      'fills a key read as absent',
    ),
  ),
  broken(
    'has one version for everything',
    memoryWith((inner) => ({
      getVersioned: async <T>(key: string) => ({ value: await inner.get<T>(key), version: '1' }),
      async setIfUnchanged(key, value, ttl) {
        await inner.set(key, value, ttl);
        return true;
      },
    })),
    'fills repeatedly, each time from a new read',
  ),
  broken(
    'writes what it refuses to fill',
    memoryWith((inner) => ({
      async setIfUnchanged(key, value, ttl, version) {
        if (await inner.setIfUnchanged(key, value, ttl, version)) return true;
        await inner.set(key, value, ttl);
        return false;
      },
    })),
    'accepts exactly one of twenty fills from one read',
    'changes nothing when it refuses a fill',
    'takes a value back under the version just read, with a ttl of its own',
    'refuses a fill of a key read as held, after del',
  ),
  broken(
    'copies what is filled when it is read',
    memoryWith((inner) => {
      const filled = new Map<string, unknown>();
      return {
        async setIfUnchanged(key, value, ttl, version) {
          filled.set(key, value);
          return inner.setIfUnchanged(key, value, ttl, version);
        },
        async getVersioned<T>(key: string) {
          const { value, version } = await inner.getVersioned<T>(key);
          return { value: value && structuredClone((filled.get(key) as T) ?? value), version };
        },
      };
    }),
    'isolates filled and versioned values from their copies',
  ),
  broken(
    'gives concurrent versioned reads one copy',
    memoryWith((inner) => {
      const running = new Map<string, ReturnType<typeof inner.getVersioned>>();
      return {
        async getVersioned<T>(key: string) {
          const read = running.get(key) ?? inner.getVersioned<T>(key);
          running.set(key, read);
          // All readers of a key ask for the same type.
          return (await read.finally(() => running.delete(key))) as Awaited<
            ReturnType<typeof inner.getVersioned<T>>
          >;
        },
      };
    }),
    'isolates filled and versioned values from their copies',
  ),
  broken(
    'gives the first versioned reader what it holds itself',
    memoryWith((inner) => {
      const held = new Map<string, unknown>();
      return {
        async getVersioned<T>(key: string) {
          const { value, version } = await inner.getVersioned<T>(key);
          if (value === undefined) return { value, version };
          if (held.has(key)) return { value: structuredClone(held.get(key)) as T, version };
          held.set(key, value);
          return { value, version };
        },
      };
    }),
    'isolates filled and versioned values from their copies',
  ),
  broken(
    'counts writes up and deletions down',
    memoryWith((inner) => {
      const counts = new Map<string, number>();
      const count = (key: string, by: number) => counts.set(key, (counts.get(key) ?? 0) + by);
      return {
        async set(key, value, ttl) {
          count(key, 1);
          await inner.set(key, value, ttl);
        },
        async del(key) {
          count(key, -1);
          await inner.del(key);
        },
        getVersioned: async <T>(key: string) => ({
          value: await inner.get<T>(key),
          version: String(counts.get(key) ?? 0),
        }),
        async setIfUnchanged(key, value, ttl, version) {
          if (version !== String(counts.get(key) ?? 0)) return false;
          count(key, 1);
          await inner.set(key, value, ttl);
          return true;
        },
      };
    }),
    'refuses a fill of a key read as absent, after set and del',
    'refuses a fill of a key read as held, after set and del',
  ),
];
