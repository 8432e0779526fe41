import { CacheService, type CacheStore, MemoryCacheStore } from '@glasswork/cache';
import { describe, expect, it } from 'vitest';
import { bootstrap, type ModuleConfig } from './container.js';

// The providers without `cacheModule`, first as they are often written, then as Glasswork 1.0 runs them.

const storeProvider = { provide: 'cacheStore', useFactory: () => new MemoryCacheStore() };
const makeService = ({ cacheStore }: { cacheStore: CacheStore }) =>
  new CacheService(cacheStore, { defaultTTL: 300, keyPrefix: 'myapp' });

/** Takes the cradle, as every class in a PROXY container does. */
class UserService {
  readonly #cache: CacheService;

  constructor({ cacheService }: { cacheService: CacheService }) {
    this.#cache = cacheService;
  }

  find(id: string) {
    return this.#cache.wrap(`user:${id}`, 300, async () => ({ id, name: 'Ada' }));
  }
}

/** Takes its dependencies one by one, as in containers that read the names of parameters. */
class PositionalService {
  readonly cache: CacheService | undefined;

  constructor(_database: unknown, cache?: CacheService) {
    this.cache = cache;
  }
}

describe('providers written by hand', () => {
  it('work under string names, with classes that take the cradle', async () => {
    const { container, start, stop } = bootstrap({
      name: 'app',
      providers: [storeProvider, { provide: 'cacheService', useFactory: makeService }, UserService],
    });
    await start();
    const service = container.resolve<UserService>('userService');
    expect(await service.find('1')).toEqual({ id: '1', name: 'Ada' });
    await stop();
  });

  it('do not work with a class under provide: a factory is registered under a string only', () => {
    const withClass: ModuleConfig = {
      name: 'app',
      providers: [
        storeProvider,
        // @ts-expect-error Glasswork's type of a factory provider has a string there.
        { provide: CacheService, useFactory: makeService },
        UserService,
      ],
    };
    const { container } = bootstrap(withClass);
    expect(() => container.resolve('userService')).toThrow(/cacheService/);
  });

  it('do not work with positional constructors: the first parameter is the whole cradle', () => {
    const { container } = bootstrap({
      name: 'app',
      providers: [
        storeProvider,
        { provide: 'cacheService', useFactory: makeService },
        PositionalService,
      ],
    });
    expect(container.resolve<PositionalService>('positionalService').cache).toBeUndefined();
  });
});
