import type { CacheService } from '@glasswork/cache';
import { type Author, createAuthors, type Queryable } from './authors.js';

export interface Post {
  readonly title: string;
  readonly author: Author | null;
}

/** Posts with their authors. Each post asks for its author alone, and no post knows of the others. */
export function createPosts(cache: CacheService, database: Queryable) {
  const authorOf = createAuthors(cache, database);
  return {
    async latest(): Promise<Post[]> {
      const { rows } = await database.query<{ title: string; authorId: string }>(
        'SELECT title, author_id AS "authorId" FROM posts ORDER BY id DESC LIMIT 20',
      );
      return Promise.all(
        rows.map(async ({ title, authorId }) => ({ title, author: await authorOf(authorId) })),
      );
    },
    /** First the database, then the cache: it rejects if the invalidation is not confirmed. */
    async renameAuthor(id: string, name: string): Promise<void> {
      await database.query('UPDATE authors SET name = $2 WHERE id = $1', [id, name]);
      await authorOf.del(id);
    },
  };
}
