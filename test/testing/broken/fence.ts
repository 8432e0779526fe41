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
    'refuses to fill a key, absent when it was read, after del',
    'refuses to fill a key, held when it was read, after set',
    'refuses to fill a key, held when it was read, after clear',
    'refuses to fill a key, held when it was read, after delByPattern',
    'refuses to fill a key, expired when it was read, after add',
    'refuses to fill a key, deleted when it was read, after delMany',
    'refuses to fill a key, absent when it was read, after setMany',
    'refuses to fill a key, absent when it was read, after another fill',
    'refuses to fill a key, held when it was read, after a set that has expired',
    'lets exactly one of twenty fills of one read win',
    'lets del win over a fill at the same time',
    'lets set win over a fill at the same time',
    'changes nothing when it refuses a fill',
    'fences each key by itself',
    'fences keys of any length and kind',
  ),
  broken(
    'refuses every fill',
    memoryWith(() => ({ setIfUnchanged: async () => false })),
    'fills a key, absent when it was read',
    'fills a key, held when it was read',
    'fills a key, deleted when it was read',
    'fills a key, expired when it was read',
    'fills again and again, each time from a new read',
    'lets a fill pass after reads of every kind',
  ),
  broken(
    'compares values, not versions',
    comparingValues,
    'refuses to fill a key, absent when it was read, after del',
    'refuses to fill a key, absent when it was read, after set and del',
    'refuses to fill a key, held when it was read, after set of the same value',
    'refuses to fill a key, held when it was read, after del and set of the same value',
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
    'refuses to fill a key, absent when it was read, after del',
    'refuses to fill a key, absent when it was read, after set and del',
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
    'gives one version to all that read a key absent',
    'gives one version to all that read a key held',
    'gives one version to all that read a key deleted',
    'gives one version to all that read a key expired',
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
    'lets a fill pass after reads of every kind',
    'gives one version to all that read a key absent',
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
    'keeps filled and versioned values apart from their copies',
  ),
];
