import { CacheError } from '../model/errors.js';
import { isRecord } from '../model/key-space.js';
import { checkStorable } from '../model/storable.js';
import { jsonSerializer } from './json.js';
import type { Serializer } from './serializer.js';

/** What a store in this package writes for a value, and what it gives back. */
export interface ValueCodec {
  readonly serializer: Serializer;
  /** @throws CacheError `UNSERIALIZABLE`, whatever the serializer throws. */
  serialize(value: unknown, key: string): string | Uint8Array;
  /** @throws CacheError `CORRUPT`, whatever the serializer throws. */
  deserialize(raw: string | Uint8Array, key: string): unknown;
  /** What a reader of the key would be given. @throws CacheError `UNSERIALIZABLE` or `CORRUPT`. */
  copy<T>(value: T, key: string): T;
}

/**
 * The serializer of a store, given the values of callers and nothing else: the service's own records are text and JSON,
 * whatever the serializer. Its errors say that they are faults of the value, not of the store.
 */
export function valueCodec(serializer: Serializer = jsonSerializer): ValueCodec {
  const of = (key: string) => (isRecord(key) ? jsonSerializer : serializer);
  const codec: ValueCodec = {
    serializer,
    serialize(value, key) {
      // JSON finds out by itself.
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
  const why = cause === undefined ? 'it gave neither text nor bytes' : reason(cause);
  const message = `The serializer "${name}" could not write the value of "${key}" (${why}): cache what it can write.`;
  return new CacheError('UNSERIALIZABLE', message, { subject: key, cause });
}

function corrupt({ name }: Serializer, key: string, cause: unknown): CacheError {
  const why = cause === undefined ? 'it gave undefined' : reason(cause);
  const message = `The serializer "${name}" could not read what the store holds under "${key}" (${why}): was it written with another one?`;
  return new CacheError('CORRUPT', message, { subject: key, cause });
}

const reason = (cause: unknown): string =>
  String(Object(cause).message ?? 'it threw').slice(0, 200);
