// Compiled, never run: what the compiler infers about typed keys, and what it refuses.
import { type } from 'arktype';
import * as v from 'valibot';
import { z } from 'zod';
import {
  type AnyKey,
  type CacheKey,
  CacheService,
  createCacheKey,
  entry,
  type KeyFactory,
  MemoryCacheStore,
} from '../../src/index.js';
import { type Assert, type Fits, hasType, type Same } from '../type-assertions.js';

interface User {
  readonly id: string;
  readonly name: string;
}
interface Visit {
  readonly page: string;
  readonly day: number;
}

const cache = new CacheService(new MemoryCacheStore());

/** A schema gives the type of the value: what it puts out, not what it takes in. */
export const fromSchemas = {
  valibot: createCacheKey('user', (id: string) => `user:${id}`, {
    schema: v.object({ id: v.string(), name: v.string() }),
  }),
  zod: createCacheKey('user', (id: string) => `user:${id}`, {
    schema: z.object({ id: z.string(), name: z.string() }),
  }),
  arktype: createCacheKey('user', (id: string) => `user:${id}`, {
    schema: type({ id: 'string', name: 'string' }),
  }),
  transforming: createCacheKey('count', (id: string) => `count:${id}`, {
    schema: v.pipe(v.string(), v.transform(Number)),
  }),
  defaulting: createCacheKey('list', () => 'list', {
    schema: z.object({ items: z.array(z.string()).default([]) }),
  }),
};

interface Named {
  id: string;
  name: string;
}
hasType<KeyFactory<Named, [id: string]>>()(fromSchemas.valibot);
hasType<KeyFactory<Named, [id: string]>>()(fromSchemas.zod);
hasType<KeyFactory<Named, [id: string]>>()(fromSchemas.arktype);
hasType<KeyFactory<number, [id: string]>>()(fromSchemas.transforming);
hasType<KeyFactory<{ items: string[] }, []>>()(fromSchemas.defaulting);

/** `.of` names the type of the value, and keeps the arguments. */
export const visits = createCacheKey('visits', (page: string, day: number) => `${page}:${day}`, {
  ttl: '1h',
  staleTTL: '5m',
  tags: (page, day) => {
    hasType<string>()(page);
    hasType<number>()(day);
    return [`page:${page}`];
  },
}).of<Visit>();
hasType<KeyFactory<Visit, [page: string, day: number]>>()(visits);

/** A type argument alone can only mean the value: the arguments are then anything. */
export const users = createCacheKey<User[]>('users', () => 'users');
hasType<KeyFactory<User[], unknown[]>>()(users);
export const userNames = createCacheKey<string[]>('names', (id: string) => id, { ttl: 60 });
hasType<KeyFactory<string[], unknown[]>>()(userNames);

/** Without anything that names it, the value is unknown. */
export const unknowns = createCacheKey('unknown', (id: number) => `unknown:${id}`);
hasType<CacheKey<unknown, [id: number]>>()(unknowns(1));
hasType<CacheKey<number, [id: number]>>()(unknowns.of<number>()(1));

/** Tags may be plain, and optional arguments stay optional. */
export const paged = createCacheKey('paged', (page?: number, size?: number) => `${page}:${size}`, {
  tags: ['pages'],
}).of<string[]>();
hasType<CacheKey<string[], [page?: number | undefined, size?: number | undefined]>>()(paged());
paged(1, 20);

/** The same key for every form that takes one. */
export type Keys = [
  Assert<Fits<CacheKey<User>, AnyKey>>,
  Assert<Fits<CacheKey<User, [id: string]>, CacheKey<User>>>,
  Assert<Same<Fits<CacheKey<User>, CacheKey<Visit>>, false>>,
  // A key may be read as one of a wider type, and not as one of a narrower type.
  Assert<Fits<CacheKey<User>, CacheKey<User | null>>>,
  Assert<Fits<CacheKey<User>, CacheKey<unknown>>>,
  Assert<Same<Fits<CacheKey<User | null>, CacheKey<User>>, false>>,
  Assert<Same<Fits<CacheKey<User>, string>, false>>,
];

export async function inferred(user: User, visit: Visit): Promise<void> {
  hasType<Named | undefined>()(await cache.get(fromSchemas.valibot('1')));
  hasType<Visit | undefined>()(await cache.get(visits('home', 1)));
  hasType<[User[] | undefined, User[] | undefined]>()(await cache.getMany([users(), users()]));
  hasType<[User[] | undefined, Visit | undefined, number | undefined]>()(
    await cache.getMany([users(), visits('home', 1), fromSchemas.transforming('1')]),
  );
  const keys: CacheKey<Visit>[] = [visits('a', 1), visits('b', 2)];
  hasType<(Visit | undefined)[]>()(await cache.getMany(keys));
  hasType<(Visit | undefined)[]>()(await cache.getMany<Visit>(['text', visits('a', 1)]));
  const either: string | CacheKey<Visit> = user.id ? 'text' : visits('a', 1);
  hasType<Visit | undefined>()(await cache.get<Visit>(either));
  hasType<Visit>()(await cache.wrap(visits('home', 1), () => visit));
  hasType<Visit>()(await cache.wrap(visits('home', 1), '5m', async () => visit));
  hasType<Visit>()(await cache.wrap(visits('home', 1), { ttl: 60 }, async () => visit));
  hasType<Visit>()(await cache.wrapSWR(visits('home', 1), 60, '1h', () => visit));
  hasType<Visit | undefined>()((await cache.getEntry(visits('home', 1)))?.value);
  const many = await cache.wrapMany([visits('a', 1), visits('b', 2)], async (missing) =>
    missing.map(({ args: [page, day] }) => ({ page, day })),
  );
  hasType<(Visit | undefined)[]>()(many);
  await cache.set(visits('home', 1), visit);
  await cache.set(users(), [user], { ttl: '1d', tags: ['users'] });
  await cache.setMany([{ key: visits('home', 1), value: visit, ttl: 60 }]);
  await cache.setMany([
    entry(visits('home', 1), visit, { ttl: 60, tags: ['visits'] }),
    entry(users(), [user], '5m'),
    { key: 'text', value: 1 },
  ]);
  await cache.has(visits('home', 1));
  await cache.del(visits('home', 1));
  await cache.delMany([visits('home', 1), users(), 'text']);

  hasType<string>()(visits('home', 1).key);
  hasType<string>()(visits('home', 1).name);
  hasType<[page: string, day: number]>()(visits('home', 1).args);
  hasType<string>()(visits('home', 1).toString());
}

/** Compile-time errors. */
export async function refused(user: User, visit: Visit): Promise<void> {
  // @ts-expect-error a value of another type
  await cache.set(visits('home', 1), user);
  // @ts-expect-error a value that lacks a field of the schema
  await cache.set(fromSchemas.zod('1'), { id: '1' });
  // @ts-expect-error what a schema takes in is not what it puts out
  await cache.set(fromSchemas.transforming('1'), '1');
  // @ts-expect-error one user where a list is kept
  await cache.set(users(), user);
  // @ts-expect-error null, where the key does not say that there may be none
  await cache.set(visits('home', 1), null);
  // @ts-expect-error a load of another type
  await cache.wrap(visits('home', 1), () => user);
  // @ts-expect-error a load that may find nothing
  await cache.wrap(visits('home', 1), '5m', async () => (user.id ? visit : undefined));
  // @ts-expect-error a load of another type
  await cache.wrapSWR(visits('home', 1), 60, 600, async () => [visit]);
  // @ts-expect-error a batch of values of another type
  await cache.wrapMany([visits('home', 1)], async (missing) => missing.map(() => user));
  // @ts-expect-error an entry of a batch with a value of another type
  await cache.setMany([entry(visits('home', 1), user)]);
  // @ts-expect-error a tuple's member read as another type
  const pair: [unknown, User | undefined] = await cache.getMany([users(), visits('a', 1)]);
  // @ts-expect-error a read as another type
  const read: User | undefined = await cache.get(visits('home', 1));

  // @ts-expect-error too few arguments
  visits('home');
  // @ts-expect-error arguments of another type
  visits('home', '1');
  // @ts-expect-error too many arguments
  fromSchemas.valibot('1', '2');
  // @ts-expect-error the factory, not a key
  await cache.get(visits);
  // @ts-expect-error text where a typed key is asked for
  const key: CacheKey<Visit> = 'home:1';
  // @ts-expect-error a key of one type as a key of another
  const other: CacheKey<User> = visits('home', 1);

  // @ts-expect-error a key that is no text
  createCacheKey('number', (id: number) => id);
  // @ts-expect-error a duration without a unit
  createCacheKey('text', () => 'text', { ttl: '5' });
  // @ts-expect-error a unit that there is not
  createCacheKey('text', () => 'text', { staleTTL: '5w' });
  // @ts-expect-error tags that are no list
  createCacheKey('text', () => 'text', { tags: 'red' });
  // @ts-expect-error a tags callback with arguments that the key does not have
  createCacheKey('text', (id: string) => id, { tags: (id: string, n: number) => [id, `${n}`] });
  // @ts-expect-error an option that keys do not have
  createCacheKey('text', () => 'text', { maxAge: 5 });
  // @ts-expect-error something that is no schema
  createCacheKey('text', () => 'text', { schema: { parse: () => 1 } });
  // @ts-expect-error a schema already says what the value is
  createCacheKey('user', () => 'user', { schema: v.string() }).of<User>();
  return void [read, key, other, pair];
}
