import { type CacheStore, MemoryCacheStore } from '@glasswork/cache';
import { expect, it } from 'vitest';
import { checkModel } from './check-model.js';
import { mapStore } from './map-store.js';
import { findCounterexample, schedules, seed, shrinkRuns } from './settings.js';
import { shared } from './subject.js';

const COUNTED = { versions: 'counted', fenceMs: 3_600_000 } as const;
/** The service looks at the age of a load before it sends the fill; what is sent does not live for hours. */
const REQUEST_LIFE_MS = 5 * 60_000;

const withoutVersions = (store: CacheStore): CacheStore => ({
  name: store.name,
  get: (key) => store.get(key),
  set: (key, value, ttl) => store.set(key, value, ttl),
  del: (key) => store.del(key),
});

it('finds what a store without versions lets through', async () => {
  const found = await findCounterexample({
    createSubject: shared((clock) => withoutVersions(new MemoryCacheStore({ clock }))),
    faults: [],
  });
  expect(found?.violation).toMatch(/whose load by p\d began/);
});

it('finds a version that comes back with a write that is sent twice', async () => {
  const found = await findCounterexample({
    createSubject: shared(
      (clock) => mapStore(clock, { ...COUNTED, versions: 'content' }),
      REQUEST_LIFE_MS,
    ),
    faults: ['replay'],
  });
  expect(found?.violation).toMatch(/whose load by p\d began/);
});

it('finds a tombstone that goes before a frozen load has ended', async () => {
  const found = await findCounterexample({
    createSubject: shared(
      (clock) => mapStore(clock, { ...COUNTED, fenceMs: 30_000 }),
      REQUEST_LIFE_MS,
    ),
    faults: [],
  });
  expect(found?.violation).toMatch(/whose load by p\d began/);
});

/** Changes how the records of tags are written on condition. */
const withTagWrites = (
  store: CacheStore,
  write: (key: string, value: unknown, ttl: number) => Promise<boolean>,
): CacheStore => ({
  ...store,
  setIfUnchanged: async (key, value, ttl, version) =>
    key.startsWith('#tag:')
      ? write(key, value, ttl)
      : (store.setIfUnchanged?.(key, value, ttl, version) ?? false),
});

it('finds a soft invalidation that a store confirms and does not write', async () => {
  const found = await findCounterexample({
    createSubject: shared((clock) => withTagWrites(mapStore(clock, COUNTED), async () => true)),
    faults: [],
  });
  expect(found?.violation).toMatch(/as fresh, whose .* expireTags/);
});

it('finds a soft invalidation that undoes a hard one, because it has no condition', async () => {
  const found = await findCounterexample({
    createSubject: shared((clock) => {
      const store = mapStore(clock, COUNTED);
      return withTagWrites(store, async (key, value, ttl) => {
        await store.set(key, value, ttl);
        return true;
      });
    }),
    faults: [],
  });
  expect(found?.violation).toMatch(/whose load .* invalidateTags/);
});

it('finds a value that is written back without a condition', async () => {
  const found = await findCounterexample({
    createSubject: shared((clock) => {
      const store = mapStore(clock, COUNTED);
      return {
        ...store,
        async setIfUnchanged(key, value, ttl, version) {
          const { createdAt, staleAt } = Object(value);
          if (createdAt === undefined || staleAt !== createdAt)
            return store.setIfUnchanged?.(key, value, ttl, version) ?? false;
          await store.set(key, value, ttl);
          return true;
        },
      };
    }),
    faults: [],
  });
  expect(found?.violation).toMatch(/whose (load|set) .* (del|set|expire) /);
});

it('finds nothing where all of it is there', async () => {
  const found = await checkModel({
    createSubject: shared((clock) => mapStore(clock, COUNTED), REQUEST_LIFE_MS),
    schedules: schedules(6_000),
    seed,
    shrinkRuns,
    faults: ['error', 'hang', 'lost-reply', 'replay', 'partial', 'stale'],
  });
  expect(found?.report).toBeUndefined();
});
