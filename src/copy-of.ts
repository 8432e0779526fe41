import { isFrozenDeep } from './frozen.js';

/** A copy, so that nobody sees what another does to the value; none of what nobody can change. */
export function copyOf<T>(value: T): T {
  if (typeof value !== 'object' || isFrozenDeep(value)) return value;
  try {
    return structuredClone(value);
  } catch {
    return copyOfPlainPart(value);
  }
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
    for (let i = 0; i < list.length; i++) if (hasParts(list[i])) list[i] = copyOfTree(list[i]);
    return list;
  }
  const copy: Record<string, unknown> = { ...value };
  for (const name in copy) {
    const part = copy[name];
    // What somebody has added to Object.prototype is no part of it.
    if (hasParts(part) && Object.hasOwn(copy, name)) copy[name] = copyOfTree(part);
  }
  return copy;
}

const hasParts = (value: unknown): boolean => typeof value === 'object' && value !== null;

/** It holds functions: a copy is what a hit would give, the value without them. */
function copyOfPlainPart<T>(value: T): T {
  try {
    return JSON.parse(JSON.stringify(value)) as T;
  } catch {
    return value; // No store can write it either, so every caller that comes later gets a load of its own.
  }
}
