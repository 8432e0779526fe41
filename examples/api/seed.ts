import type { Queryable } from './item-database.js';
import { SCHEMA } from './schema.js';

export interface Seed {
  readonly items: number;
  readonly categories?: number | undefined;
  readonly reviewsPerItem?: number | undefined;
  /** Characters of an item's id at least: filled up with zeros. */
  readonly idLength?: number | undefined;
}

/** The id of the nth item, from 1. */
export const itemId = (n: number, idLength = 0): string => String(n).padStart(idLength, '0');

/** Creates the tables and fills them. The same numbers give the same rows. */
export async function seed(
  database: Queryable & { exec(sql: string): Promise<unknown> },
  { items, categories = 20, reviewsPerItem = 20, idLength = 0 }: Seed,
): Promise<void> {
  await database.exec(SCHEMA);
  await database.query(
    `INSERT INTO categories SELECT n, 'category-' || n FROM generate_series(1, $1::int) n`,
    [categories],
  );
  // Multiplying by a prime and taking the remainder scatters the numbers without chance.
  await database.query(
    `INSERT INTO items (id, category_id, name, price)
     SELECT lpad(n::text, greatest($3::int, length(n::text)), '0'), n * 7919 % $2 + 1, 'Item ' || n, n * 7919 % 9900 / 100.0 + 1
       FROM generate_series(1, $1::int) n`,
    [items, categories, idLength],
  );
  await database.query(
    `INSERT INTO reviews
     SELECT i.id, (i.price * 100)::int * n * 7919 % 5 + 1 FROM items i, generate_series(1, $1::int) n`,
    [reviewsPerItem],
  );
  await database.query(
    `INSERT INTO stock
     SELECT i.id, n, (i.price * 100)::int * n * 7919 % 40 FROM items i, generate_series(1, 8) n`,
  );
  await database.exec('ANALYZE');
}
