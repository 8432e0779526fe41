import { isFrozenDeep, isObject } from './deep-freeze.js';

/** A copy, so that nobody sees what another does to the value; none of what nobody can change. */
export function copyOf<T>(value: T): T {
  if (typeof value !== 'object' || isFrozenDeep(value)) return value;
  for (const copy of [likeAHit, plainPartOf, structuredClone]) {
    try {
      return copy(value);
    } catch {
      // The next way, then.
    }
  }
  return value; // No store can write it either, so every caller that comes later gets a load of its own.
}

const likeAHit = <T>(value: T): T =>
  hasJSONOfItsOwn(value) ? plainPartOf(value) : structuredClone(value);

/** Whether an instance of a class in it says what its JSON is, and so what a hit gives: a clone has lost its class. */
function hasJSONOfItsOwn(value: unknown): boolean {
  const parts = new Set([value]);
  for (const part of parts) {
    if (!isObject(part) || part instanceof Date || ArrayBuffer.isView(part)) continue;
    if (typeof (part as { toJSON?: unknown }).toJSON === 'function') return true;
    for (const child of Object.values(part)) parts.add(child);
  }
  return false;
}

/**
 * A copy of what `JSON.parse` gave: a tree of arrays and plain objects, without cycles. Several times faster than to
 * parse it again, since an object is copied with its shape. An own `__proto__` stays one: once it is there, an assignment
 * changes it and calls no setter.
 */
export function copyOfTree(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const list: unknown[] = value.slice();
    for (let i = 0; i < list.length; i++) if (isObject(list[i])) list[i] = copyOfTree(list[i]);
    return list;
  }
  const copy: Record<string, unknown> = { ...value };
  for (const name in copy) {
    const part = copy[name];
    // What somebody has added to Object.prototype is no part of it.
    if (isObject(part) && Object.hasOwn(copy, name)) copy[name] = copyOfTree(part);
  }
  return copy;
}

/** What a hit would give, without functions and classes. */
const plainPartOf = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;
