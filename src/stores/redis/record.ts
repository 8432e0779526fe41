import type { CacheVersion } from '../../model/cache-store.js';
import { withEnvelope } from '../../model/entry.js';
import { CacheError } from '../../model/errors.js';
import type { ValueCodec } from '../../serializers/value-codec.js';

/*
 * A record is one string:
 *
 *     kind        1 byte     t a token, s text, b bytes; S and B the same in an entry of the service
 *     id         36 bytes    fresh with each write
 *     time       16 bytes    of the write, microseconds by the server's clock
 *     end        15 bytes    of the value, epoch milliseconds by the server's clock
 *     line feed
 *     entry                  in S and B alone: what the service keeps with a value, and a line feed
 *     value                  what the serializer wrote
 *
 * id and time are the version. The id alone would not do: a command that a client sends again after it lost the reply
 * carries the same one, and could bring back a version that an invalidation has ended.
 */
export const VERSION_BYTES = 52;
export const END_BYTES = 15;
export const HEADER_BYTES = 69;
export const TOKEN = 't';
const TEXT = 's';
const BYTES = 'b';
const ENTRY_OF_TEXT = 'S';
const ENTRY_OF_BYTES = 'B';
const KINDS = [TOKEN, TEXT, BYTES, ENTRY_OF_TEXT, ENTRY_OF_BYTES];

/** The version of what some other program wrote: it says nothing of changes. */
export const UNKNOWN_VERSION = '?';

const LINE_FEED = 10;

/** The kind of a record, and what follows the header, from what the serializer wrote. */
export function recordBody(
  raw: string | Uint8Array,
  envelope: string | undefined,
): { kind: string; body: string | Buffer } {
  if (typeof raw === 'string') {
    if (envelope === undefined) return { kind: TEXT, body: raw };
    return { kind: ENTRY_OF_TEXT, body: `${envelope}\n${raw}` };
  }
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
  if (envelope === undefined) return { kind: BYTES, body: bytes };
  return { kind: ENTRY_OF_BYTES, body: Buffer.concat([Buffer.from(`${envelope}\n`), bytes]) };
}

/** What Redis holds under a key. */
export class StoredRecord {
  readonly #bytes: Buffer;
  /** Empty for what some other program wrote. */
  readonly #kind: string;
  readonly #header: string;

  constructor(raw: Uint8Array) {
    const bytes = raw instanceof Buffer ? raw : Buffer.from(raw.buffer, raw.byteOffset, raw.length);
    const kind = String.fromCharCode(bytes[0] ?? 0);
    this.#bytes = bytes;
    this.#kind = KINDS.includes(kind) && bytes[HEADER_BYTES - 1] === LINE_FEED ? kind : '';
    // At once: a call costs more than the characters do.
    this.#header = bytes.toString('latin1', 0, HEADER_BYTES);
  }

  get bytes(): number {
    return this.#bytes.length;
  }

  get isToken(): boolean {
    return this.#kind === TOKEN;
  }

  get version(): CacheVersion {
    return this.#kind ? this.#header.slice(1, 1 + VERSION_BYTES) : UNKNOWN_VERSION;
  }

  get expiresAt(): number {
    const start = 1 + VERSION_BYTES;
    return Number(this.#header.slice(start, start + END_BYTES));
  }

  /** @throws CacheError `CORRUPT` for what some other program wrote, or another serializer. */
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
    const message = `What Redis holds under "${key}" is no record of this store: what else writes below its prefix?`;
    throw new CacheError('CORRUPT', message, { subject: key });
  }

  #entry(key: string, codec: ValueCodec): unknown {
    const end = this.#bytes.indexOf(LINE_FEED, HEADER_BYTES);
    const envelope = this.#bytes.toString('utf8', HEADER_BYTES, end);
    const isText = this.#kind === ENTRY_OF_TEXT;
    const raw = isText ? this.#bytes.toString('utf8', end + 1) : this.#bytes.subarray(end + 1);
    return withEnvelope(envelope, codec.deserialize(raw, key), key);
  }
}
