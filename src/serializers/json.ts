import { CacheError } from '../model/errors.js';
import { emptiedClass } from './emptied.js';
import type { Serializer } from './serializer.js';

/**
 * JSON, the default of every store. Some values change on the way, as always with JSON: a `Date` comes back as a string,
 * an instance of a class as a plain object, `NaN` as null; a field that is undefined or a function is left out.
 *
 * It refuses what JSON would write as `{}` although it is an instance of a class, at any depth: a `Map`, a `Set`, an
 * `Error`, a `Response`, an object that has nothing but private fields.
 *
 * @throws CacheError `UNSERIALIZABLE` for such a value, and for one that has no JSON form: a cycle, a BigInt, a function.
 * @throws CacheError `CORRUPT` for text that is not JSON.
 *
 * @example
 * ```ts
 * import { jsonSerializer, MemoryCacheStore } from '@glasswork/cache';
 *
 * const store = new MemoryCacheStore({ serializer: jsonSerializer });
 * ```
 */
export const jsonSerializer: Serializer = {
  name: 'json',
  serialize(value, key) {
    let json: string | undefined;
    let emptied: string | undefined;
    let cause: unknown;
    try {
      json = JSON.stringify(value);
      // Only then can there be such a part, and only then is it worth the walk.
      if (json?.includes('{}')) emptied = emptiedClass(value);
    } catch (error) {
      json = undefined;
      cause = error;
    }
    if (json !== undefined && emptied === undefined) return json;
    const what = emptied
      ? `holds an instance of ${emptied} that JSON would empty`
      : 'has no JSON form';
    throw new CacheError(
      'UNSERIALIZABLE',
      `The value of "${key}" ${what}: cache plain data, or give the store another serializer.`,
      { subject: key, cause },
    );
  },
  deserialize(raw, key) {
    try {
      return JSON.parse(typeof raw === 'string' ? raw : new TextDecoder().decode(raw));
    } catch (cause) {
      throw new CacheError(
        'CORRUPT',
        `What the store holds under "${key}" is not JSON: was it written with another serializer?`,
        { subject: key, cause },
      );
    }
  },
};
