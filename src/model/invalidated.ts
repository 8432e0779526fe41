/**
 * The subject of a confirmed invalidation, as the caller wrote it. `prefix` is everything under the service's prefix,
 * and undefined for a service without one.
 */
export type Invalidated =
  | { readonly keys: readonly string[] }
  | { readonly tags: readonly string[] }
  | { readonly pattern: string }
  | { readonly prefix: string | undefined };

/** See `CacheConfig.onInvalidate`. */
export type OnInvalidate = (what: Invalidated & { readonly soft: boolean }) => Promise<void> | void;

/** The most names in a message. */
const MOST_NAMES = 10;

/** The subject in a message. Bounded, because one call may invalidate thousands of keys. */
export function nameOf(what: Invalidated): string {
  if ('pattern' in what) return what.pattern;
  if ('prefix' in what) return what.prefix === undefined ? 'all keys' : `prefix ${what.prefix}`;
  return listOf('keys' in what ? what.keys : what.tags);
}

/** The names, shortened to the first ones. */
export function listOf(names: readonly string[]): string {
  const more = names.length - MOST_NAMES;
  return names.slice(0, MOST_NAMES).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
