import type { StoreEntry } from '../../model/cache-store.js';
import { bareValue, envelopeOf, withEnvelope } from '../../model/entry.js';
import type { Raw } from '../../serializers/serializer.js';
import type { ValueCodec } from '../../serializers/value-codec.js';
import { type MaybePromise, whenReady } from '../../util/promises.js';
import { uniqueId } from '../../util/unique-id.js';
import { tooLarge } from '../overflow/error.js';
import { type Overflow, readOverflow } from '../overflow/overflow.js';
import type { Item } from './database.js';
import { ITEM_LIMIT_BYTES } from './options.js';
import { idOf, isPointer, plain, rawValue, valueChange } from './record.js';

/** The change that writes a value to an item. */
export interface ValueChange {
  /** An update expression that ends in an open SET, to which the version and the TTL are appended. */
  readonly expression: string;
  readonly values: Item;
  /** The time when the value expires, epoch milliseconds; 0 without a value. */
  readonly exp: number;
  /** Unique to this write. */
  readonly id: string;
}

/** Converts between values and items. A value that is too large for its item is in the overflow store. */
export class ItemValues {
  readonly #codec: ValueCodec;
  readonly #overflow: Overflow | undefined;
  readonly #maxItemBytes: number;

  constructor(codec: ValueCodec, overflow: Overflow | undefined, maxItemBytes: number) {
    this.#codec = codec;
    this.#overflow = overflow;
    this.#maxItemBytes = maxItemBytes;
  }

  /** @throws CacheError `CORRUPT`, also for a pointer whose value is gone. */
  async read<T>(item: Item, key: string): Promise<T> {
    const raw = isPointer(item)
      ? await readOverflow(this.#overflow, key, idOf(item))
      : rawValue(item, key);
    const value = await this.#codec.deserialize(raw, key);
    const { entry } = item;
    // The caller names the type of its value, which no store can check.
    return (entry ? withEnvelope(String(plain(entry)), value, key) : value) as T;
  }

  /** False for a pointer whose value is gone, or that nothing here can follow. */
  async has(item: Item, key: string): Promise<boolean> {
    return !isPointer(item) || (this.#overflow?.has(key, idOf(item)) ?? false);
  }

  /** The change that writes a value, under a fresh version. `exp` in epoch milliseconds. */
  change({ key, value, ttl }: StoreEntry, pk: string, exp: number): MaybePromise<ValueChange> {
    const content = { key, pk, envelope: envelopeOf(value), exp };
    const id = uniqueId();
    const change = (raw: Raw): MaybePromise<ValueChange> => {
      const { expression, values, bytes } = valueChange(raw, content);
      if (bytes <= this.#maxItemBytes) return { expression, values, exp, id };
      if (!this.#overflow) throw tooLarge(key, bytes, this.#maxItemBytes, false);
      const pointer = valueChange(true, content);
      if (pointer.bytes > ITEM_LIMIT_BYTES)
        throw tooLarge(key, pointer.bytes, ITEM_LIMIT_BYTES, true);
      return this.#overflow.write(key, id, raw, ttl).then(() => ({ ...pointer, exp, id }));
    };
    // A promise in a promise is one promise.
    return whenReady(
      this.#codec.serialize(bareValue(value), key),
      change,
    ) as MaybePromise<ValueChange>;
  }
}
