import type { StoredRecord } from '../stores/stored-record.js';
import { globMatcher, literalStart } from '../util/glob.js';
import { stateOf, userKey, userStart } from './entries.js';
import type { Target } from './target/target.js';

export interface FoundKey {
  /** As the caller of the service wrote it; the storage key of a record of the service. */
  readonly key: string;
  readonly record: StoredRecord;
}

export interface SearchPage {
  readonly rows: readonly FoundKey[];
  /** The number of records that were read for them. */
  readonly read: number;
}

export interface SearchOptions {
  /** Expired and invalidated values, too. */
  readonly dead?: boolean;
  /** Records of the cache itself, too. */
  readonly records?: boolean;
  /** The most keys that are wanted. */
  readonly limit: number;
  /** About as many records as are read at once. Default: the limit, if there is one. */
  readonly pageSize?: number;
}

/** Yields the keys that match the pattern, page by page. */
export async function* searchKeys(
  { inspection, keys }: Target,
  pattern: string,
  options: SearchOptions,
): AsyncGenerator<SearchPage> {
  const { dead, records, limit } = options;
  const { pageSize = Number.isFinite(limit) ? limit + 1 : undefined } = options;
  const matches = globMatcher(pattern);
  // Redis may return a key twice.
  const seen = new Set<string>();
  const start = records ? '' : userStart(keys) + literalStart(pattern);
  for await (const page of inspection.pages(start.startsWith('#') ? '' : start, pageSize)) {
    const now = Date.now();
    const rows = page.flatMap((record) => {
      const own = userKey(record.key, keys);
      const key = own ?? (records && record.key.startsWith('#') ? record.key : undefined);
      if (key === undefined || seen.has(key)) return [];
      if (own !== undefined && !matches(key)) return [];
      const state = stateOf(record, now);
      if (!dead && state !== 'live' && state !== 'stale' && state !== 'foreign') return [];
      if (Number.isFinite(limit)) seen.add(key);
      return [{ key, record }];
    });
    yield { rows, read: page.length };
  }
}
