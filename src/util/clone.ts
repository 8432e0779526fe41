import { isObject, isPlainObject } from './deep-freeze.js';

/**
 * Copies a value from `JSON.parse`: a tree of arrays and plain objects without cycles. It is several times faster than
 * parsing again, because an object is copied with its shape. An own `__proto__` stays an own property: once it exists,
 * an assignment changes it and calls no setter.
 */
export function copyOfTree(value: unknown): unknown {
  try {
    return copyOfBranch(value);
  } catch {
    // The only possible failure: JSON may be nested more deeply than the stack.
    return copyOfDeepTree(value);
  }
}

function copyOfBranch(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const list: unknown[] = value.slice();
    for (let i = 0; i < list.length; i++) if (isObject(list[i])) list[i] = copyOfBranch(list[i]);
    return list;
  }
  const copy: Record<string, unknown> = { ...value };
  for (const name in copy) {
    const part = copy[name];
    // Skips properties that somebody added to Object.prototype.
    if (isObject(part) && Object.hasOwn(copy, name)) copy[name] = copyOfBranch(part);
  }
  return copy;
}

/** Slower, but iterative. */
function copyOfDeepTree(value: unknown): unknown {
  const root: Record<string, unknown> = { value };
  const open = [root];
  for (let parent = open.pop(); parent; parent = open.pop()) {
    for (const [name, part] of Object.entries(parent)) {
      if (!isObject(part)) continue;
      // Arrays, too, are walked and filled by name.
      const copy = (Array.isArray(part) ? part.slice() : { ...part }) as typeof parent;
      parent[name] = copy;
      open.push(copy);
    }
  }
  return root.value;
}

/**
 * A lossless copy of data, at any depth and with cycles: plain objects, arrays, `Date`, `Map`, `Set`, `RegExp` and
 * bytes. Its objects belong to this realm.
 *
 * @throws TypeError for anything else: a function, an object with symbols as keys, or an instance of a class, which would be copied as a plain object.
 * With `own realm` also for objects of another realm, whose copies a serializer with `instanceof` takes for something
 * else.
 */
export function copyOfData<T>(value: T, from?: 'own realm'): T {
  const copies = new Map<object, object>();
  const copyOf = (part: unknown): unknown => {
    if (!isObject(part)) {
      if (typeof part === 'function' || typeof part === 'symbol') throw noData(typeof part);
      return part;
    }
    if (from && !isOfThisRealm(part)) throw noData('an object of another realm');
    const copy = copies.get(part) ?? emptyCopy(part);
    copies.set(part, copy);
    return copy;
  };
  const copy = copyOf(value);
  // The map grows during the loop. A cycle ends at a part that is in it already.
  for (const [part, empty] of copies) fill(empty, part, copyOf);
  // The copy has the shape of the value.
  return copy as T;
}

/** A structured clone, in which class instances become plain objects. @throws for a value that cannot be cloned. */
export function structuralCopy<T>(value: T): T {
  try {
    return copyOfData(value);
  } catch {
    return structuredClone(value);
  }
}

/** True for the data that `emptyCopy` knows. A test's fake Date extends the real one and replaces it. */
function isOfThisRealm(part: object): boolean {
  let top = part;
  for (let above = part; above; above = Object.getPrototypeOf(top)) top = above;
  // Objects without a prototype belong to no realm.
  return top === Object.prototype || top === part;
}

const tagOf = (part: object): string => Object.prototype.toString.call(part).slice(8, -1);

/** The prototype of a built-in object extends Object.prototype directly; that of a subclass does not. */
function emptyCopy(part: object): object {
  const prototype: object | null = Object.getPrototypeOf(part);
  // A copy would lose them. So has the list of a function's arguments.
  if (Object.getOwnPropertySymbols(part).length > 0) throw noData('an instance of a class');
  if (!Array.isArray(part) && isPlainObject(part)) return prototype ? {} : Object.create(null);
  // A test's fake Date extends the real one and replaces it.
  const isBuiltIn = prototype === Date.prototype || (prototype && isPlainObject(prototype));
  if (ArrayBuffer.isView(part)) return copyOfBytes(part);
  if (!isBuiltIn) throw noData('an instance of a class');
  if (Array.isArray(part)) return new Array(part.length);
  switch (tagOf(part)) {
    case 'Date':
      return new Date(Date.prototype.getTime.call(part));
    case 'Map':
      return new Map();
    case 'Set':
      return new Set();
    case 'RegExp':
      // Its tag says RegExp, also for one of another realm, which `instanceof` would miss.
      return new RegExp((part as RegExp).source, (part as RegExp).flags);
    case 'ArrayBuffer':
      return ArrayBuffer.prototype.slice.call(part, 0);
  }
  throw noData('an instance of a class');
}

function copyOfBytes(part: ArrayBufferView): object {
  // A view without these prototypes throws a TypeError, too.
  const above: object = Object.getPrototypeOf(Object.getPrototypeOf(part));
  // A Buffer is a class that extends Uint8Array.
  if (!isPlainObject(above)) throw noData('an instance of a class');
  // Every view of bytes but DataView has `slice`. A DataView throws a TypeError.
  return (part as Uint8Array).slice();
}

function fill(copy: object, part: object, copyOf: (part: unknown) => unknown): void {
  if (ArrayBuffer.isView(part)) return;
  const tag = tagOf(part);
  if (copy instanceof Map && tag === 'Map')
    Map.prototype.forEach.call(part, (value, key) => copy.set(copyOf(key), copyOf(value)));
  if (copy instanceof Set && tag === 'Set')
    Set.prototype.forEach.call(part, (value) => copy.add(copyOf(value)));
  // Arrays and errors, too, are filled by name.
  const target = copy as Record<string, unknown>;
  for (const [name, each] of Object.entries(part)) {
    const value = copyOf(each);
    // An assignment would call a setter.
    if (name === '__proto__') Object.defineProperty(target, name, { ...OWN, value });
    else target[name] = value;
  }
}

const OWN = { enumerable: true, configurable: true, writable: true };

const noData = (what: string): TypeError => new TypeError(`This is ${what}, not data.`);
