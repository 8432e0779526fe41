import type { Item, ItemChanges, ItemSummary, Items } from './items.js';

/** What PGlite offers, and `pg`'s Pool as well. */
export interface Queryable {
  query<Row>(sql: string, parameters?: unknown[]): Promise<{ rows: Row[] }>;
}

const FIND = `
  SELECT i.id, i.name, c.name AS category, i.price::float8 AS price, i.description,
         i.max_age AS "maxAge",
         r.average, r.count, s.warehouses, s.units
    FROM items i
    JOIN categories c ON c.id = i.category_id
   CROSS JOIN LATERAL (
         SELECT round(avg(rating), 2)::float8 AS average, count(*)::int AS count
           FROM reviews WHERE item_id = i.id) r
   CROSS JOIN LATERAL (
         SELECT count(*)::int AS warehouses, coalesce(sum(units), 0)::int AS units
           FROM stock WHERE item_id = i.id AND units > 0) s
   WHERE i.id = $1`;

const LIST = `
  SELECT i.id, i.name, i.price::float8 AS price
    FROM items i
    JOIN categories c ON c.id = i.category_id
    LEFT JOIN stock s ON s.item_id = i.id
   WHERE c.name = $1
   GROUP BY i.id
   ORDER BY coalesce(sum(s.units), 0) DESC, i.id
   LIMIT 50`;

const UPDATE = `
  UPDATE items i
     SET name = coalesce($2, i.name), price = coalesce($3, i.price)
    FROM categories c
   WHERE i.id = $1 AND c.id = i.category_id
  RETURNING c.name AS category`;

interface ItemRow extends Omit<Item, 'rating' | 'stock'> {
  readonly average: number | null;
  readonly count: number;
  readonly warehouses: number;
  readonly units: number;
}

/** The items as the database knows them: every call is a query. */
export class ItemDatabase implements Items {
  readonly #database: Queryable;

  constructor({ database }: { database: Queryable }) {
    this.#database = database;
  }

  async find(id: string): Promise<Item | null> {
    const { rows } = await this.#database.query<ItemRow>(FIND, [id]);
    if (!rows[0]) return null;
    const { average, count, warehouses, units, ...item } = rows[0];
    return { ...item, rating: { average, count }, stock: { warehouses, units } };
  }

  async list(category: string): Promise<ItemSummary[]> {
    const { rows } = await this.#database.query<ItemSummary>(LIST, [category]);
    return rows;
  }

  async update(
    id: string,
    { name = null, price = null }: { [K in keyof ItemChanges]: ItemChanges[K] | null },
  ): Promise<{ category: string } | null> {
    const parameters = [id, name, price];
    const { rows } = await this.#database.query<{ category: string }>(UPDATE, parameters);
    return rows[0] ?? null;
  }
}
