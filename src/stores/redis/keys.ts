import { invalid } from '../../model/errors.js';
import { globMatcher, literalStart } from '../../util/glob.js';

/** UTF-8 cannot encode half a surrogate pair. A NUL character replaces it, so NUL itself is escaped, too. */
const UNSAFE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]|\0/g;
const ESCAPED = /\0(0|d[0-9a-f]{3})/g;

/** A store's part of the key space: all keys below a prefix. */
export interface RedisKeys {
  /** The key in Redis. */
  encode(key: string): string;
  /** Undefined for a key outside the prefix. */
  decode(stored: Uint8Array): string | undefined;
  /** A key in Redis that no key encodes to. */
  readonly unused: string;
  /** A pattern for SCAN that finds at least all keys that a glob matches; without a glob, all keys below the prefix. */
  scanPattern(glob?: string): string;
  /** Tests a key in Redis against a glob, because SCAN's patterns differ from our globs. */
  matcher(glob: string): (stored: Uint8Array) => boolean;
}

/**
 * Redis keys are up to 512 MB of bytes, so a key is stored as UTF-8 after the prefix. Half a surrogate pair, which
 * UTF-8 cannot encode, becomes a NUL and its number, and a NUL becomes a NUL and a zero, so no two keys collide.
 *
 * @throws CacheError `INVALID_OPTION` for an empty prefix, because `clear()` would delete the whole database.
 */
export function redisKeys(prefix: string): RedisKeys {
  if (typeof prefix !== 'string' || prefix === '' || !prefix.isWellFormed()) {
    throw invalid('prefix', prefix, 'a name, because clear() deletes every key below it');
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

/** Escapes `[` and `]`, too, which are special in Redis globs only. */
const literal = (text: string): string => text.replace(/[*?[\]\\]/g, '\\$&');
