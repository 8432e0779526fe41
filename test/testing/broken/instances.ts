import { MemoryCacheStore } from '../../../src/stores/memory/memory-cache-store.js';
import { type BrokenStore, overlay } from './broken-store.js';

export const instances: readonly BrokenStore[] = [
  {
    what: 'shares nothing with other instances',
    create: (clock) => ({
      store: new MemoryCacheStore({ clock }),
      another: new MemoryCacheStore({ clock }),
    }),
    caughtBy: [
      'shows writes to another instance',
      'accepts an add from only one of two instances',
      'returns the same version to other instances',
      'deletes values of another instance by a pattern',
    ],
  },
  {
    what: 'fences each instance by itself',
    create: (clock) => {
      const shared = new MemoryCacheStore({ clock });
      const fenced = (mark: string) =>
        overlay(shared, {
          async getVersioned<T>(key: string) {
            const value = await shared.get<T>(key);
            return { value, version: (await shared.getVersioned(`${mark}${key}`)).version };
          },
          async setIfUnchanged(key, value, ttl, version) {
            if (!(await shared.setIfUnchanged(`${mark}${key}`, 1, ttl, version))) return false;
            await shared.set(key, value, ttl);
            return true;
          },
        });
      return { store: fenced('ours '), another: fenced('theirs ') };
    },
    caughtBy: [
      'returns the same version to other instances',
      'refuses a fill after another instance deleted the key',
      'refuses a fill after another instance set the key',
    ],
  },
];
