import {
  CacheService,
  type CacheStore,
  createCacheKey,
  DynamoDBCacheStore,
  MemoryCacheStore,
} from '@glasswork/cache';
import { afterAll, beforeAll, beforeEach, describe, expect, expectTypeOf, it, vi } from 'vitest';
import { bootstrap, type ModuleConfig } from '../glasswork/container.js';
import { type Dynalite, startDynalite } from '../servers/dynalite.js';
import { createCacheTable } from '../servers/table.js';

// The examples that the module was planned with, as a user would write them: names and signatures are a contract.

interface User {
  readonly id: string;
  readonly name: string;
}
interface FeatureFlags {
  readonly newCheckout: boolean;
}
type UpdateUserDto = Partial<Omit<User, 'id'>>;

/** The examples' part of Prisma, over a map: its calls are spied on, its answers are real. */
function createPrisma() {
  const users = new Map<string, User>([['123', { id: '123', name: 'Ada' }]]);
  return {
    user: {
      findUnique: vi.fn(
        async ({ where: { id } }: { where: { id: string } }): Promise<User | null> =>
          users.get(id) ?? null,
      ),
      update: vi.fn(
        async ({ where: { id }, data }: { where: { id: string }; data: UpdateUserDto }) => {
          const user: User = { id, name: '', ...users.get(id), ...data };
          users.set(id, user);
          return user;
        },
      ),
    },
  };
}
type PrismaService = ReturnType<typeof createPrisma>;

/** "Basic caching". */
class UserService {
  readonly prisma: PrismaService;
  readonly cache: CacheService;

  constructor(prisma: PrismaService, cache: CacheService) {
    this.prisma = prisma;
    this.cache = cache;
  }

  async findById(id: string): Promise<User | null> {
    const cached = await this.cache.get<User>(`user:${id}`);
    // The plan wrote `if (cached)`, which takes a cached 0, '', false or null for a miss. Only undefined is one.
    if (cached !== undefined) return cached;
    const user = await this.prisma.user.findUnique({ where: { id } });
    // By hand, a slow load may write what an update has just invalidated; `wrap` cannot.
    if (user) await this.cache.set(`user:${id}`, user, 300);
    return user;
  }

  async update(id: string, data: UpdateUserDto): Promise<User> {
    const user = await this.prisma.user.update({ where: { id }, data });
    await this.cache.del(`user:${id}`);
    return user;
  }
}

describe('basic caching', () => {
  it('sets, gets and wraps', async () => {
    const cache = new CacheService(new MemoryCacheStore(), { defaultTTL: 300 });
    const user = { id: '123', name: 'Ada' };
    expect(await cache.set('user:123', user, 3600)).toBe(true);
    expect(await cache.get<User>('user:123')).toEqual(user);

    const { user: table } = createPrisma();
    const find = () =>
      cache.wrap('user:456', 3600, async () => table.findUnique({ where: { id: '456' } }));
    // No such user: null is a value, and the second call does not ask again.
    expect([await find(), await find()]).toEqual([null, null]);
    expect(table.findUnique).toHaveBeenCalledTimes(1);
    expect(await cache.has('user:456')).toBe(true);
    await cache.del('user:123');
    expect(await cache.get('user:123')).toBeUndefined();
  });

  it('takes falsy values for values', async () => {
    const cache = new CacheService(new MemoryCacheStore());
    for (const value of [0, '', false, null]) {
      await cache.set('falsy', value);
      expect(await cache.get('falsy')).toBe(value);
    }
  });

  it('takes any object with the three methods for a store', async () => {
    class MapStore implements CacheStore {
      readonly name = 'map';
      readonly #held = new Map<string, { json: string; expiresAt: number }>();
      async get<T>(key: string): Promise<T | undefined> {
        const held = this.#held.get(key);
        return held && held.expiresAt > Date.now() ? (JSON.parse(held.json) as T) : undefined;
      }
      async set<T>(key: string, value: T, ttl: number): Promise<void> {
        this.#held.set(key, { json: JSON.stringify(value), expiresAt: Date.now() + ttl * 1000 });
      }
      async del(key: string): Promise<void> {
        this.#held.delete(key);
      }
    }
    const prisma = createPrisma();
    const service = new UserService(prisma, new CacheService(new MapStore(), { defaultTTL: 300 }));
    await service.findById('123');
    expect(await service.findById('123')).toEqual({ id: '123', name: 'Ada' });
    expect(prisma.user.findUnique).toHaveBeenCalledTimes(1);
    // The pattern is for stores that can: undefined says that this one cannot.
    expect(await service.cache.delByPattern('user:*')).toBeUndefined();
  });
});

describe('wrap', () => {
  class WrappingService extends UserService {
    override findById(id: string): Promise<User | null> {
      return this.cache.wrap(`user:${id}`, 300, async () =>
        this.prisma.user.findUnique({ where: { id } }),
      );
    }
  }

  it('asks the database once, also when many ask at once', async () => {
    const prisma = createPrisma();
    const service = new WrappingService(prisma, new CacheService(new MemoryCacheStore()));
    const users = await Promise.all([1, 2, 3].map(() => service.findById('123')));
    expect(users).toEqual(Array(3).fill({ id: '123', name: 'Ada' }));
    expect(prisma.user.findUnique).toHaveBeenCalledTimes(1);
    await service.update('123', { name: 'Grace' });
    expect(await service.findById('123')).toEqual({ id: '123', name: 'Grace' });
  });
});

describe('wrapSWR', () => {
  class ConfigService {
    readonly cache: CacheService;
    fetches = 0;

    constructor(cache: CacheService) {
      this.cache = cache;
    }

    async fetchFeatureFlagsFromRemote(): Promise<FeatureFlags> {
      this.fetches++;
      return { newCheckout: this.fetches > 1 };
    }

    getFeatureFlags(): Promise<FeatureFlags> {
      return this.cache.wrapSWR('feature-flags', 60, 300, async () =>
        this.fetchFeatureFlagsFromRemote(),
      );
    }
  }

  it('serves a stale value after a minute, and none after five', async () => {
    let now = 0;
    const clock = { now: () => now };
    const cache = new CacheService(new MemoryCacheStore({ clock }), { clock });
    const service = new ConfigService(cache);
    expect(await service.getFeatureFlags()).toEqual({ newCheckout: false });
    now = 61_000;
    expect(await service.getFeatureFlags()).toEqual({ newCheckout: false });
    // The plan's refresh wrote a bare value where the next read looked for an entry; here it is one.
    await cache.settled();
    expect(await service.getFeatureFlags()).toEqual({ newCheckout: true });
    expect(service.fetches).toBe(2);
    now += 300_000;
    await service.getFeatureFlags();
    expect(service.fetches).toBe(3);
  });
});

describe('typed keys', () => {
  const CacheKeys = {
    user: createCacheKey<User>('user', (id: string) => `user:${id}`),
    userList: createCacheKey<User[]>('user-list', () => 'users:list'),
    featureFlags: createCacheKey<FeatureFlags>('feature-flags', () => 'config:feature-flags'),
  } as const;

  it('carry the type of their value', async () => {
    const cache = new CacheService(new MemoryCacheStore(), { defaultTTL: 300 });
    const ada: User = { id: '123', name: 'Ada' };
    expect(await cache.set(CacheKeys.user('123'), ada, 300)).toBe(true);

    const user = await cache.get(CacheKeys.user('123'));
    expectTypeOf(user).toEqualTypeOf<User | undefined>();
    expect(user).toEqual(ada);
    expect(await cache.get<User>('user:123')).toEqual(ada);

    const list = await cache.wrap(CacheKeys.userList(), 300, async () => [ada]);
    expectTypeOf(list).toEqualTypeOf<User[]>();
    const flags = await cache.get(CacheKeys.featureFlags());
    expectTypeOf(flags).toEqualTypeOf<FeatureFlags | undefined>();
    expect(flags).toBeUndefined();
  });

  it('refuse another type, and a factory that nobody called', async () => {
    const cache = new CacheService(new MemoryCacheStore());
    // @ts-expect-error A user has no title.
    await cache.set(CacheKeys.user('123'), { id: '123', title: 'Countess' }, 300);
    // @ts-expect-error The plan also took the factory itself, and so lost the arguments and the type.
    await expect(cache.get(CacheKeys.user)).rejects.toMatchObject({ code: 'INVALID_KEY' });
  });
});

describe('module registration', () => {
  let dynalite: Dynalite;
  beforeAll(async () => {
    dynalite = await startDynalite();
  });
  afterAll(() => {
    vi.unstubAllEnvs();
    return dynalite.stop();
  });

  /** Awilix in PROXY mode hands over the cradle, not one argument a dependency. */
  class InjectedUserService extends UserService {
    constructor(cradle: { prisma: PrismaService; cacheService: CacheService }) {
      super(cradle.prisma, cradle.cacheService);
    }
  }

  it('registers the store and the service by hand', async () => {
    vi.stubEnv('CACHE_TABLE', await createCacheTable(dynalite.endpoint));
    vi.stubEnv('AWS_REGION', 'eu-central-1');
    vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', dynalite.endpoint);
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
    const prisma = createPrisma();
    const AppModule: ModuleConfig = {
      name: 'app',
      providers: [
        {
          provide: 'cacheStore',
          useFactory: () =>
            new DynamoDBCacheStore({
              // An unset variable is an error that names the option, at the first use.
              tableName: process.env.CACHE_TABLE ?? '',
              region: process.env.AWS_REGION ?? '',
            }),
        },
        {
          // The plan had the class itself here. Glasswork 1.0 takes a factory under a string only.
          provide: 'cacheService',
          useFactory: ({ cacheStore }: { cacheStore: CacheStore }) =>
            new CacheService(cacheStore, { defaultTTL: 300, keyPrefix: 'myapp' }),
        },
        { provide: 'prisma', useValue: prisma },
        { provide: 'userService', useClass: InjectedUserService },
      ],
    };
    const { container, start, stop } = bootstrap(AppModule);
    await start();
    const { userService } = container.cradle as { userService: UserService };
    await userService.findById('123');
    expect(await userService.findById('123')).toEqual({ id: '123', name: 'Ada' });
    expect(prisma.user.findUnique).toHaveBeenCalledTimes(1);

    // Another sandbox: it finds what the first one has cached.
    const cold = new CacheService(
      new DynamoDBCacheStore({ tableName: process.env.CACHE_TABLE ?? '', region: 'eu-central-1' }),
      { keyPrefix: 'myapp' },
    );
    expect(await cold.get<User>('user:123')).toEqual({ id: '123', name: 'Ada' });
    await userService.update('123', { name: 'Grace' });
    expect(await cold.get<User>('user:123')).toBeUndefined();
    await Promise.all([stop(), cold.close()]);
  });
});

describe('testing a service', () => {
  let mockPrisma: PrismaService;
  let cache: CacheService;
  let userService: UserService;

  beforeEach(() => {
    // A new one for each test: calls that an earlier test made would be counted with this one's.
    mockPrisma = createPrisma();
    const store = new MemoryCacheStore();
    cache = new CacheService(store, { defaultTTL: 300 });
    userService = new UserService(mockPrisma, cache);
  });

  it('should cache user after first fetch', async () => {
    const user = await userService.findById('123');
    mockPrisma.user.findUnique.mockClear();
    const cachedUser = await userService.findById('123');
    expect(mockPrisma.user.findUnique).not.toHaveBeenCalled();
    expect(cachedUser).toEqual(user);
  });

  it('should invalidate cache on update', async () => {
    await userService.findById('123');
    await userService.update('123', { name: 'New Name' });
    await userService.findById('123');
    expect(mockPrisma.user.findUnique).toHaveBeenCalledTimes(2);
  });
});
