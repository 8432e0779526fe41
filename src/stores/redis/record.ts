import type { CacheVersion } from '../../model/cache-store.js';
import { CacheError } from '../../model/errors.js';

/*
 * A record is one string:
 *
 *     kind        1 byte     t a token, s text, b bytes
 *     id         36 bytes    fresh with each write
 *     time       16 bytes    of the write, microseconds by the server's clock
 *     end        15 bytes    of the value, epoch milliseconds by the server's clock
 *     line feed
 *     value                  what the serializer wrote
 *
 * id and time are the version. The id alone would not do: a command that a client sends again after it lost the reply
 * carries the same one, and could bring back a version that an invalidation has ended.
 */
export const VERSION_BYTES = 52;
export const END_BYTES = 15;
export const HEADER_BYTES = 69;
export const TOKEN = 't';
export const TEXT = 's';
export const BYTES = 'b';

/** The version of what some other program wrote: it says nothing of changes. */
export const UNKNOWN_VERSION = '?';

const LINE_FEED = 10;

/** What Redis holds under a key. */
export class StoredRecord {
  readonly #bytes: Buffer;
  /** Empty for what some other program wrote. */
  readonly #kind: string;
  readonly #header: string;

  constructor(raw: Uint8Array) {
    const bytes = raw instanceof Buffer ? raw : Buffer.from(raw.buffer, raw.byteOffset, raw.length);
    const kind = String.fromCharCode(bytes[0] ?? 0);
    const isKind = kind === TEXT || kind === BYTES || kind === TOKEN;
    this.#bytes = bytes;
    this.#kind = isKind && bytes[HEADER_BYTES - 1] === LINE_FEED ? kind : '';
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

  /** What the serializer wrote. @throws CacheError `CORRUPT` for what some other program wrote. */
  value(key: string): string | Uint8Array {
    if (this.#kind === TEXT) return this.#bytes.toString('utf8', HEADER_BYTES);
    if (this.#kind === BYTES) return this.#bytes.subarray(HEADER_BYTES);
    const message = `What Redis holds under "${key}" is no record of this store: what else writes below its prefix?`;
    throw new CacheError('CORRUPT', message, { subject: key });
  }
}
