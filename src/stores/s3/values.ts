import type { StoreEntry } from '../../model/cache-store.js';
import { bareValue, envelopeOf } from '../../model/entry.js';
import type { Raw } from '../../serializers/serializer.js';
import type { ValueCodec } from '../../serializers/value-codec.js';
import { type MaybePromise, whenReady } from '../../util/promises.js';
import { tooLarge } from '../overflow/error.js';
import { LARGEST_OBJECT_BYTES } from './options.js';
import { type Content, type S3Record, valueRecord } from './record.js';

/** Converts between values and objects. */
export class ObjectValues {
  readonly #codec: ValueCodec;

  constructor(codec: ValueCodec) {
    this.#codec = codec;
  }

  /** @throws CacheError `CORRUPT`. */
  read(record: S3Record, key: string): Promise<unknown> {
    return record.value(key, this.#codec);
  }

  /** The object that holds a value. `end` in epoch milliseconds. @throws CacheError `VALUE_TOO_LARGE`. */
  content({ key, value }: StoreEntry, end: number): MaybePromise<Content> {
    const content = (raw: Raw): Content => {
      const bytes = Buffer.byteLength(raw);
      if (bytes > LARGEST_OBJECT_BYTES) throw tooLarge(key, bytes, LARGEST_OBJECT_BYTES, true);
      return valueRecord(key, raw, envelopeOf(value), end);
    };
    return whenReady(this.#codec.serialize(bareValue(value), key), content);
  }
}
