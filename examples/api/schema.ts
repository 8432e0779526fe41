/** The tables of the example: what an item is, what people think of it, and where it lies. */
export const SCHEMA = `
  CREATE TABLE categories (
    id integer PRIMARY KEY,
    name text NOT NULL UNIQUE
  );
  CREATE TABLE items (
    id text PRIMARY KEY,
    category_id integer NOT NULL REFERENCES categories,
    name text NOT NULL,
    price numeric(10, 2) NOT NULL,
    description text NOT NULL DEFAULT '',
    max_age double precision NOT NULL DEFAULT 300
  );
  CREATE INDEX ON items (category_id);
  CREATE TABLE reviews (
    item_id text NOT NULL REFERENCES items,
    rating integer NOT NULL CHECK (rating BETWEEN 1 AND 5)
  );
  CREATE INDEX ON reviews (item_id);
  CREATE TABLE stock (
    item_id text NOT NULL REFERENCES items,
    warehouse integer NOT NULL,
    units integer NOT NULL,
    PRIMARY KEY (item_id, warehouse)
  );
`;
