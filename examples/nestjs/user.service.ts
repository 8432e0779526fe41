import type { Cache } from 'cache-manager';

export interface User {
  readonly id: string;
  readonly name: string;
}

export interface UserDatabase {
  find(id: string): Promise<User | undefined>;
  rename(id: string, name: string): Promise<void>;
}

/** In NestJS the constructor has `@Inject(CACHE_MANAGER) cache: Cache`. */
export class UserService {
  readonly #cache: Cache;
  readonly #database: UserDatabase;

  constructor(cache: Cache, database: UserDatabase) {
    this.#cache = cache;
    this.#database = database;
  }

  /** The user, at most a minute old. */
  find(id: string): Promise<User | undefined> {
    return this.#cache.wrap(`user:${id}`, () => this.#database.find(id), 60_000);
  }

  async rename(id: string, name: string): Promise<void> {
    await this.#database.rename(id, name);
    await this.#cache.del(`user:${id}`);
  }
}
