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
  ...(['ours', 'theirs'] as const).map(
    (side): BrokenStore => ({
      what: `shows no writes of ${side} to the other instance`,
      create: (clock) => {
        const shared = new MemoryCacheStore({ clock });
        const hidden = new Set<string>();
        const writing = overlay(shared, {
          async set(key, value, ttl) {
            hidden.add(key);
            await shared.set(key, value, ttl);
          },
        });
        const blind = overlay(shared, {
          get: async <T>(key: string) => (hidden.has(key) ? undefined : shared.get<T>(key)),
          async del(key) {
            hidden.delete(key);
            await shared.del(key);
          },
        });
        return side === 'ours'
          ? { store: writing, another: blind }
          : { store: blind, another: writing };
      },
      caughtBy: ['shows writes to another instance'],
    }),
  ),
  {
    what: 'says to one of two instances that it wrote what the other added',
    create: (clock) => {
      const shared = new MemoryCacheStore({ clock });
      const swapped = overlay(shared, {
        async add(key, _, ttl) {
          return shared.add(key, 'something else', ttl);
        },
      });
      return { store: swapped, another: shared };
    },
    caughtBy: ['accepts an add from only one of two instances'],
  },
  {
    what: 'lets the other of two instances win an add, and keeps its own value',
    create: (clock) => {
      const shared = new MemoryCacheStore({ clock });
      const late = overlay(shared, {
        async add(key, value, ttl) {
          await Promise.resolve();
          if (await shared.add(key, value, ttl)) return true;
          await shared.set(key, value, ttl);
          return false;
        },
      });
      return { store: late, another: shared };
    },
    caughtBy: ['accepts an add from only one of two instances'],
  },
  {
    what: 'says that it filled whenever it was asked',
    create: (clock) => {
      const shared = new MemoryCacheStore({ clock });
      const boasting = overlay(shared, {
        async setIfUnchanged(key, value, ttl, version) {
          await shared.setIfUnchanged(key, value, ttl, version);
          return true;
        },
      });
      return { store: boasting, another: shared };
    },
    caughtBy: ['returns the same version to other instances'],
  },
  {
    what: 'writes what it refuses to fill, with another instance beside it',
    create: (clock) => {
      const shared = new MemoryCacheStore({ clock });
      const writing = overlay(shared, {
        async setIfUnchanged(key, value, ttl, version) {
          if (await shared.setIfUnchanged(key, value, ttl, version)) return true;
          await shared.set(key, value, ttl);
          return false;
        },
      });
      return { store: writing, another: shared };
    },
    caughtBy: [
      'returns the same version to other instances',
      'refuses a fill after another instance deleted the key',
      'refuses a fill after another instance set the key',
    ],
  },
  {
    what: 'marks the versions of values by instance',
    create: (clock) => {
      const shared = new MemoryCacheStore({ clock });
      const marking = (mark: string) =>
        overlay(shared, {
          async getVersioned<T>(key: string) {
            const read = await shared.getVersioned<T>(key);
            return read.value === undefined ? read : { ...read, version: read.version + mark };
          },
          setIfUnchanged: (key, value, ttl, version) =>
            shared.setIfUnchanged(key, value, ttl, version.replace(mark, '')),
        });
      return { store: marking(' ours'), another: marking(' theirs') };
    },
    caughtBy: ['returns the same version to other instances'],
  },
];
