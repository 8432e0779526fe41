import { DevalueError, parse, stringify } from 'devalue';
import { CacheError } from '../model/errors.js';
import { extraReviver, readBigInt, reduceExtra, writeBigInt } from './extra-types.js';
import { obstacle } from './faithful.js';
import type { SyncSerializer } from './serializer.js';
import { readTree, writeTree } from './tree.js';

/**
 * The start of each form. No JSON begins like this, so each of the two serializers finds the other's text
 * unreadable. The tree is several times faster, the other one takes cycles, repeated references and all types.
 */
const TREE = '~2';
const GRAPH = '~1';
/** The name of the extra types within devalue's text. */
const EXTRA = '+';

/**
 * Keeps what JSON loses: `Date`, `Map`, `Set`, BigInt, bytes (`Buffer`, typed arrays, `ArrayBuffer`), `RegExp`, `URL`,
 * `Error` with its causes, undefined in objects and arrays, `NaN`, `-0`, infinities, cycles and repeated references. It
 * writes text that every Node version reads.
 *
 * A value comes back equal or is refused: an instance of a class, a function, a symbol, properties added to a built-in
 * object. A write takes about the time of several `JSON.stringify`; see docs/serializers.md.
 *
 * @throws CacheError `UNSERIALIZABLE` for a value that would not come back equal.
 * @throws CacheError `CORRUPT` for anything but its own text.
 *
 * @example
 * ```ts
 * import { CacheService, DynamoDBCacheStore, structuredSerializer } from '@glasswork/cache';
 *
 * const store = new DynamoDBCacheStore({ tableName: 'my-cache', serializer: structuredSerializer });
 * const cache = new CacheService(store, { defaultTTL: 300 });
 * await cache.set('seen', new Map([['user:1', new Date()]]));
 * ```
 */
export const structuredSerializer: SyncSerializer = {
  name: 'structured',
  serialize(value, key) {
    try {
      const tree = writeTree(value);
      if (tree !== undefined) return TREE + tree;
      return GRAPH + stringify(value, { [EXTRA]: reducer(), BigInt: reducedBigInt });
    } catch (error) {
      // Without devalue's error, which holds the value.
      const message = `The value of "${key}" ${reason(error)}: cache plain data, or give the store another serializer.`;
      throw new CacheError('UNSERIALIZABLE', message, { subject: key });
    }
  },
  deserialize(raw, key) {
    const text = typeof raw === 'string' ? raw : new TextDecoder().decode(raw);
    let cause: unknown;
    try {
      if (text.startsWith(TREE)) return readTree(text.slice(TREE.length));
      if (text.startsWith(GRAPH))
        return parse(text.slice(GRAPH.length), { [EXTRA]: extraReviver(), BigInt: readBigInt });
    } catch (error) {
      cause = error;
    }
    const message = `The stored value of "${key}" is not text of the structured serializer: was it written with another one?`;
    throw new CacheError('CORRUPT', message, { subject: key, cause });
  },
};

/** A part that would not come back equal. */
class Obstacle extends Error {}

/** devalue calls its result for each part of one value, before it writes the part. */
function reducer(): (part: unknown) => unknown {
  let parts = 0;
  return (part) => {
    const why = obstacle(part);
    if (why !== undefined) throw new Obstacle(why);
    return reduceExtra(part, parts++);
  };
}

const reducedBigInt = (part: unknown): unknown => typeof part === 'bigint' && writeBigInt(part);

function reason(error: unknown): string {
  if (error instanceof Obstacle) return `holds ${error.message}`;
  if (error instanceof RangeError) return 'is nested too deeply or too large';
  return error instanceof DevalueError
    ? `cannot be written (${error.message})`
    : 'throws an error when it is read';
}
