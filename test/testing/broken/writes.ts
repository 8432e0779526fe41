import { MemoryCacheStore } from '../../../src/stores/memory/memory-cache-store.js';
import { type BrokenStore, broken, memoryWith, overlay } from './broken-store.js';

export const writes: readonly BrokenStore[] = [
  broken(
    'does not delete',
    memoryWith(() => ({ del: async () => {} })),
    'deletes a value',
    'deletes absent and deleted keys without an error',
    'lets del win over a concurrent fill',
    'refuses a fill of a key read as held, after del',
  ),
  broken(
    'never writes where it deleted',
    memoryWith((inner) => {
      const deleted = new Set<string>();
      return {
        async del(key) {
          deleted.add(key);
          await inner.del(key);
        },
        async set(key, value, ttl) {
          if (!deleted.has(key)) await inner.set(key, value, ttl);
        },
      };
    }),
    'accepts a new value after a deletion',
  ),
  broken(
    'adds after looking, not at once',
    memoryWith((inner) => ({
      async add(key, value, ttl) {
        if (await inner.has(key)) return false;
        await inner.set(key, value, ttl);
        return true;
      },
    })),
    'accepts exactly one of twenty concurrent adds',
    'accepts exactly one of twenty concurrent adds after a deletion',
  ),
  broken(
    'says that it added whenever it was asked',
    memoryWith((inner) => ({
      async add(key, value, ttl) {
        await inner.add(key, value, ttl);
        return true;
      },
    })),
    'adds only if there is no value',
    'accepts a fill after a refused add',
  ),
  broken(
    'adds by reference',
    (clock) => {
      const added = new Map<string, unknown>();
      const inner = new MemoryCacheStore({ clock });
      return overlay(inner, {
        get: async <T>(key: string) => (added.get(key) as T | undefined) ?? inner.get<T>(key),
        async add(key, value, ttl) {
          added.set(key, value);
          return inner.add(key, value, ttl);
        },
      });
    },
    'adds a copy',
  ),
  broken(
    'clears only what begins like other keys',
    memoryWith((inner) => ({
      async clear() {
        await inner.delByPattern('*');
      },
    })),
    'clears all keys',
  ),
  broken(
    'cannot be closed twice',
    memoryWith(() => {
      let closed = false;
      return {
        async close() {
          if (closed) throw new Error('closed already');
          closed = true;
        },
      };
    }),
    'closes twice without an error',
  ),
  broken(
    'deletes everything with one key',
    memoryWith((inner) => ({ del: () => inner.clear() })),
    'deletes a value',
    'fences each key by itself',
  ),
  broken(
    'has what it never held',
    memoryWith((inner) => {
      const deleted = new Set<string>();
      return {
        has: async (key) => !deleted.has(key),
        async set(key, value, ttl) {
          deleted.delete(key);
          await inner.set(key, value, ttl);
        },
        async del(key) {
          deleted.add(key);
          await inner.del(key);
        },
      };
    }),
    'has any value that is held',
  ),
  broken(
    'writes what it refuses to add',
    memoryWith((inner) => ({
      async add(key, value, ttl) {
        if (await inner.add(key, value, ttl)) return true;
        await inner.set(key, value, ttl);
        return false;
      },
    })),
    'adds only if there is no value',
    'does not add over a falsy value',
    'accepts exactly one of twenty concurrent adds',
    'accepts exactly one of twenty concurrent adds after a deletion',
  ),
  broken(
    'says that it added over what counts as false',
    memoryWith((inner) => ({
      async add(key, value, ttl) {
        const held = await inner.get(key);
        return (await inner.add(key, value, ttl)) || (held !== undefined && !held);
      },
    })),
    'does not add over a falsy value',
  ),
  broken(
    'keeps nothing after it was cleared',
    memoryWith((inner) => {
      let cleared = false;
      return {
        async clear() {
          cleared = true;
          await inner.clear();
        },
        async set(key, value, ttl) {
          if (!cleared) await inner.set(key, value, ttl);
        },
      };
    }),
    'clears all keys',
  ),
  broken(
    'cannot be closed twice once it was used',
    memoryWith((inner) => {
      let used = false;
      let closed = false;
      return {
        async set(key, value, ttl) {
          used = true;
          await inner.set(key, value, ttl);
        },
        async close() {
          if (closed && used) throw new Error('closed already');
          closed = true;
        },
      };
    }),
    'closes twice without an error',
  ),
];
