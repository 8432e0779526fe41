import { CacheError } from '../model/errors.js';
import { isRecord } from '../model/key-space.js';
import { checkStorable } from '../model/storable.js';
import { jsonSerializer } from './json.js';
import type { Serializer } from './serializer.js';

/** Converts values for the stores in this package, which hold text or bytes. */
export interface ValueCodec {
  readonly serializer: Serializer;
  /** @throws CacheError `UNSERIALIZABLE` for any error of the serializer. */
  serialize(value: unknown, key: string): string | Uint8Array;
  /** @throws CacheError `CORRUPT` for any error of the serializer. */
  deserialize(raw: string | Uint8Array, key: string): unknown;
  /** The value as a reader of the key would get it. @throws CacheError `UNSERIALIZABLE` or `CORRUPT`. */
  copy<T>(value: T, key: string): T;
}

/**
 * Applies a store's serializer to the values of callers only. The service's own records are always text and JSON. Its
 * errors blame the value, not the store.
 */
export function valueCodec(serializer: Serializer = jsonSerializer): ValueCodec {
  const of = (key: string) => (isRecord(key) ? jsonSerializer : serializer);
  const codec: ValueCodec = {
    serializer,
    serialize(value, key) {
      // The JSON serializer checks by itself.
      if (of(key) !== jsonSerializer) checkStorable(key, value);
      let raw: unknown;
      try {
        raw = of(key).serialize(value, key);
      } catch (cause) {
        throw asCacheError('UNSERIALIZABLE', cause) ?? unserializable(serializer, key, cause);
      }
      // Bytes of any realm: Jest has a Uint8Array of its own.
      if (typeof raw === 'string' || ArrayBuffer.isView(raw)) return raw as string | Uint8Array;
      throw unserializable(serializer, key);
    },
    deserialize(raw, key) {
      let value: unknown;
      let cause: unknown;
      try {
        value = of(key).deserialize(raw, key);
      } catch (error) {
        cause = error;
      }
      if (value !== undefined) return value;
      throw asCacheError('CORRUPT', cause) ?? corrupt(serializer, key, cause);
    },
    copy<T>(value: T, key: string): T {
      return codec.deserialize(codec.serialize(value, key), key) as T;
    },
  };
  return codec;
}

const asCacheError = (code: CacheError['code'], error: unknown): CacheError | undefined =>
  error instanceof CacheError && error.code === code ? error : undefined;

function unserializable({ name }: Serializer, key: string, cause?: unknown): CacheError {
  const why = cause === undefined ? 'it returned neither text nor bytes' : reason(cause);
  const message = `The serializer "${name}" could not write the value of "${key}" (${why}): cache a value that it can write.`;
  return new CacheError('UNSERIALIZABLE', message, { subject: key, cause });
}

function corrupt({ name }: Serializer, key: string, cause: unknown): CacheError {
  const why = cause === undefined ? 'it returned undefined' : reason(cause);
  const message = `The serializer "${name}" could not read the stored value of "${key}" (${why}): was it written with another one?`;
  return new CacheError('CORRUPT', message, { subject: key, cause });
}

const reason = (cause: unknown): string =>
  String(Object(cause).message ?? 'it threw').slice(0, 200);
