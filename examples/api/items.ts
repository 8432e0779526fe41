import { createCacheKey } from '@glasswork/cache';
import * as v from 'valibot';

export const ItemSchema = v.object({
  id: v.string(),
  name: v.string(),
  category: v.string(),
  price: v.number(),
  description: v.string(),
  rating: v.object({ average: v.nullable(v.number()), count: v.number() }),
  stock: v.object({ warehouses: v.number(), units: v.number() }),
  /** How long the item may be cached, seconds. */
  maxAge: v.number(),
});
export type Item = v.InferOutput<typeof ItemSchema>;

export const ItemSummarySchema = v.object({ id: v.string(), name: v.string(), price: v.number() });
export type ItemSummary = v.InferOutput<typeof ItemSummarySchema>;

export const ItemChangesSchema = v.partial(
  v.object({
    name: v.pipe(v.string(), v.nonEmpty()),
    price: v.pipe(v.number(), v.minValue(0)),
  }),
);
export type ItemChanges = v.InferOutput<typeof ItemChangesSchema>;

/** What the routes need: the database offers it, and the cached service over the database does too. */
export interface Items {
  find(id: string): Promise<Item | null>;
  list(category: string): Promise<ItemSummary[]>;
  /** Null when there is no such item. */
  update(id: string, changes: ItemChanges): Promise<{ category: string } | null>;
}

/** Every key of this API. A deployment that changes a schema never serves values of the old shape. */
export const CacheKeys = {
  item: createCacheKey('item', (id: string) => `item:${id}`, {
    schema: v.nullable(ItemSchema),
    ttl: '5m',
  }),
  list: createCacheKey('list', (category: string) => `list:${category}`, {
    schema: v.array(ItemSummarySchema),
    tags: (category) => [tagOf(category)],
  }),
};

export const tagOf = (category: string): string => `category:${category}`;
