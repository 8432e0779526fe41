import assert from 'node:assert/strict';
import { CacheService } from '../../cache-service.js';
import type { CacheStore } from '../../model/cache-store.js';
import type { CacheEvent } from '../../model/events.js';
import { givenList, givenObject } from '../../model/given.js';
import { jsonSerializer } from '../../serializers/json.js';
import type { Serializer } from '../../serializers/serializer.js';
import { type ConformanceCase, defineCase, freshPrefix } from './case.js';

/**
 * Cases for your own serializer on a store: each value must come back unchanged from the store, and from a service to
 * the caller that loads, to one that joins, and to one that hits. Values are made anew for each case and compared
 * strictly.
 *
 * @example
 * ```ts
 * import type { Serializer } from '@glasswork/cache';
 * import { casesFor, type ConformanceSubject, serializerCases } from '@glasswork/cache/testing';
 *
 * function casesWith(serializer: Serializer, subject: ConformanceSubject) {
 *   const cases = serializerCases(serializer, [['a date', () => ({ at: new Date(5) })]]);
 *   return casesFor(subject, cases);
 * }
 * ```
 */
export function serializerCases(
  serializer: Serializer,
  values: readonly (readonly [what: string, make: () => unknown])[],
): ConformanceCase[] {
  givenObject(serializer, 'serializer');
  return givenList(values, 'values').flatMap(([what, make]) => [
    defineCase(`${serializer.name}: returns ${what}`, ['withSerializer'], async (subject) => {
      const store = subject.withSerializer(serializer);
      const key = `${freshPrefix()}value`;
      await store.set(key, make(), 60);
      assert.deepStrictEqual(await store.get(key), make());
      assert.deepStrictEqual(await store.get(key), make(), 'the second read');
      const copy = store.copy ? await store.copy(make(), key) : make();
      assert.deepStrictEqual(copy, make(), 'the copy');
      await store.close?.();
    }),
    defineCase(
      `${serializer.name}: returns ${what} to all callers of a service`,
      ['withSerializer'],
      async (subject) => {
        const store = subject.withSerializer(serializer);
        let loads = 0;
        let end: () => void = () => {};
        const bothWait = new Promise<void>((resolve) => {
          end = resolve;
        });
        const cache = serviceOver(store, ({ type }) => {
          if (type === 'join') end();
        });
        // Until the other caller has joined: the reads of two callers may end at different times.
        const load = async () => {
          if (++loads > 1) end();
          await bothWait;
          return make();
        };
        const [own, joined] = await Promise.all([1, 2].map(() => cache.wrap('key', 60, load)));
        assert.deepStrictEqual([own, joined], [make(), make()]);
        for (const hit of [await cache.get('key'), await cache.wrap('key', 60, load)])
          assert.deepStrictEqual(hit, make());
        assert.equal(loads, 1, 'loads in all: two callers share one, and the value was cached');
        await cache.close();
      },
    ),
  ]);
}

const serviceOver = (
  store: CacheStore,
  onEvent: (event: CacheEvent) => void = () => {},
): CacheService =>
  new CacheService(store, { keyPrefix: `conformance-${crypto.randomUUID()}`, onEvent });

/** Cases about the values that a store passes to its serializer. */
export const serializingCases: readonly ConformanceCase[] = [
  defineCase('serializes values and nothing else', ['withSerializer'], async (subject) => {
    const [written, read]: [unknown[], unknown[]] = [[], []];
    const noting: Serializer = {
      name: 'noting',
      serialize(value, key) {
        written.push(value);
        return jsonSerializer.serialize(value, key);
      },
      deserialize(raw, key) {
        read.push(jsonSerializer.deserialize(raw, key));
        return read.at(-1);
      },
    };
    const cache = serviceOver(subject.withSerializer(noting));
    const value = { of: 'a caller' };
    const policy = { ttl: 60, tags: ['red'], lease: true };
    await cache.set('key', value, policy);
    await Promise.all([1, 2].map(() => cache.wrap('other', policy, () => value)));
    await cache.get('key');
    await cache.invalidateTags(['red']);
    await cache.wrap('key', policy, () => value);
    await cache.clear();
    await cache.get('key');
    for (const one of [...written, ...read]) assert.deepStrictEqual(one, value);
    assert.ok(written.includes(value), 'the value itself is written');
    await cache.close();
  }),

  defineCase(
    'rejects with UNSERIALIZABLE if its serializer cannot write the value',
    ['withSerializer'],
    async (subject) => {
      const throwing: Serializer = {
        name: 'throwing',
        serialize() {
          throw new RangeError('too deep');
        },
        deserialize: () => undefined,
      };
      // A serializer that breaks its type.
      const odd: Serializer = { ...throwing, serialize: () => 5 as unknown as string };
      for (const serializer of [throwing, odd]) {
        const store = subject.withSerializer(serializer);
        const key = `${freshPrefix()}value`;
        await assert.rejects(store.set(key, 'value', 60), { code: 'UNSERIALIZABLE' });
        assert.equal(await store.has?.(key), store.has && false);
        await store.close?.();
      }
    },
  ),
];

/** Values that JSON cannot write, or would write as `{}`. */
const REFUSED: readonly (readonly [what: string, make: () => unknown])[] = [
  ['a function', () => () => 1],
  ['a symbol', () => Symbol('s')],
  ['an object whose toJSON returns nothing', () => ({ toJSON() {} })],
  ['a BigInt', () => ({ n: 1n })],
  ['a Map', () => ({ a: new Map([[1, 2]]) })],
  ['a Response', () => new Response('body')],
  ['an asynchronous generator', () => (async function* () {})()],
  ['an error', () => ({ error: new Error('e') })],
];

export const refusedValueCases: readonly ConformanceCase[] = REFUSED.map(([what, make]) =>
  defineCase(`rejects ${what} and stores nothing`, [], async ({ store }) => {
    const key = `${freshPrefix()}value`;
    await assert.rejects(store.set(key, make(), 60), { code: 'UNSERIALIZABLE' });
    assert.equal(await store.get(key), undefined);
  }),
);
