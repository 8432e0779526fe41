import type { StoreEntry } from '../../model/cache-store.js';
import { bareValue, envelopeOf, withEnvelope } from '../../model/entry.js';
import type { Raw } from '../../serializers/serializer.js';
import type { ValueCodec } from '../../serializers/value-codec.js';
import { type MaybePromise, whenReady } from '../../util/promises.js';
import { tooLarge } from '../overflow/error.js';
import { type Overflow, readOverflow } from '../overflow/overflow.js';
import { pointerBody, type RecordBody, type RedisRecord, recordBody } from './record.js';

/** Converts between values and records. A value that is too large for its record is in the overflow store. */
export class RecordValues {
  readonly #codec: ValueCodec;
  readonly #overflow: Overflow | undefined;
  readonly #maxBytes: number;

  constructor(codec: ValueCodec, overflow: Overflow | undefined, maxBytes: number) {
    this.#codec = codec;
    this.#overflow = overflow;
    this.#maxBytes = maxBytes;
  }

  /** @throws CacheError `CORRUPT`, also for a pointer whose value is gone. */
  read(record: RedisRecord, key: string): unknown {
    return record.isPointer ? this.#pointed(record, key) : record.value(key, this.#codec);
  }

  /** The part of a record after its header. `id` is unique to the write. */
  body({ key, value, ttl }: StoreEntry, id: string): MaybePromise<RecordBody> {
    const envelope = envelopeOf(value);
    const body = (raw: Raw) => {
      const isLarge = this.#maxBytes < Infinity && Buffer.byteLength(raw) > this.#maxBytes;
      if (!isLarge) return recordBody(raw, envelope);
      return this.#overflowing(key, id, raw, ttl).then(() => pointerBody(envelope));
    };
    // A promise in a promise is one promise.
    return whenReady(
      this.#codec.serialize(bareValue(value), key),
      body,
    ) as MaybePromise<RecordBody>;
  }

  async #overflowing(key: string, id: string, raw: Raw, ttl: number): Promise<void> {
    if (!this.#overflow) throw tooLarge(key, Buffer.byteLength(raw), this.#maxBytes, false);
    await this.#overflow.write(key, id, raw, ttl);
  }

  async #pointed(record: RedisRecord, key: string): Promise<unknown> {
    const raw = await readOverflow(this.#overflow, key, record.id);
    const value = await this.#codec.deserialize(raw, key);
    const { pointerEnvelope: envelope } = record;
    return envelope === undefined ? value : withEnvelope(envelope, value, key);
  }
}
