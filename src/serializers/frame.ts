import { CacheError } from '../model/errors.js';
import type { Raw } from './serializer.js';

/** The first byte of compressed and of encrypted values. No text begins with it, because it never occurs in UTF-8. */
export const MAGIC = 0xc1;

/** Bytes of any realm, without a copy. */
export const asBuffer = (raw: Raw): Buffer =>
  typeof raw === 'string'
    ? Buffer.from(raw)
    : Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);

/** The second byte: a letter for the format, in upper case if the wrapped output was bytes instead of text. */
export const formatByte = (letter: string, raw: Raw): number =>
  (typeof raw === 'string' ? letter : letter.toUpperCase()).charCodeAt(0);

/** The format of a value, or undefined if it is neither compressed nor encrypted. */
export function formatOf(raw: Raw): { letter: string; isText: boolean } | undefined {
  if (typeof raw === 'string' || raw[0] !== MAGIC) return undefined;
  const byte = String.fromCharCode(raw[1] ?? 0);
  const letter = byte.toLowerCase();
  return { letter, isText: byte === letter };
}

/** The output of the wrapped serializer, in the type in which it came. */
export const unwrapped = (bytes: Buffer, isText: boolean): Raw =>
  isText ? bytes.toString() : bytes;

export const corrupt = (key: string, why: string, cause?: unknown): CacheError =>
  new CacheError('CORRUPT', `The stored value of "${key}" ${why}`, { subject: key, cause });
