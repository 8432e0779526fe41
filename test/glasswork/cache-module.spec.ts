import { CacheError, CacheService, type CacheStore, MemoryCacheStore } from '@glasswork/cache';
import { cacheModule } from '@glasswork/cache/glasswork';
import { describe, expect, it } from 'vitest';
import { bootstrap, type ModuleConfig } from './container.js';

interface User {
  readonly id: string;
  readonly name: string;
}

/** Counts its reads, so that a test can see who asked it. */
class UserDatabase {
  reads = 0;
  readonly #names = new Map([['1', 'Ada']]);

  find(id: string): User | null {
    this.reads++;
    const name = this.#names.get(id);
    return name === undefined ? null : { id, name };
  }

  rename(id: string, name: string): void {
    this.#names.set(id, name);
  }
}

class UserService {
  readonly #database: UserDatabase;
  readonly #cache: CacheService;

  constructor(cradle: { userDatabase: UserDatabase; cacheService: CacheService }) {
    this.#database = cradle.userDatabase;
    this.#cache = cradle.cacheService;
  }

  find(id: string): Promise<User | null> {
    return this.#cache.wrap(`user:${id}`, '5m', () => this.#database.find(id));
  }

  async rename(id: string, name: string): Promise<void> {
    this.#database.rename(id, name);
    await this.#cache.del(`user:${id}`);
  }
}

const userModule = (cache: ModuleConfig): ModuleConfig => ({
  name: 'user',
  basePath: 'users',
  imports: [cache],
  providers: [UserDatabase, UserService],
  exports: [UserService],
  routes(router, services) {
    const { userService } = services as { userService: UserService };
    router.get('/:id', async (c) => c.json(await userService.find(c.req.param('id'))));
    router.put('/:id', async (c) => {
      const { name } = await c.req.json<{ name: string }>();
      await userService.rename(c.req.param('id'), name);
      return c.body(null, 204);
    });
  },
});

/** A memory store that counts how often it is closed. */
class ClosingStore extends MemoryCacheStore {
  closed = 0;
  override async close(): Promise<void> {
    this.closed++;
    await super.close();
  }
}

describe('cacheModule in a strict PROXY container', () => {
  it('gives a service its cache, and the routes the service', async () => {
    const store = new MemoryCacheStore();
    const { app, container, start, stop } = bootstrap(userModule(cacheModule({ store })));
    await start();
    const database = container.resolve<UserDatabase>('userDatabase');

    const read = async () => (await app.request('/api/users/1')).json();
    expect(await read()).toEqual({ id: '1', name: 'Ada' });
    expect(await read()).toEqual({ id: '1', name: 'Ada' });
    expect(database.reads).toBe(1);

    const body = JSON.stringify({ name: 'Grace' });
    expect((await app.request('/api/users/1', { method: 'PUT', body })).status).toBe(204);
    expect(await read()).toEqual({ id: '1', name: 'Grace' });
    expect(database.reads).toBe(2);
    await stop();
  });

  it('registers the store and the service once, under their string names', () => {
    const store = new MemoryCacheStore();
    const { container } = bootstrap(cacheModule({ store }));
    expect(Object.keys(container.registrations).sort()).toEqual(['cacheService', 'cacheStore']);
    expect(container.cradle.cacheStore).toBe(store);
    expect(container.cradle.cacheService).toBeInstanceOf(CacheService);
    expect(container.cradle.cacheService).toBe(container.cradle.cacheService);
    expect(cacheModule({ store })).toMatchObject({
      name: 'cache',
      exports: ['cacheStore', 'cacheService'],
    });
    expect(cacheModule({ store, name: 'page-cache' }).name).toBe('page-cache');
  });

  it('makes the store from other providers, once', () => {
    let made = 0;
    const cache = cacheModule({
      store: ({ settings }: { settings: { maxEntries: number } }) => {
        made++;
        return new MemoryCacheStore(settings);
      },
    });
    const { container } = bootstrap({
      name: 'app',
      imports: [cache],
      providers: [{ provide: 'settings', useValue: { maxEntries: 10 } }],
    });
    expect(made).toBe(0);
    expect(container.cradle.cacheService).toBeInstanceOf(CacheService);
    expect(container.cradle.cacheStore).toBeInstanceOf(MemoryCacheStore);
    expect(made).toBe(1);
  });

  it('hands its configuration to the service', async () => {
    let now = 0;
    const clock = { now: () => now };
    const types: string[] = [];
    const store = new MemoryCacheStore({ clock });
    const onEvent = ({ type }: { type: string }) => void types.push(type);
    const { container } = bootstrap(
      cacheModule({ store, defaultTTL: '10s', keyPrefix: 'shop', clock, onEvent }),
    );
    const cache = container.resolve<CacheService>('cacheService');
    await cache.set('rate', 1);
    expect(await store.has('shop:rate')).toBe(true);
    now = 9_999;
    expect(await cache.get('rate')).toBe(1);
    now = 10_000;
    expect(await cache.get('rate')).toBeUndefined();
    expect(types).toEqual(['fill', 'hit', 'miss']);
  });

  it('waits for background work and closes the store once when the application stops', async () => {
    let now = 0;
    const clock = { now: () => now };
    const store = new ClosingStore({ clock });
    const { container, start, stop } = bootstrap(cacheModule({ store, clock }));
    await start();
    const cache = container.resolve<CacheService>('cacheService');
    let refreshed = (_value: string) => {};
    const refresh = new Promise<string>((resolve) => {
      refreshed = resolve;
    });
    await cache.wrapSWR('flags', '1s', '1m', () => 'old');
    now = 2_000;
    expect(await cache.wrapSWR('flags', '1s', '1m', () => refresh)).toBe('old');

    const stopped = stop();
    await Promise.resolve();
    expect(store.closed).toBe(0);
    refreshed('new');
    await stopped;
    expect(store.closed).toBe(1);
    expect(cache.stats().fills).toBe(2);
    await stop();
    expect(store.closed).toBe(1);
  });

  it('keeps two services in one store apart by their prefixes', async () => {
    const { container } = bootstrap({
      name: 'app',
      imports: [cacheModule({ store: () => new MemoryCacheStore(), keyPrefix: 'app' })],
      providers: [
        {
          provide: 'sessionCache',
          useFactory: ({ cacheStore }: { cacheStore: CacheStore }) =>
            new CacheService(cacheStore, { keyPrefix: 'session' }),
        },
      ],
    });
    const app = container.resolve<CacheService>('cacheService');
    const session = container.resolve<CacheService>('sessionCache');
    await app.set('a', 'of the application');
    await session.set('a', 'of the session');
    expect(await app.get('a')).toBe('of the application');
    await session.clear();
    expect(await session.get('a')).toBeUndefined();
    expect(await app.get('a')).toBe('of the application');
    await app.set('b', 1, { tags: ['t'] });
    await session.invalidateTags(['t']);
    expect(await app.get('b')).toBe(1);
    await app.del('a');
    expect(await app.get('a')).toBeUndefined();
  });

  it('needs no class name, which a minifier takes away', async () => {
    // The service's class as a minifier leaves it; the consumer is registered under a string.
    Object.defineProperty(CacheService, 'name', { value: 't', configurable: true });
    try {
      const { container } = bootstrap({
        name: 'app',
        imports: [cacheModule({ store: new MemoryCacheStore() })],
        providers: [{ provide: 'users', useClass: UserService }, UserDatabase],
      });
      expect(await container.resolve<UserService>('users').find('1')).toMatchObject({ id: '1' });
      expect(container.hasRegistration('t')).toBe(false);
    } finally {
      Object.defineProperty(CacheService, 'name', { value: 'CacheService', configurable: true });
    }
  });
});

describe('cacheModule refuses', () => {
  const store = new MemoryCacheStore();
  it.each<[string, unknown, string]>([
    ['no options', undefined, 'store'],
    ['no store', {}, 'store'],
    ['an invalid store', { store: { name: 'x' } }, 'store'],
    ['a class in place of an instance', { store: MemoryCacheStore }, 'store'],
    ['an empty name', { store, name: '' }, 'name'],
    ['a number for a name', { store, name: 5 }, 'name'],
    ['a name that Glasswork refuses', { store, name: 'my cache' }, 'name'],
    ['a bad prefix', { store, keyPrefix: 'a:b' }, 'keyPrefix'],
    ['a bad default', { store, defaultTTL: -1 }, 'defaultTTL'],
    ['a bad breaker', { store, breaker: { failures: 0 } }, 'breaker.failures'],
  ])('%s', (_what, options, subject) => {
    const make = () => cacheModule(options as { store: CacheStore });
    expect(make).toThrow(CacheError);
    expect(make).toThrow(expect.objectContaining({ subject }));
  });

  it.each<[string, () => unknown, RegExp]>([
    ['a promise from the store function', async () => store, /returned a promise/],
    ['nothing from the store function', () => undefined, /returned no store/],
  ])('%s, when the container calls it', (_what, make, message) => {
    const { container } = bootstrap(cacheModule({ store: make as () => CacheStore }));
    const resolve = () => container.cradle.cacheService;
    expect(resolve).toThrow(message);
    expect(resolve).toThrow(CacheError);
  });
});
