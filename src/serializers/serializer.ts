/**
 * Turns a value into what a store can hold and back. `key` is the key under which the store holds it.
 *
 * `serialize` throws for a value that it cannot write; `deserialize` throws for what it cannot read.
 */
export interface Serializer {
  readonly name: string;
  serialize(value: unknown, key: string): string | Uint8Array;
  deserialize(raw: string | Uint8Array, key: string): unknown;
}
