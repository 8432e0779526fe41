import { invalid } from '../model/errors.js';

/** The form in which a store keeps a value. */
export type Raw = string | Uint8Array;

/**
 * Turns a value into text or bytes for a store, and back. `key` is the value's key in the store.
 *
 * `serialize` throws for a value that it cannot write, `deserialize` for text or bytes that it cannot read. Both may
 * return promises, for example to ask a key service. Only `MemoryCacheStore` takes none, because its reads do not wait.
 */
export interface Serializer {
  /**
   * In messages, and in front of what a serializer of your own writes, so that no other one takes that for its own. Two that
   * read each other's output may share a name; `json` and `structured` are those of this package, and are not written.
   */
  readonly name: string;
  /**
   * The serializer that this one wraps, if it changes nothing about values, as compression does. Tiers may then differ
   * in the wrapping, and a copy of a value needs only the inner one. Default: none.
   */
  readonly inner?: Serializer | undefined;
  serialize(value: unknown, key: string): Raw | Promise<Raw>;
  deserialize(raw: Raw, key: string): unknown;
}

/** A serializer whose methods return no promises. Every store takes it. */
export interface SyncSerializer extends Serializer {
  readonly inner?: SyncSerializer | undefined;
  serialize(value: unknown, key: string): Raw;
}

/** The serializer that decides what values come back as, without any wrapping such as compression. */
export function innermost(serializer: Serializer): Serializer {
  let found = serializer;
  while (found.inner) found = found.inner;
  return found;
}

/**
 * True for a serializer that certainly returns promises, because a method is an async function. A method that returns
 * a promise without being one shows only when it is called.
 */
export const isAsync = ({ serialize, deserialize }: Serializer): boolean =>
  [serialize, deserialize].some(
    (method) => Object.prototype.toString.call(method) === '[object AsyncFunction]',
  );

/** @throws CacheError `INVALID_OPTION` for anything but a serializer. */
export function checkSerializer(given: Serializer, subject = 'serializer'): void {
  const { name, serialize, deserialize }: Partial<Serializer> = Object(given);
  const isComplete = [serialize, deserialize].every((method) => typeof method === 'function');
  if (isComplete && typeof name === 'string') return;
  throw invalid(subject, given, 'an object with a name, serialize() and deserialize()');
}
