import { isObject, isPlainObject } from '../util/deep-freeze.js';

/**
 * The class of the first instance that JSON writes as `{}`, because it has no enumerable data of its own: a `Map`, a
 * `Response`, an object with only private fields. Undefined if there is none. `value` was written before, so it has no
 * cycles, and no more parts than its text.
 */
export function emptiedClass(value: unknown): string | undefined {
  // Iterative, because nesting may be deeper than the stack.
  const open: (readonly [name: string, part: unknown])[] = [['', value]];
  for (let next = open.pop(); next; next = open.pop()) {
    const part = asWritten(...next);
    if (!isObject(part) || isBoxed(part) || isNumbers(part)) continue;
    const entries = Object.entries(part);
    if (!Array.isArray(part) && !isPlainObject(part) && entries.every(isNoData))
      return classOf(part);
    for (const entry of entries) if (isObject(entry[1])) open.push(entry);
  }
  return undefined;
}

/** Calls `toJSON` as `JSON.stringify` does. */
function asWritten(name: string, part: unknown): unknown {
  const { toJSON } = Object(part);
  return typeof toJSON === 'function' ? toJSON.call(part, name) : part;
}

/** True for an object around a string, number or boolean, which JSON writes instead. */
const isBoxed = (part: object): boolean =>
  /^\[object (String|Number|Boolean|BigInt)\]$/.test(tagOf(part));

/** True for typed arrays, whose numbers JSON keeps, though in an object. An empty one has none to lose. */
const isNumbers = (part: object): boolean =>
  ArrayBuffer.isView(part) && tagOf(part) !== '[object DataView]';

/** Works in any realm, unlike `instanceof`. */
const tagOf = (part: object): string => Object.prototype.toString.call(part);

const isNoData = ([, part]: readonly [string, unknown]): boolean =>
  typeof part === 'function' || typeof part === 'symbol';

const classOf = (part: object): string => String(Object(part.constructor).name || 'a class');
