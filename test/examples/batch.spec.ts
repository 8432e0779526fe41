import { PGlite } from '@electric-sql/pglite';
import {
  CacheService,
  type CacheStore,
  DynamoDBCacheStore,
  MemoryCacheStore,
} from '@glasswork/cache';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Queryable } from '../../examples/batch/authors.js';
import { createPosts } from '../../examples/batch/posts.js';
import { type Dynalite, startDynalite } from '../servers/dynalite.js';
import { createCacheTable, credentials, region } from '../servers/table.js';

const AUTHORS = ['Ada', 'Grace', 'Barbara', 'Edsger', 'Alan'];
const POSTS = 20;

let postgres: PGlite;
let dynalite: Dynalite;
/** The ids that each query for authors asked for. */
let asked: string[][] = [];
const database: Queryable = {
  query(sql, parameters) {
    if (sql.includes('FROM authors')) asked.push(...(parameters as string[][]));
    return postgres.query(sql, parameters);
  },
};

beforeAll(async () => {
  dynalite = await startDynalite();
  postgres = await PGlite.create();
  await postgres.exec(`
    CREATE TABLE authors (id text PRIMARY KEY, name text NOT NULL);
    CREATE TABLE posts (id int PRIMARY KEY, title text NOT NULL, author_id text NOT NULL);
    INSERT INTO posts SELECT n, 'Post ' || n, (n % 6)::text FROM generate_series(1, ${POSTS}) n;`);
});
afterAll(() => Promise.all([dynalite?.stop(), postgres?.close()]));
beforeEach(async () => {
  asked = [];
  await postgres.exec('DELETE FROM authors');
  for (const [id, name] of AUTHORS.entries())
    await postgres.query('INSERT INTO authors VALUES ($1, $2)', [String(id), name]);
});

describe.each<[string, () => Promise<CacheStore>]>([
  ['memory', async () => new MemoryCacheStore()],
  [
    'DynamoDB',
    async () => {
      const { endpoint } = dynalite;
      const tableName = await createCacheTable(endpoint);
      return new DynamoDBCacheStore({
        ...{ tableName, region, endpoint },
        credentials: async () => credentials,
      });
    },
  ],
])('the example of batch loading, over %s', (_, open) => {
  it('loads all authors of twenty posts with one query, and each once', async () => {
    const posts = createPosts(new CacheService(await open()), database);
    const latest = await posts.latest();
    // The author of post n has the id n modulo 6, and nobody has the id 5.
    expect(latest).toEqual(
      Array.from({ length: POSTS }, (_each, i) => {
        const n = POSTS - i;
        const name = AUTHORS[n % 6];
        return { title: `Post ${n}`, author: name ? { id: String(n % 6), name } : null };
      }),
    );
    expect(asked.map((ids) => ids.toSorted())).toEqual([['0', '1', '2', '3', '4', '5']]);
  });

  it('queries no cached author again, not even one that does not exist', async () => {
    const store = await open();
    await createPosts(new CacheService(store), database).latest();
    const latest = await createPosts(new CacheService(store), database).latest();
    expect(latest).toHaveLength(POSTS);
    expect(asked).toHaveLength(1);
  });

  it('queries only the author that was updated', async () => {
    const posts = createPosts(new CacheService(await open()), database);
    await posts.latest();
    await posts.renameAuthor('3', 'E. W. Dijkstra');
    const authors = (await posts.latest()).map(({ author }) => author);
    expect(authors).toContainEqual({ id: '3', name: 'E. W. Dijkstra' });
    expect(authors).not.toContainEqual({ id: '3', name: 'Edsger' });
    expect(asked.slice(1)).toEqual([['3']]);
  });
});
