import { ERRORS, type ErrorName, errorName, types } from './faithful.js';

/*
 * The types that devalue does not write, or not as they are:
 *
 * - errors, with their properties and causes
 * - bytes: devalue writes the whole buffer under a view, which may hold other data
 * - a RegExp, which may have begun to match
 */

/** An error as data: its class, its enumerable properties and the others. Arrays, because one may contain itself. */
type ErrorParts = readonly ['error', ErrorName, Properties, Properties];
type Properties = Readonly<Record<string, unknown>>;

/**
 * A plain form of the value, or undefined for a type that devalue knows. `id` is unique in one text: devalue writes equal
 * text once, and each view needs its own, see `extraReviver`.
 */
export function reduceExtra(part: unknown, id: number): unknown {
  if (ArrayBuffer.isView(part)) return `${reduceView(part)} ${id}`;
  if (types().isNativeError(part)) return reduceError(part);
  if (!types().isRegExp(part)) return undefined;
  return ['regexp', part.source, part.flags, part.lastIndex];
}

/** The bytes of a view without the rest of its buffer. */
export function reduceView(view: ArrayBufferView): string {
  const name = Buffer.isBuffer(view) ? 'Buffer' : tagOf(view);
  return `${name} ${Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('base64')}`;
}

/** `message`, `stack` and `cause` are not enumerable, unless the owner has made them so. */
function reduceError(error: Error): ErrorParts {
  const enumerable = Object.keys(error);
  const hidden = Object.getOwnPropertyNames(error).filter((name) => !enumerable.includes(name));
  const pick = (names: readonly string[]): Properties =>
    Object.fromEntries(names.map((name) => [name, Reflect.get(error, name)]));
  // The guard has accepted its class.
  return ['error', errorName(error) ?? 'Error', pick(enumerable), pick(hidden)];
}

/**
 * Revives the extra types of one text. An error that contains itself is asked for twice, first with only a part of its
 * properties; both calls get the same error. A part that is asked for more often could make a short text fill the memory.
 *
 * @throws Error for parts that `reduceExtra` cannot have made.
 */
export function extraReviver(): (reduced: unknown) => unknown {
  const errors = new Map<unknown, Error>();
  const calls = new Map<unknown, number>();
  return (reduced) => {
    const call = (calls.get(reduced) ?? 0) + 1;
    if (call > 2) throw unknownType();
    calls.set(reduced, call);
    if (typeof reduced === 'string') return reviveView(reduced);
    // Throws for anything but a list.
    const [kind, name, first, second]: readonly unknown[] = Object(reduced);
    if (kind === 'regexp') return reviveRegExp(name, first, second);
    if (kind !== 'error') throw unknownType();
    const error = errors.get(reduced) ?? emptyError(name);
    errors.set(reduced, error);
    define(error, first, true);
    define(error, second, false);
    return error;
  };
}

/** @throws Error for a text that `reduceView` cannot have made. */
export function reviveView(reduced: string): unknown {
  const [name = '', base64 = ''] = reduced.split(' ');
  const bytes = Buffer.from(base64, 'base64');
  if (name === 'Buffer') return bytes;
  // A typed array of larger elements must start at a multiple of their size.
  const { buffer } = new Uint8Array(bytes);
  if (!/^(\w+Array|DataView)$/.test(name)) throw unknownType();
  // Throws for Float16Array before Node 24, which lacks it.
  return Reflect.construct(Reflect.get(globalThis, name), [buffer]);
}

function reviveRegExp(source: unknown, flags: unknown, lastIndex: unknown): RegExp {
  const expression = new RegExp(String(source), String(flags));
  expression.lastIndex = Number(lastIndex);
  return expression;
}

function emptyError(name: unknown): Error {
  if (!ERRORS.some((one) => one === name)) throw unknownType();
  // ERRORS lists classes of errors alone.
  const Type = Reflect.get(globalThis, String(name)) as ErrorConstructor;
  const error: Error = name === 'AggregateError' ? new AggregateError([]) : new Type();
  // The stack of this function would mislead.
  for (const own of Object.getOwnPropertyNames(error)) Reflect.deleteProperty(error, own);
  return error;
}

function define(error: Error, properties: unknown, enumerable: boolean): void {
  for (const [name, value] of Object.entries(Object(properties)))
    Object.defineProperty(error, name, { value, enumerable, writable: true, configurable: true });
}

/** Wider BigInts are written in hexadecimal, because the time to read decimal digits grows faster than their number. */
const DECIMAL_BITS = 3_000;
const BIGINT = /^(-?)(\d{1,1000}|0x[\da-f]+)$/;

export function writeBigInt(part: bigint): string {
  if (BigInt.asIntN(DECIMAL_BITS, part) === part) return String(part);
  return part < 0n ? `-0x${(-part).toString(16)}` : `0x${part.toString(16)}`;
}

/** @throws Error for a text that `writeBigInt` cannot have made. */
export function readBigInt(text: unknown): bigint {
  const [, sign, digits = ''] = BIGINT.exec(String(text)) ?? [];
  if (!digits) throw unknownType();
  return sign ? -BigInt(digits) : BigInt(digits);
}

const tagOf = (part: object): string => Object.prototype.toString.call(part).slice(8, -1);

const unknownType = (): Error => new Error('it holds a type that is unknown here');
