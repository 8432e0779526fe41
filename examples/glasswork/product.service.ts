import type { CacheService } from '@glasswork/cache';

export interface Product {
  readonly id: string;
  readonly name: string;
}

/** The products, in memory here. After an update it invalidates the responses that show the product. */
export class ProductService {
  readonly #names = new Map([
    ['1', 'Lamp'],
    ['2', 'Desk'],
  ]);
  readonly #cache: CacheService;

  constructor({ cacheService }: { cacheService: CacheService }) {
    this.#cache = cacheService;
  }

  async list(): Promise<Product[]> {
    return Array.from(this.#names, ([id, name]) => ({ id, name }));
  }

  async find(id: string): Promise<Product | null> {
    return (await this.list()).find((product) => product.id === id) ?? null;
  }

  /** First the database, then the cache: it rejects if the invalidation is not confirmed. */
  async rename(id: string, name: string): Promise<void> {
    this.#names.set(id, name);
    await this.#cache.invalidateTags([`product:${id}`, 'products']);
  }
}
