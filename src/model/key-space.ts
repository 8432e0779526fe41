import { escapeGlob } from '../util/glob.js';
import { invalid } from './errors.js';

/**
 * Maps a service's keys to storage keys, so that no two records in a store collide:
 *
 *     user key, prefix "app"     app:user:1
 *     user key, no prefix        user:1        and, should it begin with "#",   #key:#1
 *     the service's own records  #tag:app:red   #tags:app:   #prefix:app:   #lease:app:…
 *
 * A prefix never begins with "#", so no user key of a prefixed service does either.
 */
export interface KeySpace {
  readonly prefix: string | undefined;
  key(key: string): string;
  record(kind: 'tag' | 'tags' | 'prefix' | 'lease', name: string): string;
  /** The storage patterns that together match the same user keys as `pattern`. */
  patterns(pattern: string): string[];
}

/** @throws CacheError `INVALID_OPTION` for a prefix outside `[A-Za-z0-9_.-]+`. */
export function keySpace(prefix: string | undefined): KeySpace {
  const start = prefix === undefined ? '' : startOf(prefix);
  const record: KeySpace['record'] = (kind, name) => `#${kind}:${prefix ?? ''}:${name}`;
  if (start)
    return { prefix, key: (key) => start + key, record, patterns: (p) => [escapeGlob(start) + p] };
  return {
    prefix,
    key: (key) => (key[0] === '#' ? `#key:${key}` : key),
    record,
    patterns: (p) => (/^[*?]/.test(p) ? [p, `#key:${p}`] : [/^\\?#/.test(p) ? `#key:${p}` : p]),
  };
}

function startOf(prefix: string): string {
  if (typeof prefix === 'string' && /^[A-Za-z0-9_.-]+$/.test(prefix)) return `${prefix}:`;
  throw invalid('keyPrefix', prefix, 'letters, digits, "_", "." and "-" only');
}

/** True for the storage key of one of a service's own records, false for a user's key. */
export const isRecord = (name: string): boolean =>
  name.startsWith('#') && !name.startsWith('#key:');

const OVERFLOW = '#overflow:';

/** The storage key of a value that its own store, the owner, is too small for. */
export const overflowName = (owner: string, name: string): string => `${OVERFLOW}${owner}:${name}`;

/** True for the storage key of such a value, which is serialised already. */
export const isOverflow = (name: string): boolean => name.startsWith(OVERFLOW);
