import type { TrafficReport } from '../model/cache-store.js';
import { CacheError } from '../model/errors.js';
import { isOverflow, isRecord } from '../model/key-space.js';
import { checkStorable } from '../model/storable.js';
import { isObject, isPlainObject } from '../util/deep-freeze.js';
import { attempt, type MaybePromise, whenReady } from '../util/promises.js';
import { jsonSerializer } from './json.js';
import { markOf } from './mark.js';
import { checkSerializer, innermost, type Raw, type Serializer } from './serializer.js';

/**
 * Converts values for the stores in this package, which hold text or bytes. A method returns a promise only if the
 * serializer does, and then the serializer's errors reject it.
 */
export interface ValueCodec {
  readonly serializer: Serializer;
  /** @throws CacheError `UNSERIALIZABLE` for any error of the serializer. */
  serialize(value: unknown, key: string): Raw | Promise<Raw>;
  /** @throws CacheError `CORRUPT` for any error of the serializer. */
  deserialize(raw: Raw, key: string): unknown;
  /** The value as a reader of the key would get it. @throws CacheError `UNSERIALIZABLE` or `CORRUPT`. */
  copy<T>(value: T, key: string): T | Promise<T>;
  /** See `CacheStore.measure`. Copies are not counted. */
  measure(report: TrafficReport): void;
}

/**
 * Applies a store's serializer to the values of callers only. The service's own records are always text and JSON. Its
 * errors blame the value, not the store.
 *
 * @throws CacheError `INVALID_OPTION` for anything but a serializer.
 */
export function valueCodec(serializer: Serializer = jsonSerializer): ValueCodec {
  checkSerializer(serializer);
  const codec = codecOf(serializer);
  // Compression and encryption change nothing about a value, so a copy can do without them.
  const copying = codecOf(innermost(serializer));
  let report: TrafficReport | undefined;
  const written = (raw: Raw): Raw => {
    report?.('written', Buffer.byteLength(raw));
    return raw;
  };
  return {
    serializer,
    serialize: (value, key) => whenReady(codec.serialize(value, key), written),
    deserialize(raw, key) {
      report?.('read', Buffer.byteLength(raw));
      return codec.deserialize(raw, key);
    },
    measure(to) {
      report = to;
    },
    copy: <T>(value: T, key: string) =>
      // A round trip returns an equal value.
      whenReady(copying.serialize(value, key), (raw) => copying.deserialize(raw, key)) as
        | T
        | Promise<T>,
  };
}

/** For values that another store has serialised. The codec checks that they are text or bytes. */
const rawSerializer: Serializer = {
  name: 'raw',
  // The codec checks it, as any serializer's result.
  serialize: (value) => value as Raw,
  deserialize: (raw) => raw,
};

function codecOf(serializer: Serializer): Pick<ValueCodec, 'serialize' | 'deserialize'> {
  const mark = markOf(serializer);
  const of = (key: string) => {
    if (!isRecord(key)) return serializer;
    return isOverflow(key) ? rawSerializer : jsonSerializer;
  };
  return {
    serialize(value, key) {
      // The JSON serializer checks by itself.
      if (of(key) !== jsonSerializer) checkStorable(key, value);
      const check = (raw: unknown): Raw => {
        // Bytes of any realm: Jest has a Uint8Array of its own.
        if (typeof raw === 'string' || ArrayBuffer.isView(raw)) return raw as Raw;
        throw unserializable(serializer, key);
      };
      const fail = (cause: unknown): never => {
        throw asCacheError('UNSERIALIZABLE', cause) ?? unserializable(serializer, key, cause);
      };
      const raw = attempt<unknown, Raw, never>(() => of(key).serialize(value, key), check, fail);
      if (of(key) !== serializer) return raw;
      const kept = mayBeLost(serializer, value)
        ? // A promise of a promise is a promise.
          (whenReady(raw, (written) => checkKept(serializer, key, written)) as MaybePromise<Raw>)
        : raw;
      return mark ? whenReady(kept, mark.add) : kept;
    },
    deserialize(raw, key) {
      const fail = (cause?: unknown): never => {
        throw asCacheError('CORRUPT', cause) ?? corrupt(serializer, key, cause);
      };
      const check = (value: unknown): unknown => (value === undefined ? fail() : value);
      const own = mark && of(key) === serializer ? mark.remove(raw) : raw;
      if (own === undefined) throw corrupt(serializer, key, new Error('its name is not on it'));
      return attempt<unknown, unknown, never>(() => of(key).deserialize(own, key), check, fail);
    },
  };
}

/** True for an instance of a class, which some serializers write as nothing. The JSON serializer refuses those. */
function mayBeLost(serializer: Serializer, value: unknown): boolean {
  if (serializer === jsonSerializer || !isObject(value)) return false;
  try {
    return !Array.isArray(value) && !isPlainObject(value);
  } catch {
    // A proxy that throws for every question.
    return true;
  }
}

/** The same output, if it can be read. @throws CacheError `UNSERIALIZABLE`, because it would be corrupt for ever. */
function checkKept(serializer: Serializer, key: string, raw: Raw): MaybePromise<Raw> {
  const lost = (cause?: unknown): never => {
    throw unserializable(serializer, key, cause ?? new Error('it reads back as undefined'));
  };
  const check = (value: unknown): Raw => (value === undefined ? lost() : raw);
  return attempt<unknown, Raw, never>(() => serializer.deserialize(raw, key), check, lost);
}

const asCacheError = (code: CacheError['code'], error: unknown): CacheError | undefined =>
  error instanceof CacheError && error.code === code ? error : undefined;

function unserializable({ name }: Serializer, key: string, cause?: unknown): CacheError {
  const why = reason(cause, 'neither text nor bytes');
  const message = `The serializer "${name}" could not write the value of "${key}" (${why}): cache a value that it can write.`;
  return new CacheError('UNSERIALIZABLE', message, { subject: key, cause });
}

function corrupt({ name }: Serializer, key: string, cause: unknown): CacheError {
  const why = reason(cause, 'undefined');
  const message = `The serializer "${name}" could not read the stored value of "${key}" (${why}): was it written with another one?`;
  return new CacheError('CORRUPT', message, { subject: key, cause });
}

const reason = (cause: unknown, result: string): string =>
  cause === undefined
    ? `it returned ${result}`
    : String(Object(cause).message ?? 'it threw').slice(0, 200);
