import { seeded } from '../examples/demo/random.js';

const WORDS =
  'soft cotton shirt with long sleeves and a round neck made in small series for warm days on the coast'.split(
    ' ',
  );
const COLOURS = ['white', 'black', 'navy', 'olive', 'sand'];

/** A list of products as an API returns it, 100 KB of JSON: names repeat, ids, prices and words differ. */
export function catalogue(): unknown {
  const random = seeded(7);
  const text = (count: number) =>
    Array.from({ length: count }, () => pick(random, WORDS)).join(' ');
  const products: object[] = [];
  while (JSON.stringify(products).length < 100 * 1024) {
    products.push({
      id: `prd_${Math.floor(random() * 1e12).toString(36)}`,
      title: text(4),
      description: text(14),
      price: { amount: Math.floor(random() * 20_000) / 100, currency: 'EUR' },
      colours: COLOURS.filter(() => random() < 0.5),
      available: random() < 0.8,
      updatedAt: new Date(1.7e12 + Math.floor(random() * 1e10)).toJSON(),
    });
  }
  return products;
}

/** Rows with dates, sets, undefined fields and nested parts, for the serializer that keeps them. */
export const mixed = (): unknown =>
  rows().map((row) => ({ ...row, at: new Date(row.at), tags: new Set(row.tags), note: undefined }));

/** The same rows as far as JSON can say. */
export const plain = (): unknown =>
  rows().map((row) => ({ ...row, at: new Date(row.at).toJSON() }));

const rows = () =>
  Array.from({ length: 200 }, (_, id) => ({
    id,
    name: `user ${id}`,
    at: 1.7e12 + id,
    tags: ['a', `b${id}`],
    price: 12.5 * id,
    active: id % 2 === 0,
    nested: { list: [1, 2, 3], text: 'some text of a usual length' },
  }));

const pick = <T>(random: () => number, from: readonly T[]): T | undefined =>
  from[Math.floor(random() * from.length)];
