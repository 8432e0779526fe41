import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { createCache } from 'cache-manager';
import { Keyv } from 'keyv';
import { describe, expect, it } from 'vitest';
import { root } from '../../scripts/run.js';
import { CacheService, MemoryCacheStore } from '../../src/index.js';
import { faultyStore } from '../../src/testing/index.js';
import { deferred } from '../cache-service/helpers.js';
import { type Driver, deadDriver, deadStorage, sharedDriver } from './rivals.js';

/** The page's table, held against the packages that are installed here. */
const page = readFileSync(`${root}docs/comparison.md`, 'utf8');
const rows = [...page.matchAll(/^\| (.+) \|$/gm)].map(([, row = '']) =>
  row.split('|').map((cell) => cell.trim()),
);
const header = rows.find(([question]) => question === 'question') ?? [];
const says = (question: string, name: string): string => {
  const row = rows.find(([first]) => first === question);
  const column = header.findIndex((title) => title.startsWith(name));
  return row?.[column] ?? `no row "${question}", or no column "${name}"`;
};

const bento = (remote: Driver, memory = false) => {
  const store = bentostore().useL2Layer({ options: {}, factory: () => remote });
  return new BentoCache({
    default: 'one',
    stores: { one: memory ? store.useL1Layer(memoryDriver()) : store },
  });
};
const manager = (storage: Map<string, unknown> | object) =>
  createCache({ stores: [new Keyv({ store: storage })], ttl: 60_000 });
const deadStore = () => faultyStore(new MemoryCacheStore(), { plan: () => ({ kind: 'error' }) });
const outcome = (work: () => Promise<unknown>): Promise<unknown> => work().catch(() => 'an error');

/** A load that reads its value at once, and returns when it is told to. */
function slowLoad(read: () => string) {
  const [begun, ended] = [deferred<void>(), deferred<void>()];
  const load = async () => {
    const value = read();
    begun.resolve();
    await ended.promise;
    return value;
  };
  return { load, begun: begun.promise, end: () => ended.resolve() };
}

interface Side {
  wrap(load: () => Promise<string>): Promise<unknown>;
  del(): Promise<unknown>;
}

/** True if a load that began before another process's `del` and ended after it leaves others the old value. */
async function lostInvalidation(one: Side, other: Side): Promise<boolean> {
  let row = 'old';
  const { load, begun, end } = slowLoad(() => row);
  const loading = one.wrap(load);
  await begun;
  row = 'new';
  await other.del();
  end();
  await loading;
  return (await other.wrap(async () => row)) === 'old';
}

describe('the comparison', () => {
  it('names the versions that are installed', () => {
    for (const name of ['bentocache', 'cache-manager', 'keyv']) {
      const manifest = readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8');
      const { version } = JSON.parse(manifest);
      const title = header.find((cell) => cell.toLowerCase().startsWith(name)) ?? '';
      expect(version.startsWith(title.split(' ')[1] ?? '?'), `${title}: ${version}`).toBe(true);
    }
  });

  it('says where a slow load undoes an invalidation', async () => {
    const question = 'May a slow load undo a `del` in another process?';
    const key = 'row';
    const own = (): Side => {
      const cache = new CacheService(store);
      return { wrap: (load) => cache.wrap(key, 60, load), del: () => cache.del(key) };
    };
    const store = new MemoryCacheStore();
    const records = new Map<string, string>();
    const bentos = (): Side => {
      const cache = bento(sharedDriver(records));
      return {
        wrap: (factory) => cache.getOrSet({ key, ttl: '1m', factory }),
        del: () => cache.delete({ key }),
      };
    };
    const storage = new Map<string, unknown>();
    const managers = (): Side => {
      const cache = manager(storage);
      return { wrap: (load) => cache.wrap(key, load), del: () => cache.del(key) };
    };
    const values = new Map<string, unknown>();
    const keyvs = (): Side => {
      const keyv = new Keyv({ store: values });
      return {
        wrap: async (load) => {
          const found = await keyv.get(key);
          if (found !== undefined) return found;
          const value = await load();
          await keyv.set(key, value);
          return value;
        },
        del: () => keyv.delete(key),
      };
    };
    const word = async (make: () => Side) =>
      (await lostInvalidation(make(), make())) ? 'yes' : 'no';
    expect(await word(own)).toBe(says(question, '@glasswork/cache'));
    expect(await word(bentos)).toBe(says(question, 'bentocache'));
    expect(await word(managers)).toBe(says(question, 'cache-manager'));
    expect(`${await word(keyvs)}, by hand`).toBe(says(question, 'Keyv'));
  });

  it('says who shares a load in a process', async () => {
    const question = 'One load for many callers in a process';
    const shares = async (wrap: (load: () => Promise<string>) => Promise<unknown>) => {
      let loads = 0;
      const { load, begun, end } = slowLoad(() => String(++loads));
      const callers = [wrap(load), wrap(load), wrap(load)];
      await begun;
      end();
      await Promise.all(callers);
      return loads === 1 ? 'yes' : 'no';
    };
    const cache = new CacheService(new MemoryCacheStore());
    expect(await shares((load) => cache.wrap('a', 60, load))).toBe(says(question, '@glasswork'));
    const bentos = bento(sharedDriver(new Map()));
    const get = (factory: () => Promise<string>) =>
      bentos.getOrSet({ key: 'a', ttl: '1m', factory });
    expect(await shares(get)).toBe(says(question, 'bentocache'));
    const managed = manager(new Map());
    expect(await shares((load) => managed.wrap('a', load))).toBe(says(question, 'cache-manager'));
  });

  it('says what a caller gets from a dead store', async () => {
    const question = 'A dead store: a caller of a read gets';
    const load = async () => 'the loaded value';
    const own = new CacheService(deadStore(), { onEvent: () => {} });
    expect(await outcome(() => own.wrap('a', 60, load))).toBe(says(question, '@glasswork'));
    const options = { key: 'a', ttl: '1m', factory: load };
    const alone = await outcome(() => bento(deadDriver()).getOrSet(options));
    const both = await outcome(() => bento(deadDriver(), true).getOrSet(options));
    expect(`${both}; without a memory level ${alone}`).toBe(says(question, 'bentocache'));
    const managed = manager(deadStorage());
    expect(await outcome(() => managed.wrap('a', load))).toBe(says(question, 'cache-manager'));
    const keyv = new Keyv({ store: deadStorage() });
    keyv.on('error', () => {});
    expect(`\`${await outcome(() => keyv.get('a'))}\``).toBe(says(question, 'Keyv'));
  });

  it('says what an invalidation on a dead store does', async () => {
    const question = 'A dead store: an invalidation';
    const done = async (work: Promise<unknown>) =>
      work.then(
        (value) => (value === false ? 'resolves to `false`' : 'resolves'),
        () => 'rejects',
      );
    const own = new CacheService(deadStore(), { onEvent: () => {} });
    expect(await done(own.del('a'))).toBe(says(question, '@glasswork'));
    const [both, alone] = [bento(deadDriver(), true), bento(deadDriver())];
    const words = [await done(both.delete({ key: 'a' })), await done(alone.delete({ key: 'a' }))];
    expect(words.join('; without a memory level ')).toBe(says(question, 'bentocache'));
    expect(await done(manager(deadStorage()).del('a'))).toBe(says(question, 'cache-manager'));
    const keyv = new Keyv({ store: deadStorage() });
    keyv.on('error', () => {});
    expect(await done(keyv.delete('a'))).toBe(says(question, 'Keyv'));
  });
});
