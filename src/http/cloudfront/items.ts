import { invalid } from '../../model/errors.js';
import { EVERYTHING } from '../edge-tags.js';

/** CloudFront's limit on the items of all running invalidations of a distribution. */
const MOST_ITEMS = 3_000;
/** CloudFront's limit on the paths with a wildcard among them. */
const MOST_WILDCARDS = 15;
/** CloudFront's limit on a path, characters. */
const LONGEST_PATH = 4_000;

/** The items of one request to purge. */
export interface PurgeItems {
  readonly tags: readonly string[];
  readonly paths: readonly string[];
}

/**
 * A path as CloudFront expects it: from the root, with a query if the distribution caches by it, URL-encoded, `*` at most
 * at its end.
 *
 * @throws CacheError `INVALID_OPTION` if CloudFront would refuse it.
 */
export function purgePath(path: string): string {
  const text = String(path);
  const isPath = text.startsWith('/') && /^[^*]*\*?$/.test(text) && text.isWellFormed();
  // Escapes in it stay, because encoding "%20" again would name another path.
  const encoded = isPath ? text.replace(/[^!-~]+/g, encodeURIComponent) : '';
  if (encoded && encoded.length <= LONGEST_PATH) return encoded;
  const give = `a path that begins with "/", of at most ${LONGEST_PATH} characters, with "*" only at its end`;
  throw invalid('path', path, give);
}

/**
 * The same items within CloudFront's limits. Beyond them, one item that covers all of its kind takes their place: it costs
 * loads, whereas a second request would be refused while the first one runs.
 */
export function withinLimit(tags: readonly string[], paths: readonly string[]): PurgeItems {
  const wildcards = paths.filter((path) => path.endsWith('*'));
  const isMany = paths.length >= MOST_ITEMS || wildcards.length > MOST_WILDCARDS;
  const covering = isMany ? ['/*'] : paths;
  const isMuch = tags.length + covering.length > MOST_ITEMS;
  return { tags: isMuch ? [EVERYTHING] : tags, paths: covering };
}
