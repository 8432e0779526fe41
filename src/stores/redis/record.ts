import type { CacheVersion } from '../../model/cache-store.js';
import { withEnvelope } from '../../model/entry.js';
import type { ValueCodec } from '../../serializers/value-codec.js';
import { whenReady } from '../../util/promises.js';
import { foreign } from './error.js';

/*
 * A record is one string:
 *
 *     kind        1 byte     t a token, s text, b bytes, p a pointer; S, B and P the same in an entry of the service
 *     id         36 bytes    fresh with each write
 *     time       16 bytes    of the write, microseconds by the server's clock
 *     end        15 bytes    of the value, epoch milliseconds by the server's clock
 *     line feed
 *     entry                  in S and B only: the service's data about the value, and a line feed
 *     value                  the serializer's output
 *
 * id and time are the version. The id alone is not enough: a client that lost the reply resends the command with the
 * same id, and that could restore a version that an invalidation has ended.
 */
export const VERSION_BYTES = 52;
export const END_BYTES = 15;
export const HEADER_BYTES = 69;
export const TOKEN = 't';
const TEXT = 's';
const BYTES = 'b';
const ENTRY_OF_TEXT = 'S';
const ENTRY_OF_BYTES = 'B';
/** The value is in the overflow store, under the record's id. */
const POINTER = 'p';
const ENTRY_OF_POINTER = 'P';
const KINDS = [TOKEN, TEXT, BYTES, POINTER, ENTRY_OF_TEXT, ENTRY_OF_BYTES, ENTRY_OF_POINTER];
export const ID_BYTES = 36;

/** The version of a value that another program wrote. It does not reveal changes. */
export const UNKNOWN_VERSION = '?';

const LINE_FEED = 10;

/** The kind of a record and the part after its header. */
export interface RecordBody {
  readonly kind: string;
  readonly body: string | Buffer;
}

/** For the serializer's output. */
export function recordBody(raw: string | Uint8Array, envelope: string | undefined): RecordBody {
  if (typeof raw === 'string') {
    if (envelope === undefined) return { kind: TEXT, body: raw };
    return { kind: ENTRY_OF_TEXT, body: `${envelope}\n${raw}` };
  }
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
  if (envelope === undefined) return { kind: BYTES, body: bytes };
  return { kind: ENTRY_OF_BYTES, body: Buffer.concat([Buffer.from(`${envelope}\n`), bytes]) };
}

/** For a value in the overflow store. */
export const pointerBody = (envelope: string | undefined): RecordBody =>
  envelope === undefined
    ? { kind: POINTER, body: '' }
    : { kind: ENTRY_OF_POINTER, body: `${envelope}\n` };

/** The id of a pointer, from the beginning of its record. Undefined for any other record. */
export const pointerId = (start: string): string | undefined =>
  /^[pP]/.test(start) ? start.slice(1, 1 + ID_BYTES) : undefined;

/** A record as Redis holds it under a key. */
export class RedisRecord {
  readonly #bytes: Buffer;
  /** Empty for a value that another program wrote. */
  readonly #kind: string;
  readonly #header: string;

  constructor(raw: Uint8Array) {
    const bytes = raw instanceof Buffer ? raw : Buffer.from(raw.buffer, raw.byteOffset, raw.length);
    const kind = String.fromCharCode(bytes[0] ?? 0);
    this.#bytes = bytes;
    this.#kind = KINDS.includes(kind) && bytes[HEADER_BYTES - 1] === LINE_FEED ? kind : '';
    // The whole header in one call, because a call costs more than the characters.
    this.#header = bytes.toString('latin1', 0, HEADER_BYTES);
  }

  get bytes(): number {
    return this.#bytes.length;
  }

  get header(): Uint8Array {
    return this.#bytes.subarray(0, HEADER_BYTES);
  }

  get isToken(): boolean {
    return this.#kind === TOKEN;
  }

  get isText(): boolean {
    return this.#kind === TEXT || this.#kind === ENTRY_OF_TEXT;
  }

  /** True for a record whose value is in the overflow store. */
  get isPointer(): boolean {
    return this.#kind === POINTER || this.#kind === ENTRY_OF_POINTER;
  }

  /** The service's data about the value of a pointer. */
  get pointerEnvelope(): string | undefined {
    if (this.#kind !== ENTRY_OF_POINTER) return undefined;
    return this.#bytes.toString('utf8', HEADER_BYTES, this.#bytes.length - 1);
  }

  /** The id of the write that made the record. */
  get id(): string {
    return this.#header.slice(1, 1 + ID_BYTES);
  }

  get version(): CacheVersion {
    return this.#kind ? this.#header.slice(1, 1 + VERSION_BYTES) : UNKNOWN_VERSION;
  }

  get expiresAt(): number {
    const start = 1 + VERSION_BYTES;
    return Number(this.#header.slice(start, start + END_BYTES));
  }

  /**
   * A promise if the serializer returns one.
   *
   * @throws CacheError `CORRUPT` for a value that another program or another serializer wrote.
   */
  value(key: string, codec: ValueCodec): unknown {
    switch (this.#kind) {
      case TEXT:
        return codec.deserialize(this.#bytes.toString('utf8', HEADER_BYTES), key);
      case BYTES:
        return codec.deserialize(this.#bytes.subarray(HEADER_BYTES), key);
      case ENTRY_OF_TEXT:
      case ENTRY_OF_BYTES:
        return this.#entry(key, codec);
    }
    throw foreign(key);
  }

  #entry(key: string, codec: ValueCodec): unknown {
    const end = this.#bytes.indexOf(LINE_FEED, HEADER_BYTES);
    const envelope = this.#bytes.toString('utf8', HEADER_BYTES, end);
    const isText = this.#kind === ENTRY_OF_TEXT;
    const raw = isText ? this.#bytes.toString('utf8', end + 1) : this.#bytes.subarray(end + 1);
    return whenReady(codec.deserialize(raw, key), (value) => withEnvelope(envelope, value, key));
  }
}
