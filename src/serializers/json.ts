import { CacheError } from '../model/errors.js';
import type { Serializer } from './serializer.js';

/**
 * JSON, the default of every store. What JSON cannot say is lost on the way, as always: a `Date` comes back as a
 * string, a `Map` as `{}`.
 *
 * @throws CacheError `UNSERIALIZABLE` for a value that has no JSON form: a cycle, a BigInt, a function.
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
    let cause: unknown;
    try {
      json = JSON.stringify(value);
    } catch (error) {
      cause = error;
    }
    if (json !== undefined) return json;
    throw new CacheError(
      'UNSERIALIZABLE',
      `The value of "${key}" has no JSON form: cache plain data, or give the store another serializer.`,
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
