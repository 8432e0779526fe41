import { isObject, isPlainObject } from '../util/deep-freeze.js';

/**
 * The name of the first class of which JSON writes an instance as `{}`, because it has no enumerable data of its own: a
 * `Map`, a `Response`, an object with private fields alone. Undefined where there is none. `value` has been written once,
 * so it has no cycles.
 */
export function emptiedClass(value: unknown): string | undefined {
  const seen = new Set<object>();
  // Not recursive: a value may be nested more deeply than the stack is.
  const open: (readonly [name: string, part: unknown])[] = [['', value]];
  for (let next = open.pop(); next; next = open.pop()) {
    const part = asWritten(...next);
    if (!isObject(part) || seen.has(part) || isBoxed(part)) continue;
    seen.add(part);
    if (isNumbers(part)) continue;
    const entries = Object.entries(part);
    if (!Array.isArray(part) && !isPlainObject(part) && entries.every(isNoData))
      return classOf(part);
    for (const entry of entries) if (isObject(entry[1])) open.push(entry);
  }
  return undefined;
}

/** As `JSON.stringify` asks it. */
function asWritten(name: string, part: unknown): unknown {
  const { toJSON } = Object(part);
  return typeof toJSON === 'function' ? toJSON.call(part, name) : part;
}

/** JSON writes the text, number or boolean in it. */
const isBoxed = (part: object): boolean =>
  /^\[object (String|Number|Boolean|BigInt)\]$/.test(tagOf(part));

/** Bytes and their like keep their numbers, if in an object; an empty one has none to lose. */
const isNumbers = (part: object): boolean =>
  ArrayBuffer.isView(part) && tagOf(part) !== '[object DataView]';

/** Of any realm, where `instanceof` knows but one. */
const tagOf = (part: object): string => Object.prototype.toString.call(part);

const isNoData = ([, part]: readonly [string, unknown]): boolean =>
  typeof part === 'function' || typeof part === 'symbol';

const classOf = (part: object): string => String(Object(part.constructor).name || 'a class');
