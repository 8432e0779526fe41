import { PGlite } from '@electric-sql/pglite';
import { itemId, type Seed, seed } from '../../api/seed.js';
import { answerParent } from '../answer.js';

// A real PostgreSQL, compiled to WebAssembly. Its queries block the process that they run in, hence a process of its own.
const database = PGlite.create();

interface Setup extends Seed {
  readonly idLength: number;
  /** Of an item as JSON. */
  readonly valueBytes: number;
  /** Of a JSON item without its description. */
  readonly bareBytes: number;
  readonly maxAges: readonly number[];
}

const calls = {
  async setUp({ maxAges, valueBytes, bareBytes, ...options }: Setup): Promise<void> {
    const postgres = await database;
    await seed(postgres, options);
    const ids = maxAges.map((_, index) => itemId(index + 1, options.idLength));
    await postgres.query(
      `UPDATE items SET max_age = given.age, description = repeat('x', $3::int)
         FROM unnest($1::text[], $2::float8[]) AS given(id, age) WHERE items.id = given.id`,
      [ids, maxAges, Math.max(0, valueBytes - bareBytes)],
    );
  },

  async query({ sql, parameters }: { sql: string; parameters: unknown[] }): Promise<unknown[]> {
    const { rows } = await (await database).query(sql, parameters);
    return rows;
  },
};
export type DatabaseCalls = typeof calls;

answerParent(calls);
