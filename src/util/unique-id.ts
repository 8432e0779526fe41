/** Ids whose bytes are drawn at once. */
const DRAWN = 64;
const ID_BYTES = 16;

let drawn: Buffer | undefined;
let at = 0;

/**
 * An id of 128 random bits, in 32 hexadecimal digits.
 *
 * Not the global `crypto.randomUUID()`: its first call loads Web Crypto, several milliseconds of a cold start, while
 * node:crypto is loaded already wherever a request was signed.
 */
export function uniqueId(): string {
  if (!drawn || at === drawn.length) {
    drawn = process.getBuiltinModule('node:crypto').randomBytes(DRAWN * ID_BYTES);
    at = 0;
  }
  at += ID_BYTES;
  return drawn.toString('hex', at - ID_BYTES, at);
}
