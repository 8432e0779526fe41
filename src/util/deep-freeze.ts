/** What `freezeDeep` froze. */
const frozen = new WeakSet();

export const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null;

/** Whether nobody can change the value, so that it may be given to any number of callers. */
export const isFrozenDeep = (value: unknown): boolean => !isObject(value) || frozen.has(value);

/** Of any realm: a test runner's context has an `Object.prototype` of its own. */
export function isPlainObject(value: object): boolean {
  const prototype: object | null = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/**
 * Freezes a value with all its parts, so that it may be shared; returns whether it could. `Object.freeze` stops nobody
 * from changing a `Map`, a `Set`, a `Date` or an object with private fields, and it throws on bytes: a value with one of
 * these anywhere in it is left as it is, and so is one that throws when it is looked at.
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

/** The value and all its parts, where they are arrays and plain objects alone. */
function plainParts(value: object): Set<object> | undefined {
  // It grows while it is walked; a cycle ends where it meets what is in there already.
  const parts = new Set([value]);
  for (const part of parts) {
    if (!Array.isArray(part) && !isPlainObject(part)) return undefined;
    for (const child of Object.values(part)) if (isObject(child)) parts.add(child);
  }
  return parts;
}
