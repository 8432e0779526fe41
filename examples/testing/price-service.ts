import type { CacheService } from '@glasswork/cache';

export interface PriceDatabase {
  find(id: string): Promise<number>;
  save(id: string, price: number): Promise<void>;
}

/** The service under test. It gets its cache and its database, so that a test can give it others. */
export class PriceService {
  readonly #cache: CacheService;
  readonly #database: PriceDatabase;

  constructor({ cache, database }: { cache: CacheService; database: PriceDatabase }) {
    this.#cache = cache;
    this.#database = database;
  }

  find(id: string): Promise<number> {
    const policy = { ttl: '10m', staleTTL: '1m', staleIfError: '1h' } as const;
    return this.#cache.wrap(`price:${id}`, policy, () => this.#database.find(id));
  }

  async change(id: string, price: number): Promise<void> {
    await this.#database.save(id, price);
    await this.#cache.del(`price:${id}`);
  }
}
