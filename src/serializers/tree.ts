import { isObject } from '../util/deep-freeze.js';
import { readBigInt, reduceView, reviveView, writeBigInt } from './extra-types.js';
import { isOwnView } from './faithful.js';

/*
 * The fast form of a value: JSON, in which a part that JSON lacks is a list that begins with the tag.
 *
 *     ["~","d",1700000000000]   a date             ["~","n","NaN"]     a number that JSON lacks
 *     ["~","m",[k, v, k, v]]    a map              ["~","u"]           undefined
 *     ["~","s",[1, 2]]          a set              ["~","b","Buffer …"]  bytes
 *     ["~","i","12"]            a BigInt           ["~","a",["~", 1]]  a list that itself begins with the tag
 *
 * JSON is native code, so it writes and reads such text several times as fast as a walk in JavaScript does.
 */
const TAG = '~';

/** Ends a walk. No caller sees it, so it needs no stack of its own. */
const OTHER = new Error('This value has parts of other types.');

/**
 * The value as JSON with tags. Undefined for a value with parts of other types, with cycles or with repeated references:
 * it has to be written in another way, or refused.
 */
export function writeTree(value: unknown): string | undefined {
  // JSON.stringify would call it.
  if ('toJSON' in []) return undefined;
  // A walk would take what somebody gave to all objects for a property of each.
  for (const _ in {}) return undefined;
  try {
    return JSON.stringify(encoded(value, new Set()));
  } catch (error) {
    if (error === OTHER) return undefined;
    throw error;
  }
}

function encoded(part: unknown, seen: Set<object>): unknown {
  switch (typeof part) {
    case 'string':
    case 'boolean':
      return part;
    case 'number':
      if (part === 0) return Object.is(part, -0) ? [TAG, 'n', '-0'] : part;
      return Number.isFinite(part) ? part : [TAG, 'n', String(part)];
    case 'object':
      return part === null ? part : encodedObject(part, seen);
    case 'undefined':
      return [TAG, 'u'];
    case 'bigint':
      return [TAG, 'i', writeBigInt(part)];
    default:
      throw OTHER;
  }
}

function encodedObject(part: object, seen: Set<object>): unknown {
  // Once, because finding the place of an object takes longer than the rest.
  if (seen.size === seen.add(part).size) throw OTHER;
  const prototype: object | null = Object.getPrototypeOf(part);
  if (prototype === Object.prototype) return encodedPlain(part, seen);
  if (prototype === Array.prototype && Array.isArray(part)) return encodedList(part, seen);
  if (ArrayBuffer.isView(part) && isOwnView(part)) return [TAG, 'b', reduceView(part)];
  // Properties that somebody has added would be lost.
  if (Reflect.ownKeys(part).length > 0) throw OTHER;
  if (prototype === Date.prototype && hasSlot(getTime, part)) return [TAG, 'd', getTime.call(part)];
  if (prototype === Set.prototype && hasSlot(hasInSet, part))
    return [TAG, 's', encodeItems([...Set.prototype.values.call(part)], seen)];
  if (prototype === Map.prototype && hasSlot(hasInMap, part))
    return [TAG, 'm', encodeItems([...Map.prototype.entries.call(part)].flat(1), seen)];
  throw OTHER;
}

const { getTime } = Date.prototype;
const { has: hasInSet } = Set.prototype;
const { has: hasInMap } = Map.prototype;

/** True for what the built-in method works on: no object that merely has its prototype. Faster than `types()`. */
function hasSlot(method: (this: never, key: never) => unknown, part: object): boolean {
  try {
    Reflect.apply(method, part, [undefined]);
    return true;
  } catch {
    return false;
  }
}

function encodedPlain(part: object, seen: Set<object>): unknown {
  // Arguments and disguised objects have symbols, too.
  if (Object.getOwnPropertySymbols(part).length > 0) throw OTHER;
  // Read once, because a getter may return something else the next time.
  const copy: Record<string, unknown> = { ...part };
  for (const name in copy) {
    const each = copy[name];
    if (typeof each === 'string') continue;
    // An object that the reader would have to guard against.
    if (name === '__proto__') throw OTHER;
    const written = encoded(each, seen);
    // A store by a name that varies takes longer than the check.
    if (written !== each) copy[name] = written;
  }
  return copy;
}

function encodedList(part: readonly unknown[], seen: Set<object>): unknown {
  // A hole has no key, and a property that somebody has added has one. `Reflect.ownKeys` takes twice as long.
  if (Object.keys(part).length !== part.length) throw OTHER;
  if (Object.getOwnPropertySymbols(part).length > 0) throw OTHER;
  const copy = part.slice();
  for (let i = 0; i < copy.length; i++)
    if (copy[i] === undefined && !Object.hasOwn(part, i)) throw OTHER;
  encodeItems(copy, seen);
  return copy[0] === TAG ? [TAG, 'a', copy] : copy;
}

/** Replaces the items of a list that nobody else has. */
function encodeItems(items: unknown[], seen: Set<object>): unknown[] {
  for (let i = 0; i < items.length; i++) {
    const each = items[i];
    if (typeof each === 'string') continue;
    const written = encoded(each, seen);
    if (written !== each) items[i] = written;
  }
  return items;
}

/** The value of a text by `writeTree`. @throws Error for any other text. */
export const readTree = (text: string): unknown => revived(JSON.parse(text));

/** The parsed value itself, with its tagged parts replaced. */
function revived(part: unknown): unknown {
  if (!isObject(part)) return part;
  // JSON.parse returns plain objects and arrays.
  if (!Array.isArray(part)) return revivedParts(part as Record<string, unknown>);
  return part[0] === TAG ? revivedTag(part[1], part[2]) : revivedItems(part);
}

function revivedParts(parts: Record<string, unknown>): unknown {
  for (const name in parts) {
    const part = parts[name];
    if (isObject(part)) {
      if (name === '__proto__') throw unknownForm();
      parts[name] = revived(part);
    }
  }
  return parts;
}

function revivedItems(items: unknown): unknown[] {
  if (!Array.isArray(items)) throw unknownForm();
  for (let i = 0; i < items.length; i++) if (isObject(items[i])) items[i] = revived(items[i]);
  return items;
}

function revivedTag(kind: unknown, data: unknown): unknown {
  switch (kind) {
    case 'u':
      return undefined;
    case 'n':
      return Number(data);
    case 'i':
      return readBigInt(data);
    case 'd':
      return new Date(data === null ? Number.NaN : Number(data));
    case 'b':
      return reviveView(String(data));
    case 'a':
      return revivedItems(data);
    case 's':
      return new Set(revivedItems(data));
    case 'm':
      return revivedMap(revivedItems(data));
    default:
      throw unknownForm();
  }
}

function revivedMap(items: readonly unknown[]): Map<unknown, unknown> {
  const map = new Map<unknown, unknown>();
  for (let i = 0; i < items.length; i += 2) map.set(items[i], items[i + 1]);
  return map;
}

const unknownForm = (): Error => new Error('it has a form that is unknown here');
