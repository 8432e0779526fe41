import { whenReady } from '../util/promises.js';
import { checkSerializer, isAsync, type Raw, type Serializer } from './serializer.js';

/** Changes the output of a serializer, or undoes the change. */
type Change = (raw: Raw, key: string) => Raw;

/** A serializer that changes the output of another one, and nothing about values. */
export function wrapping(kind: string, inner: Serializer, write: Change, read: Change): Serializer {
  checkSerializer(inner, 'inner');
  const serialize = (value: unknown, key: string) =>
    whenReady(inner.serialize(value, key), (raw) => write(raw, key));
  return {
    name: `${kind}(${inner.name})`,
    inner,
    // An async function, so that a store can tell without calling it.
    serialize: isAsync(inner) ? async (value, key) => serialize(value, key) : serialize,
    deserialize: (raw, key) => inner.deserialize(read(raw, key), key),
  };
}
