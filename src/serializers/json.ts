import { CacheError } from '../model/errors.js';
import { emptiedClass } from './emptied.js';
import type { SyncSerializer } from './serializer.js';

/**
 * JSON, the default of every store. Some values change, as always with JSON: a `Date` comes back as a string, a class
 * instance as a plain object, `NaN` as null. A field that is undefined or a function is dropped.
 *
 * It rejects class instances that JSON would write as `{}`, at any depth: a `Map`, a `Set`, an `Error`, a `Response`,
 * an object with only private fields.
 *
 * @throws CacheError `UNSERIALIZABLE` for such a value, and for one that has no JSON form: a cycle, a BigInt, a
 * function.
 * @throws CacheError `CORRUPT` for text that is not JSON.
 *
 * @example
 * ```ts
 * import { jsonSerializer, MemoryCacheStore } from '@glasswork/cache';
 *
 * const store = new MemoryCacheStore({ serializer: jsonSerializer });
 * ```
 */
export const jsonSerializer: SyncSerializer = {
  name: 'json',
  serialize(value, key) {
    let json: string | undefined;
    let emptied: string | undefined;
    let cause: unknown;
    try {
      json = JSON.stringify(value);
      // An emptied instance shows up as `{}`, so other values need no search.
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
        `The stored value of "${key}" is not JSON: was it written with another serializer?`,
        { subject: key, cause },
      );
    }
  },
};
