import assert from 'node:assert/strict';
import type { VersionedStore } from '../../model/cache-store.js';
import {
  type ConformanceCase,
  type ConformanceNeed,
  defineCase,
  type Equipped,
  freshPrefix,
} from './case.js';

export const FENCE = ['getVersioned', 'setIfUnchanged'] as const;

export type State = 'absent' | 'held' | 'deleted' | 'expired';
type Advance = Equipped<never>['advance'];

/** The states that a versioned read can find, and how to bring a key into each. */
export const STATES: Record<
  State,
  (store: VersionedStore, key: string, advance: Advance) => Promise<void>
> = {
  absent: async () => {},
  held: (store, key) => store.set(key, 'first', 60),
  deleted: async (store, key) => {
    await store.set(key, 'first', 60);
    await store.del(key);
  },
  expired: async (store, key, advance) => {
    await store.set(key, 'first', 0.05);
    await advance(100);
  },
};
// The type State is the keys of STATES.
export const EVERY_STATE = Object.keys(STATES) as State[];
const VALUELESS = EVERY_STATE.filter((state) => state !== 'held');

/** The operations after which an older load must not fill the key, the states before them, and the value after them. */
const INTERVENTIONS: readonly {
  readonly what: string;
  readonly needs: readonly ConformanceNeed[];
  readonly from: readonly State[];
  readonly leaves?: unknown;
  apply(store: Required<VersionedStore>, key: string, advance: Advance): Promise<unknown>;
}[] = [
  { what: 'del', needs: [], from: EVERY_STATE, apply: (store, key) => store.del(key) },
  {
    what: 'delMany',
    needs: ['delMany'],
    from: EVERY_STATE,
    apply: (store, key) => store.delMany([`${key}-other`, key]),
  },
  {
    what: 'set',
    needs: [],
    from: EVERY_STATE,
    leaves: 'second',
    apply: (store, key) => store.set(key, 'second', 60),
  },
  {
    what: 'set of the same value',
    needs: [],
    from: ['held'],
    leaves: 'first',
    apply: (store, key) => store.set(key, 'first', 60),
  },
  {
    what: 'setMany',
    needs: ['setMany'],
    from: EVERY_STATE,
    leaves: 'second',
    apply: (store, key) =>
      store.setMany([
        { key: `${key}-other`, value: 'other', ttl: 60 },
        { key, value: 'second', ttl: 60 },
      ]),
  },
  {
    what: 'add',
    needs: ['add'],
    from: VALUELESS,
    leaves: 'second',
    apply: (store, key) => store.add(key, 'second', 60),
  },
  {
    what: 'another fill',
    needs: [],
    from: EVERY_STATE,
    leaves: 'second',
    async apply(store, key) {
      const { version } = await store.getVersioned(key);
      assert.equal(await store.setIfUnchanged(key, 'second', 60, version), true);
    },
  },
  {
    what: 'del and set of the same value',
    needs: [],
    from: EVERY_STATE,
    leaves: 'first',
    async apply(store, key) {
      await store.del(key);
      await store.set(key, 'first', 60);
    },
  },
  {
    what: 'set and del',
    needs: [],
    from: EVERY_STATE,
    async apply(store, key) {
      await store.set(key, 'second', 60);
      await store.del(key);
    },
  },
  {
    what: 'a set that has expired',
    needs: [],
    from: EVERY_STATE,
    async apply(store, key, advance) {
      await store.set(key, 'second', 0.05);
      await advance(100);
    },
  },
  // Both promise no more, because neither knows keys under which nothing was ever stored.
  {
    what: 'delByPattern',
    needs: ['delByPattern'],
    from: ['held'],
    apply: (store, key) => store.delByPattern(`${key.slice(0, -1)}?`),
  },
  { what: 'clear', needs: ['clear'], from: ['held'], apply: (store) => store.clear() },
  {
    what: 'clear and set of the same value',
    needs: ['clear'],
    from: ['held'],
    leaves: 'first',
    async apply(store, key) {
      await store.clear();
      await store.set(key, 'first', 60);
    },
  },
];

export const refusalCases: readonly ConformanceCase[] = INTERVENTIONS.flatMap(
  ({ what, needs, from, leaves, apply }) =>
    from.map((state) =>
      defineCase(
        `refuses a fill of a key read as ${state}, after ${what}`,
        [...FENCE, ...needs],
        async ({ store, advance }) => {
          const key = `${freshPrefix()}value`;
          await STATES[state](store, key, advance);
          const { version } = await store.getVersioned(key);
          // The needs of the case are those of the intervention.
          await apply(store as Required<VersionedStore>, key, advance);
          assert.equal(await store.setIfUnchanged(key, 'late', 60, version), false);
          assert.equal(await store.get(key), leaves, 'the value afterwards');
        },
      ),
    ),
);
