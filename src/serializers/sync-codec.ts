import { CacheError } from '../model/errors.js';
import { isPromise } from '../util/promises.js';
import { jsonSerializer } from './json.js';
import { isAsync, type Raw, type SyncSerializer } from './serializer.js';
import { type ValueCodec, valueCodec } from './value-codec.js';

/** A codec for a store whose reads do not wait. */
export interface SyncCodec extends Omit<ValueCodec, 'measure'> {
  readonly serializer: SyncSerializer;
  serialize(value: unknown, key: string): Raw;
  copy<T>(value: T, key: string): T;
}

/**
 * @param store the store's class, for the message.
 * @throws CacheError `INVALID_OPTION` for an asynchronous serializer, or on first use if only its promise reveals it.
 */
export function syncCodec(store: string, serializer: SyncSerializer = jsonSerializer): SyncCodec {
  const refusal = (): CacheError => {
    const message = `${store} holds values that are read without waiting, but its serializer "${serializer.name}" returns promises: give it one that returns text or bytes, or use another store.`;
    return new CacheError('INVALID_OPTION', message, { subject: 'serializer' });
  };
  const now = <T>(result: T | Promise<T>): T => {
    if (!isPromise(result)) return result;
    // Nobody waits for it, and an unhandled rejection would end the process.
    result.catch(() => {});
    throw refusal();
  };
  const codec = valueCodec(serializer);
  if (isAsync(serializer)) throw refusal();
  return {
    serializer,
    serialize: (value, key) => now(codec.serialize(value, key)),
    deserialize: (raw, key) => now(codec.deserialize(raw, key)),
    copy: (value, key) => now(codec.copy(value, key)),
  };
}
