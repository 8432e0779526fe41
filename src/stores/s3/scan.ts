import { pause } from '../../model/time.js';
import { type Database, isDirectoryBucket, MOST_DELETIONS } from './database.js';
import { s3Error } from './error.js';
import type { S3Keys } from './keys.js';

/** The most requests to delete the same objects, because a throttled bucket may keep some. */
const MOST_ROUNDS = 5;
const FIRST_PAUSE_MS = 50;
const MAY_PASS = /^(InternalError|ServiceUnavailable|SlowDown|OperationAborted)$/;

/**
 * Yields the names of the store's objects, page by page; with a pattern, those that it may match. Names of other
 * programs below the prefix are left out.
 */
export async function* listNames(
  database: Database,
  keys: S3Keys,
  pattern?: string,
): AsyncGenerator<string[]> {
  // A directory bucket lists folders only, and a name that has just the right start is not one.
  const isByFolder = isDirectoryBucket(database.place.bucket);
  const starts = isByFolder ? keys.folders : keys.starts(pattern);
  for (const start of starts) {
    let from: string | undefined;
    do {
      const { names, next } = await database.list(start, from);
      yield names.filter((name) => name.startsWith(start) && keys.decode(name) !== undefined);
      from = next;
    } while (from !== undefined);
  }
}

/** @throws CacheError if an object may be left. */
export async function deleteObjects(database: Database, names: readonly string[]): Promise<void> {
  for (let at = 0; at < names.length; at += MOST_DELETIONS) {
    let left: readonly string[] = names.slice(at, at + MOST_DELETIONS);
    for (let round = 1; left.length > 0; round++) {
      const errors = await database.delete(left);
      const final = errors.find(({ type }) => round === MOST_ROUNDS || !MAY_PASS.test(type));
      if (final) throw s3Error('delete', database.place, final);
      left = errors.map(({ name }) => name);
      if (left.length > 0) await pause(Math.random() * FIRST_PAUSE_MS * 2 ** round);
    }
  }
}
