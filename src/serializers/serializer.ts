/**
 * Turns a value into text or bytes for a store, and back. `key` is the value's key in the store.
 *
 * `serialize` throws for a value that it cannot write, `deserialize` for text or bytes that it cannot read.
 */
export interface Serializer {
  readonly name: string;
  serialize(value: unknown, key: string): string | Uint8Array;
  deserialize(raw: string | Uint8Array, key: string): unknown;
}
