import { isObject, isPlainObject } from './deep-freeze.js';

/**
 * A copy of what `JSON.parse` gave: a tree of arrays and plain objects, without cycles. Several times faster than to
 * parse it again, since an object is copied with its shape. An own `__proto__` stays one: once it is there, an assignment
 * changes it and calls no setter.
 */
export function copyOfTree(value: unknown): unknown {
  try {
    return copyOfBranch(value);
  } catch {
    // Nested more deeply than the stack is, which JSON may be: the one way in which this can fail.
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
    // What somebody has added to Object.prototype is no part of it.
    if (isObject(part) && Object.hasOwn(copy, name)) copy[name] = copyOfBranch(part);
  }
  return copy;
}

/** Slower, and without a call for each level. */
function copyOfDeepTree(value: unknown): unknown {
  const root: Record<string, unknown> = { value };
  const open = [root];
  for (let parent = open.pop(); parent; parent = open.pop()) {
    for (const [name, part] of Object.entries(parent)) {
      if (!isObject(part)) continue;
      const copy = (Array.isArray(part) ? part.slice() : { ...part }) as typeof parent;
      parent[name] = copy;
      open.push(copy);
    }
  }
  return root.value;
}

/**
 * A copy of data that loses nothing, in this realm, however deep it is and with its cycles: of plain objects, arrays,
 * `Date`, `Map`, `Set`, `RegExp` and bytes.
 *
 * @throws TypeError for anything else: a function, or an instance of a class, which a copy would make a plain object of.
 */
export function copyOfData<T>(value: T): T {
  const copies = new Map<object, object>();
  const copyOf = (part: unknown): unknown => {
    if (!isObject(part)) {
      if (typeof part === 'function' || typeof part === 'symbol') throw noData(typeof part);
      return part;
    }
    const copy = copies.get(part) ?? emptyCopy(part);
    copies.set(part, copy);
    return copy;
  };
  const copy = copyOf(value);
  // It grows while it is walked; a cycle ends where it meets what is in there already.
  for (const [part, empty] of copies) fill(empty, part, copyOf);
  return copy as T;
}

/** A copy that may have lost the classes of its parts. @throws What cannot be cloned. */
export function structuralCopy<T>(value: T): T {
  try {
    return copyOfData(value);
  } catch {
    return structuredClone(value);
  }
}

const tagOf = (part: object): string => Object.prototype.toString.call(part).slice(8, -1);

/** Built-in objects have a prototype of their own below that of all objects; a class that extends one has another between. */
function emptyCopy(part: object): object {
  const prototype: object | null = Object.getPrototypeOf(part);
  if (isPlainObject(part)) return prototype ? {} : Object.create(null);
  // A test's fake Date extends the real one, and stands in its place.
  const isBuiltIn = prototype === Date.prototype || (prototype && isPlainObject(prototype));
  if (ArrayBuffer.isView(part)) return copyOfBytes(part, prototype);
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
      return new RegExp((part as RegExp).source, (part as RegExp).flags);
    case 'ArrayBuffer':
      return ArrayBuffer.prototype.slice.call(part, 0);
  }
  throw noData('an instance of a class');
}

function copyOfBytes(part: ArrayBufferView, prototype: object | null): object {
  const above: object | null = prototype && Object.getPrototypeOf(prototype);
  // A Buffer is a class that extends Uint8Array.
  if (!above || !isPlainObject(above)) throw noData('an instance of a class');
  return (part as Uint8Array).slice();
}

function fill(copy: object, part: object, copyOf: (part: unknown) => unknown): void {
  if (ArrayBuffer.isView(part)) return;
  const tag = tagOf(part);
  if (copy instanceof Map && tag === 'Map')
    Map.prototype.forEach.call(part, (value, key) => copy.set(copyOf(key), copyOf(value)));
  if (copy instanceof Set && tag === 'Set')
    Set.prototype.forEach.call(part, (value) => copy.add(copyOf(value)));
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
