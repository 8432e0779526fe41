import { CacheError } from '../../model/errors.js';
import { globMatcher, literalStart } from '../../util/glob.js';

/** UTF-8 cannot hold half a surrogate pair; a NUL character stands for it, so NUL is escaped, too. */
const UNSAFE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]|\0/g;
const ESCAPED = /\0(0|d[0-9a-f]{3})/g;

/** A store's part of the key space: everything below a prefix. */
export interface KeySpace {
  /** The key in Redis. */
  encode(key: string): string;
  /** Undefined for a key outside the prefix. */
  decode(stored: Uint8Array): string | undefined;
  /** A key in Redis that no key encodes to. */
  readonly unused: string;
  /** A pattern for SCAN that finds all that a glob can match, and more; everything below the prefix without a glob. */
  scanPattern(glob?: string): string;
  /** Decides for a key in Redis: SCAN's patterns are not our globs. */
  matcher(glob: string): (stored: Uint8Array) => boolean;
}

/**
 * Redis keys are bytes of up to 512 MB, so a key is its own UTF-8 behind the prefix. Half a surrogate pair, which has
 * none, becomes a NUL and its number, and a NUL becomes a NUL and a zero, so no two keys meet.
 *
 * @throws CacheError `INVALID_OPTION` for an empty prefix: `clear()` would wipe the database.
 */
export function keySpace(prefix: string): KeySpace {
  if (typeof prefix !== 'string' || prefix === '' || !prefix.isWellFormed()) {
    const message = `prefix is ${JSON.stringify(prefix)}: give a name, because clear() deletes every key below it.`;
    throw new CacheError('INVALID_OPTION', message, { subject: 'prefix' });
  }
  const start = prefix.endsWith(':') ? prefix : `${prefix}:`;
  // A prefix may begin with the character of a byte order mark.
  const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

  const decode = (stored: Uint8Array): string | undefined => {
    const text = utf8.decode(stored);
    if (!text.startsWith(start)) return undefined;
    return text
      .slice(start.length)
      .replace(ESCAPED, (_, code) => String.fromCharCode(Number.parseInt(code, 16)));
  };
  return {
    encode: (key) => start + escaped(key),
    decode,
    unused: `${start}\0`,
    scanPattern: (glob = '') => `${literal(start + escaped(literalStart(glob)))}*`,
    matcher(glob) {
      const matches = globMatcher(glob);
      return (stored) => {
        const key = decode(stored);
        return key !== undefined && matches(key);
      };
    },
  };
}

function escaped(key: string): string {
  if (key.isWellFormed() && !key.includes('\0')) return key;
  return key.replace(UNSAFE, (unit) => `\0${unit.charCodeAt(0).toString(16)}`);
}

/** Redis' own globs also know `[` and `]`. */
const literal = (text: string): string => text.replace(/[*?[\]\\]/g, '\\$&');
