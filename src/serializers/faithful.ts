import { isObject, isPlainObject } from '../util/deep-freeze.js';

type Types = typeof import('node:util').types;

let loaded: Types | undefined;

/** Node's own type checks, which work in any realm and which no `Symbol.toStringTag` can mislead. */
export function types(): Types {
  loaded ??= process.getBuiltinModule('node:util').types;
  return loaded;
}

export const ERRORS = [
  'Error',
  'EvalError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'TypeError',
  'URIError',
  'AggregateError',
] as const;

export type ErrorName = (typeof ERRORS)[number];

/**
 * Says why a value would not come back equal, or undefined if it would: an instance of a class would come back without
 * its class, and properties added to a built-in object would be lost. Looks at the value itself, not at its parts.
 */
export function obstacle(part: unknown): string | undefined {
  if (!isObject(part)) {
    const isData = typeof part !== 'function' && typeof part !== 'symbol';
    return isData ? undefined : `a ${typeof part}`;
  }
  if (Array.isArray(part)) return ofBuiltIn(part, indexesOnly);
  if (isPlainObject(part)) {
    const isDisguised = Symbol.toStringTag in part || types().isArgumentsObject(part);
    // devalue refuses symbols as keys of plain objects itself.
    return isDisguised ? 'an object that claims to be another type' : undefined;
  }
  if (ArrayBuffer.isView(part)) return isOwnView(part) ? undefined : ofClass(part);
  if (types().isNativeError(part)) return errorName(part) ? symbolsOf(part) : ofClass(part);
  return isKnown(part) ? ofBuiltIn(part, noKeys) : ofClass(part);
}

function isKnown(part: object): boolean {
  const is = types();
  return (
    is.isDate(part) ||
    is.isMap(part) ||
    is.isSet(part) ||
    is.isRegExp(part) ||
    is.isArrayBuffer(part) ||
    (is.isBoxedPrimitive(part) && !is.isSymbolObject(part)) ||
    part instanceof URL ||
    part instanceof URLSearchParams
  );
}

/** The prototype of a built-in object extends `Object.prototype` directly; that of a subclass does not. */
function ofBuiltIn(
  part: object,
  isLossless: (keys: readonly string[], part: object) => boolean,
): string | undefined {
  const prototype: object | null = Object.getPrototypeOf(part);
  // A test's fake Date extends the real one and replaces it.
  const isBuiltIn = isPlain(prototype) || prototype === Date.prototype;
  if (!isBuiltIn) return ofClass(part);
  if (!isLossless(Object.keys(part), part)) return 'a built-in object with properties of its own';
  return symbolsOf(part);
}

/** Integer keys come first, so only the last one can be a name. */
const indexesOnly = (keys: readonly string[]): boolean => {
  const last = keys.at(-1);
  return last === undefined || /^\d+$/.test(last);
};

/** The keys of a boxed string are the indexes of its characters. */
const noKeys = (keys: readonly string[], part: object): boolean =>
  keys.length === 0 || (types().isStringObject(part) && indexesOnly(keys));

function symbolsOf(part: object): string | undefined {
  const symbols = Object.getOwnPropertySymbols(part);
  const isOwn = (symbol: symbol) => Object.prototype.propertyIsEnumerable.call(part, symbol);
  return symbols.some(isOwn) ? 'an object with symbols as keys' : undefined;
}

/** True for typed arrays, DataViews and Buffers, but not for classes that extend them, nor for shared memory. */
export function isOwnView(view: ArrayBufferView): boolean {
  if (types().isSharedArrayBuffer(view.buffer)) return false;
  const prototype: object | null = Object.getPrototypeOf(view);
  if (prototype === Buffer.prototype) return true;
  const above: object | null = prototype && Object.getPrototypeOf(prototype);
  // DataView.prototype extends Object.prototype, the others %TypedArray%.prototype.
  return isPlain(types().isDataView(view) ? prototype : above);
}

/** The class of an error that is an instance of a built-in one, and of no class that extends it. */
export function errorName(error: object): ErrorName | undefined {
  const prototype: object = Object.getPrototypeOf(error);
  const { name } = Object(prototype.constructor);
  const found = ERRORS.find((one) => one === name);
  // A user's class may have such a name.
  const above: object | null = Object.getPrototypeOf(prototype);
  const parents = found === 'Error' ? [prototype] : [above];
  return parents.every(isPlain) ? found : undefined;
}

const isPlain = (one: object | null): boolean => one !== null && isPlainObject(one);

const ofClass = (part: object): string => {
  const { name } = Object(part.constructor);
  return `an instance of ${typeof name === 'string' && name ? name : 'a class'}`;
};
