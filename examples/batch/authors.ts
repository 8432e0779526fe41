import { type CacheService, createCacheKey } from '@glasswork/cache';

/** The part of `pg` and PGlite that the queries use. */
export interface Queryable {
  query<T>(sql: string, parameters?: unknown[]): Promise<{ rows: T[] }>;
}

export interface Author {
  readonly id: string;
  readonly name: string;
}

const authorKey = createCacheKey('author', (id: string) => `author:${id}`, {
  ttl: '5m',
}).of<Author | null>();

/** One author by id. Calls issued in the same tick become one query, for the authors that are not cached. */
export function createAuthors(cache: CacheService, database: Queryable) {
  return cache.memoizeMany(authorKey, async (missing) => {
    const ids = missing.map(({ args: [id] }) => id);
    const { rows } = await database.query<Author>(
      'SELECT id, name FROM authors WHERE id = ANY($1)',
      [ids],
    );
    const byId = new Map(rows.map((row) => [row.id, row]));
    // In the order of the keys. Null is cached too: that there is no such author.
    return ids.map((id) => byId.get(id) ?? null);
  });
}
