/** What `freezeDeep` froze. */
const frozen = new WeakSet();

export const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null;

/** Whether nobody can change the value, so that it may be given to any number of callers. */
export const isFrozenDeep = (value: unknown): boolean => !isObject(value) || frozen.has(value);

/**
 * Freezes a value with all its parts, so that it may be shared; returns whether it could. `Object.freeze` stops nobody
 * from changing a `Map`, a `Set`, a `Date` or an object with private fields, and it throws on bytes: a value with one of
 * these anywhere in it is left as it is.
 */
export function freezeDeep(value: unknown): boolean {
  if (!isObject(value) || frozen.has(value)) return true;
  const parts = plainParts(value);
  for (const part of parts ?? []) Object.freeze(part);
  if (parts) frozen.add(value);
  return parts !== undefined;
}

/** The value and all its parts, where they are arrays, plain objects, or of the prototype that is also allowed. */
export function plainParts(
  value: object,
  allowed: object = Object.prototype,
): Set<object> | undefined {
  // It grows while it is walked; a cycle ends where it meets what is in there already.
  const parts = new Set([value]);
  for (const part of parts) {
    const prototype = Object.getPrototypeOf(part);
    const isPlain = !prototype || prototype === Object.prototype || prototype === allowed;
    if (!isPlain && !Array.isArray(part)) return undefined;
    for (const child of Object.values(part)) if (isObject(child)) parts.add(child);
  }
  return parts;
}
