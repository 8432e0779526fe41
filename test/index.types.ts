// Compiled, never run: the public types as users write against them. Each shape is spelled out here once more, so that
// a change of a name, an option or a signature is a change of this file too.
import type { Cluster, Redis, RedisOptions } from 'ioredis';
import {
  type AnyKey,
  type CacheConfig,
  type CacheEntry,
  CacheError,
  type CacheEvent,
  type CacheKey,
  CacheService,
  type CacheStats,
  type CacheStore,
  type CacheVersion,
  type Clock,
  compressed,
  createCacheKey,
  type Duration,
  DynamoDBCacheStore,
  type DynamoDBCacheStoreOptions,
  encrypted,
  type Invalidated,
  jsonSerializer,
  type KeyFactory,
  type KeyOptions,
  type KeyPolicy,
  type LoadContext,
  type Memoized,
  MemoryCacheStore,
  type MemoryCacheStoreOptions,
  NullCacheStore,
  RedisCacheStore,
  type RedisCacheStoreOptions,
  type Serializer,
  type StandardSchemaV1,
  type StoreEntry,
  type SyncSerializer,
  structuredSerializer,
  type WaitUntil,
  type WrapOptions,
} from '../src/index.js';
import {
  type Assert,
  type Fits,
  hasType,
  type Interchangeable,
  type Same,
} from './type-assertions.js';

type Maybe<T> = { [K in keyof T]?: T[K] | undefined };
type Text = string | Uint8Array;

/** The store that the documents show, method for method. */
interface Store {
  readonly name: string;
  get<T>(key: string): Promise<T | undefined>;
  set<T>(key: string, value: T, ttl: number): Promise<void>;
  del(key: string): Promise<void>;
  has?(key: string): Promise<boolean>;
  delByPattern?(pattern: string): Promise<number | undefined>;
  clear?(): Promise<void>;
  getMany?<T>(keys: readonly string[]): Promise<(T | undefined)[]>;
  setMany?(entries: readonly { key: string; value: unknown; ttl: number }[]): Promise<void>;
  delMany?(keys: readonly string[]): Promise<void>;
  add?<T>(key: string, value: T, ttl: number): Promise<boolean>;
  getVersioned?<T>(
    key: string,
    options?: { readonly consistent?: boolean },
  ): Promise<{ value: T | undefined; version: string; expiresAt?: number | undefined }>;
  setIfUnchanged?<T>(key: string, value: T, ttl: number, version: string): Promise<boolean>;
  copy?<T>(value: T, key: string): T | Promise<T>;
  close?(): Promise<void>;
}
type Least = Pick<Store, 'name' | 'get' | 'set' | 'del'>;

type Lease = boolean | Maybe<{ ttl: Duration; wait: Duration }>;
type Policies = Maybe<{
  staleTTL: Duration;
  staleIfError: Duration;
  jitter: number;
  earlyRefresh: number;
  lease: Lease;
  softTimeout: Duration;
  hardTimeout: Duration;
  waitUntil: (promise: Promise<unknown>) => void;
}>;
type Wrap = Policies &
  Maybe<{ ttl: Duration; tags: readonly string[]; forceFresh: boolean; signal: AbortSignal }>;
type Config = Policies &
  Maybe<{
    defaultTTL: Duration;
    keyPrefix: string;
    tagTTL: Duration;
    versionTTL: Duration;
    onEvent: (event: CacheEvent) => void;
    onInvalidate: (
      what: (
        | { readonly keys: readonly string[] }
        | { readonly tags: readonly string[] }
        | { readonly pattern: string }
        | { readonly prefix: string | undefined }
      ) & { readonly soft: boolean },
    ) => Promise<void> | void;
    deadline: () => number | undefined;
    backgroundFill: boolean;
    breaker: false | Maybe<{ failures: number; cooldown: Duration }>;
    clock: { now(): number };
  }>;

interface Table
  extends Maybe<{
    region: string;
    endpoint: string;
    client: object | (() => object | Promise<object>);
    credentials: () => Promise<{
      accessKeyId: string;
      secretAccessKey: string;
      sessionToken?: string | undefined;
    }>;
    consistentRead: boolean;
    serializer: Serializer;
    maxItemBytes: number;
    timeouts: Maybe<{ connect: Duration; request: Duration; total: Duration }>;
  }> {
  tableName: string;
}

interface Schema<I, O> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => unknown;
    readonly types?: { readonly input: I; readonly output: O } | undefined;
  };
}

export type Shapes = [
  Assert<Same<Duration, number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`>>,
  Assert<Same<CacheVersion, string>>,
  Assert<Interchangeable<Clock, { now(): number }>>,
  Assert<Interchangeable<WaitUntil, (promise: Promise<unknown>) => void>>,
  // Stores: what is written to the documented shape is one, and one can be used by it.
  Assert<Interchangeable<CacheStore, Store>>,
  Assert<
    Interchangeable<
      keyof CacheStore,
      | keyof Store
      | 'check'
      | 'dropCopies'
      | 'keepsLarge'
      | 'problems'
      | 'durable'
      | 'getNearest'
      | 'measure'
      | 'getIfPresent'
      | 'sharesFrozen'
      | 'warm'
    >
  >,
  Assert<Fits<Least, CacheStore>>,
  Assert<Same<Fits<Omit<Least, 'del'>, CacheStore>, false>>,
  Assert<Interchangeable<StoreEntry<number>, { key: string; value: number; ttl: number }>>,
  Assert<Same<StoreEntry, StoreEntry<unknown>>>,
  Assert<
    Interchangeable<
      Serializer,
      {
        name: string;
        inner?: Serializer | undefined;
        serialize(value: unknown, key: string): Text | Promise<Text>;
        deserialize(raw: Text, key: string): unknown;
      }
    >
  >,
  Assert<Fits<typeof jsonSerializer, Serializer>>,
  Assert<Fits<MemoryCacheStore, Store>>,
  Assert<Fits<NullCacheStore, Store>>,
  Assert<Fits<DynamoDBCacheStore, Store>>,
  Assert<Fits<RedisCacheStore, Store>>,
  // Options: the same names, and each may be undefined.
  Assert<Interchangeable<WrapOptions, Wrap>>,
  Assert<Same<keyof WrapOptions, keyof Wrap>>,
  Assert<Interchangeable<CacheConfig, Config>>,
  Assert<Same<keyof CacheConfig, keyof Config>>,
  Assert<
    Fits<
      { maxEntries?: number; maxBytes?: number; serializer?: SyncSerializer; clock?: Clock },
      MemoryCacheStoreOptions
    >
  >,
  Assert<Fits<Table, DynamoDBCacheStoreOptions>>,
  Assert<Fits<keyof Table, keyof DynamoDBCacheStoreOptions>>,
  Assert<Same<Fits<Omit<Table, 'tableName'>, DynamoDBCacheStoreOptions>, false>>,
  Assert<
    Fits<
      { url: string; options?: RedisOptions; prefix?: string; serializer?: Serializer },
      RedisCacheStoreOptions
    >
  >,
  Assert<Fits<{ client: Redis; prefix?: string; serializer?: Serializer }, RedisCacheStoreOptions>>,
  Assert<Fits<{ client: Cluster }, RedisCacheStoreOptions>>,
  Assert<Same<Fits<{ client: Map<string, string> }, RedisCacheStoreOptions>, false>>,
  // Keys.
  Assert<Interchangeable<StandardSchemaV1<string, number>, Schema<string, number>>>,
  Assert<
    Interchangeable<
      KeyPolicy,
      Readonly<Maybe<{ ttl: Duration; staleTTL: Duration; tags: readonly string[] }>>
    >
  >,
  Assert<Interchangeable<AnyKey, string | { readonly key: string; readonly policy: KeyPolicy }>>,
  Assert<Same<KeyFactory<1, [a: string]>, (...args: [a: string]) => CacheKey<1, [a: string]>>>,
  Assert<
    Interchangeable<
      KeyOptions<[id: string]>,
      Maybe<{
        ttl: Duration;
        staleTTL: Duration;
        tags: readonly string[] | ((id: string) => readonly string[]);
      }>
    >
  >,
  Assert<Same<Exclude<keyof CacheKey<1>, symbol>, 'name' | 'key' | 'args' | 'policy' | 'toString'>>,
  // Results of the service.
  Assert<
    Interchangeable<
      CacheEntry<Date>,
      {
        readonly value: Date;
        readonly state: 'fresh' | 'stale';
        readonly createdAt: number;
        readonly staleAt: number | undefined;
        readonly expiresAt: number;
        readonly tags: readonly string[];
      }
    >
  >,
  Assert<Same<Fits<{ readonly signal: AbortSignal }, LoadContext<1>>, false>>,
  Assert<Fits<CacheEvent, { readonly type: string; readonly key?: string | undefined }>>,
  Assert<Fits<CacheError, Error>>,
  Assert<
    Interchangeable<
      ConstructorParameters<typeof CacheService>,
      [store: CacheStore, config?: CacheConfig | undefined]
    >
  >,
];

/** A load's context. */
export async function load(context: LoadContext<Date>): Promise<void> {
  hasType<AbortSignal>()(context.signal);
  hasType<Date | undefined>()(context.staleValue);
  hasType<void>()(context.setTTL('5m'));
  hasType<void>()(await context.addTags('red', 'blue'));
  hasType<void>()(context.skip());
}

/** Every call with plain keys, and what it resolves to. */
export async function service(cache: CacheService): Promise<void> {
  hasType<unknown>()(await cache.get('key'));
  hasType<Date | undefined>()(await cache.get<Date>('key'));
  hasType<unknown>()((await cache.getEntry('key'))?.value);
  hasType<CacheEntry<Date> | undefined>()(await cache.getEntry<Date>('key'));
  hasType<unknown[]>()(await cache.getMany(['a', 'b']));
  hasType<(Date | undefined)[]>()(await cache.getMany<Date>(['a', 'b']));
  hasType<boolean>()(await cache.set('key', { any: ['value'] }));
  hasType<boolean>()(await cache.set('key', null, 60));
  hasType<boolean>()(await cache.set('key', null, '5m'));
  hasType<boolean>()(await cache.set('key', null, { ttl: '5m', tags: ['red'] }));
  hasType<boolean>()(
    await cache.setMany([
      { key: 'a', value: 1 },
      { key: 'b', value: 'text', ttl: '1h' },
    ]),
  );
  hasType<boolean>()(await cache.has('key'));
  hasType<void>()(await cache.del('key'));
  hasType<void>()(await cache.delMany(['a', 'b']));
  hasType<number | undefined>()(await cache.delByPattern('user:*'));
  hasType<void>()(await cache.invalidateTags(['red']));
  hasType<void>()(await cache.expire('key'));
  hasType<void>()(await cache.expireTags(['red']));
  hasType<void>()(await cache.clear());
  hasType<number>()(await cache.wrap('key', 60, () => 1));
  hasType<number>()(await cache.wrap('key', '5m', async () => 1));
  hasType<number>()(await cache.wrap('key', { ttl: '5m', tags: ['red'] }, async () => 1));
  hasType<number | null>()(await cache.wrap<number | null>('key', 60, async () => null));
  hasType<string>()(await cache.wrapSWR('key', 60, '1h', async () => 'text'));
  const many = await cache.wrapMany(['a', 'b'], '5m', async (missing) => {
    hasType<readonly string[]>()(missing);
    return missing.map((key) => key.length);
  });
  hasType<(number | undefined)[]>()(many);
  const held: number = cache.stats().hits;
  const stats: Readonly<Record<string, number>> = cache.stats();
  hasType<CacheStats>()(cache.stats());
  hasType<void>()(await cache.settled());
  hasType<void>()(await cache.close());
  hasType<void>()(await cache.onModuleInit());
  hasType<void>()(await cache.onModuleDestroy());
  hasType<void>()(await cache[Symbol.asyncDispose]());
  return void [held, stats];
}

export async function refused(cache: CacheService, store: CacheStore): Promise<void> {
  // @ts-expect-error a plain key needs a policy
  await cache.wrap('key', () => 1);
  // @ts-expect-error a key that is no text
  await cache.get(1);
  // @ts-expect-error an option that there is not
  await cache.wrap('key', { maxAge: 60 }, () => 1);
  // @ts-expect-error a ttl without a unit
  await cache.set('key', 1, '60');
  // @ts-expect-error a counter that there is not
  cache.stats().evictions;
  // @ts-expect-error something else than a signal
  await cache.wrap('key', { signal: true }, () => 1);
  // @ts-expect-error a signal is of one call, not of a service
  new CacheService(store, { signal: new AbortController().signal });
  // @ts-expect-error set knows ttl and tags, and no more
  await cache.set('key', 1, { ttl: 60, staleTTL: 30 });
  // @ts-expect-error the defaults of a service have no tags
  new CacheService(store, { tags: ['red'] });
  // @ts-expect-error a service's ttl is called defaultTTL
  new CacheService(store, { ttl: 60 });
  // @ts-expect-error a store is needed
  new CacheService();
  // @ts-expect-error a table is needed
  new DynamoDBCacheStore({ region: 'eu-central-1' });
  // @ts-expect-error a store cannot do without del
  const least: CacheStore = { name: 'least', get: store.get, set: store.set };
  // @ts-expect-error capabilities are optional: look before you use them
  await store.add('key', 1, 60);
  // @ts-expect-error tags are a list
  await cache.invalidateTags('red');
  return void least;
}

/** Errors are told apart by a code. */
export function codeOf(error: unknown): string {
  if (!(error instanceof CacheError)) return 'none';
  const codes: readonly (typeof error.code)[] = [
    'INVALID_DURATION',
    'INVALID_OPTION',
    'INVALID_KEY',
    'UNSERIALIZABLE',
    'CORRUPT',
    'VALUE_TOO_LARGE',
    'NOT_CONFIRMED',
    'STORE_FAILED',
    'TIMEOUT',
    'LOAD_FAILED',
    'MISSING_PEER',
    'NO_CREDENTIALS',
  ];
  hasType<string | undefined>()(error.subject);
  return codes.includes(error.code) ? error.code : error.message;
}

/** Events narrow by their type. */
export function keyOf(event: CacheEvent): string | undefined {
  switch (event.type) {
    case 'hit':
      hasType<'fresh' | 'stale'>()(event.state);
      hasType<number>()(event.ageMs);
      return event.key;
    case 'fill':
      hasType<number>()(event.ttlMs);
      return event.key;
    case 'invalidate':
      return event.key ?? event.tag ?? event.pattern;
    case 'store-error':
      hasType<string>()(event.operation);
      return event.key;
    case 'background-error':
      hasType<unknown>()(event.error);
      return undefined;
    default:
      return undefined;
  }
}

type Reached = { id: string; age: number };
const reachedKey = createCacheKey(
  'reached',
  (id: string, year?: number) => `${id}:${year}`,
).of<Reached>();

/** Functions: the arguments are those of the key, and the load gets its context after them. */
export async function functions(cache: CacheService): Promise<void> {
  const reachedOf = cache.memoize(reachedKey, async (id, year, context) => {
    hasType<string>()(id);
    hasType<number | undefined>()(year);
    hasType<Reached | undefined>()(context.staleValue);
    return { id, age: year ?? 0 };
  });
  const same: Memoized<Reached, [id: string, year?: number | undefined]> = reachedOf;
  hasType<Reached>()(await reachedOf('1'));
  hasType<Reached>()(await reachedOf('1', 2));
  hasType<Reached>()(await reachedOf.refresh('1'));
  hasType<void>()(await reachedOf.del('1'));
  hasType<void>()(await reachedOf.expire('1', 2));
  hasType<Reached | undefined>()(await cache.get(reachedOf.key('1')));
  const many = cache.memoizeMany(
    reachedKey,
    async (missing, { signal }) => {
      hasType<AbortSignal>()(signal);
      return missing.map(({ args: [id, year = 0] }) => (year > 1 ? { id, age: year } : undefined));
    },
    { ttl: '5m', tags: ['red'] },
  );
  const sameOfMany: typeof same = many;
  cache.memoize(reachedKey, (id) => ({ id, age: 1 }), '5m');
  // @ts-expect-error a value of another type
  cache.memoize(reachedKey, (id) => ({ id }));
  // @ts-expect-error an argument of another type
  await reachedOf(1);
  // @ts-expect-error a plain key makes no function
  cache.memoize('key', () => 1);
  // @ts-expect-error a load of many gives a list
  cache.memoizeMany(reachedKey, async () => ({ id: '1', age: 1 }));
  // @ts-expect-error a policy that there is not
  cache.memoize(reachedKey, (id) => ({ id, age: 1 }), { maxAge: 1 });
  return void [same, sameOfMany];
}

/** An invalidation's target. */
export const told: NonNullable<CacheConfig['onInvalidate']> = (what) => {
  hasType<boolean>()(what.soft);
  const plain: Invalidated = what;
  if ('keys' in plain) hasType<readonly string[]>()(plain.keys);
  else if ('tags' in plain) hasType<readonly string[]>()(plain.tags);
  else if ('pattern' in plain) hasType<string>()(plain.pattern);
  else hasType<string | undefined>()(plain.prefix);
};

/** Every exported value. */
export const values = [
  CacheError,
  CacheService,
  compressed,
  createCacheKey,
  DynamoDBCacheStore,
  encrypted,
  jsonSerializer,
  MemoryCacheStore,
  NullCacheStore,
  RedisCacheStore,
  structuredSerializer,
];
