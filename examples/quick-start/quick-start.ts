import { CacheService, MemoryCacheStore } from '@glasswork/cache';

const prices = new Map([['book', 12]]);
let queries = 0;

/** Your database goes here. */
async function priceFromDatabase(id: string): Promise<number | null> {
  queries++;
  return prices.get(id) ?? null;
}

const cache = new CacheService(new MemoryCacheStore(), { keyPrefix: 'shop' });
const priceOf = (id: string) => cache.wrap(`price:${id}`, '5m', () => priceFromDatabase(id));

console.log(
  'many callers, one query:',
  await Promise.all([priceOf('book'), priceOf('book')]),
  queries,
);
console.log('from the cache:', await priceOf('book'), queries);

prices.set('book', 15);
await cache.del('price:book');
console.log('after an update:', await priceOf('book'), queries);

await cache.close();
