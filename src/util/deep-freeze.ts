/** The objects that `freezeDeep` froze. */
const frozen = new WeakSet();

export const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null;

/** True if nothing can change the value, so that callers may share it. */
export const isFrozenDeep = (value: unknown): boolean => !isObject(value) || frozen.has(value);

/** True for plain objects of any realm, because a test runner's context has its own `Object.prototype`. */
export function isPlainObject(value: object): boolean {
  const prototype: object | null = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/**
 * Freezes a value deeply, so that it may be shared. Returns false if that is impossible: a frozen `Map`, `Set`, `Date`
 * or object with private fields can still change, and freezing bytes throws. A value that contains one of these, or
 * that throws when it is read, is left as it is.
 */
export function freezeDeep(value: unknown): boolean {
  if (!isObject(value) || frozen.has(value)) return true;
  try {
    const parts = plainParts(value);
    for (const part of parts ?? []) Object.freeze(part);
    if (parts) frozen.add(value);
    return parts !== undefined;
  } catch {
    return false;
  }
}

/** The value and all its parts, or undefined if one is neither an array nor a plain object. */
function plainParts(value: object): Set<object> | undefined {
  // The set grows during the loop. A cycle ends at a part that is in it already.
  const parts = new Set([value]);
  for (const part of parts) {
    if (!Array.isArray(part) && !isPlainObject(part)) return undefined;
    for (const child of Object.values(part)) if (isObject(child)) parts.add(child);
  }
  return parts;
}
