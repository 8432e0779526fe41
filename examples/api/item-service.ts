import type { CacheService } from '@glasswork/cache';
import type { ItemDatabase } from './item-database.js';
import { CacheKeys, type Item, type ItemChanges, type Items, tagOf } from './items.js';

/** The same items through the cache. Awilix's PROXY mode hands the constructor everything that is registered. */
export class ItemService implements Items {
  readonly #database: ItemDatabase;
  readonly #cache: CacheService;

  constructor(cradle: { itemDatabase: ItemDatabase; cacheService: CacheService }) {
    this.#database = cradle.itemDatabase;
    this.#cache = cradle.cacheService;
  }

  find(id: string): Promise<Item | null> {
    return this.#cache.wrap(CacheKeys.item(id), async (context) => {
      const item = await this.#database.find(id);
      // An item says itself how long it may be cached. That there is none is cached too, but not for long.
      context.setTTL(item ? item.maxAge : '10s');
      return item;
    });
  }

  /** Stale after a minute: served at once, and refreshed behind the response. */
  list(category: string) {
    return this.#cache.wrapSWR(CacheKeys.list(category), '1m', '1h', () =>
      this.#database.list(category),
    );
  }

  /**
   * First the database, then the cache. Where the cache does not confirm, this rejects: the caller sends the same
   * update again, which does no harm.
   */
  async update(id: string, changes: ItemChanges): Promise<{ category: string } | null> {
    const updated = await this.#database.update(id, changes);
    await Promise.all([
      this.#cache.del(CacheKeys.item(id)),
      updated && this.#cache.invalidateTags([tagOf(updated.category)]),
    ]);
    return updated;
  }
}
