import { isPromise } from '../util/promises.js';
import { type CacheErrorCode, invalid } from './errors.js';

// Checks for callers without types.

/** The same object. @throws CacheError `INVALID_OPTION` for anything else, and for a promise, which has no options. */
export function givenObject<T extends object>(value: T, subject = 'options'): T {
  if (Object(value) === value && !isPromise(value)) return value;
  throw invalid(subject, value, 'an object');
}

/** The same list. @throws CacheError for anything else: text, a set, one key alone. */
export function givenList<T>(
  value: readonly T[],
  subject: string,
  code?: CacheErrorCode,
): readonly T[] {
  if (Array.isArray(value)) return value;
  throw invalid(subject, value, 'an array', code);
}

/** The same value. @throws CacheError `INVALID_OPTION` for the text of a variable, for example: 'false' would mean true. */
export function checkedBoolean<T extends boolean | undefined>(value: T, subject: string): T {
  if (value === undefined || typeof value === 'boolean') return value;
  throw invalid(subject, value, 'true or false');
}

/** @throws CacheError `INVALID_OPTION` for anything but a function. */
export function checkFunction(value: unknown, subject: string): void {
  if (typeof value !== 'function') throw invalid(subject, value, 'a function');
}
