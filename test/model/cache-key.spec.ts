import { type } from 'arktype';
import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { CacheService, MemoryCacheStore } from '../../src/index.js';
import { createCacheKey, keyText, schemaOf } from '../../src/model/cache-key.js';
import { keySpace } from '../../src/model/key-space.js';
import { createVirtualClock } from '../../src/testing/index.js';
import { globMatcher } from '../../src/util/glob.js';

const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);

describe('a typed key', () => {
  it('knows its name, its text, its arguments and its policy', () => {
    const visits = createCacheKey(
      'visits',
      (page: string, day: number) => `visits:${page}:${day}`,
      {
        ttl: '5m',
        staleTTL: 60,
        tags: (page, day) => [`page:${page}`, `day:${day}`],
      },
    ).of<number>();
    const key = visits('home', 3);
    expect(key.name).toBe('visits');
    expect(key.key).toBe('visits:home:3');
    expect(key.args).toEqual(['home', 3]);
    expect(key.policy).toEqual({ ttl: '5m', staleTTL: 60, tags: ['page:home', 'day:3'] });
    expect(`${key}`).toBe('visits:home:3');
  });

  it('has an empty policy when it is given none', () => {
    const { policy } = createCacheKey<string[]>('names', () => 'names')();
    expect(Object.values(policy).filter((option) => option !== undefined)).toEqual([]);
  });

  it('takes plain tags', () => {
    const names = createCacheKey('names', () => 'names', { tags: ['users'] });
    expect(names().policy.tags).toEqual(['users']);
  });

  it('makes a new key with each call', () => {
    const user = createCacheKey('user', (id: number) => `user:${id}`);
    expect(user(1).key).toBe('user:1');
    expect(user(2).key).toBe('user:2');
    expect(user(1)).not.toBe(user(1));
    expect(user(1)).toEqual(user(1));
  });

  it('keeps its factory when it is given a type', () => {
    const user = createCacheKey('user', (id: number) => `user:${id}`, { ttl: 60 });
    const typed = user.of<{ name: string }>();
    expect(typed(1).key).toBe('user:1');
    expect(typed(1).policy.ttl).toBe(60);
  });

  it('is refused when its function gives no text', () => {
    const broken = createCacheKey('user', (id: number) => id as unknown as string);
    expect(() => broken(1)).toThrow(expect.objectContaining({ code: 'INVALID_KEY' }));
  });
});

describe('the text of a key', () => {
  it('is the text, or that of a typed key', () => {
    expect(keyText('')).toBe('');
    expect(keyText('user:1')).toBe('user:1');
    expect(keyText(createCacheKey('user', () => 'user:2')())).toBe('user:2');
    expect(keyText({ key: 'user:3', policy: {} })).toBe('user:3');
  });

  it.each([
    ['a number', 1],
    ['undefined', undefined],
    ['null', null],
    ['an object', {}],
    ['a list', ['user:1']],
    ['a factory that was not called', createCacheKey('user', () => 'user')],
  ])('refuses %s', (_, key) => {
    expect(() => keyText(key as string)).toThrow(
      expect.objectContaining({ name: 'CacheError', code: 'INVALID_KEY' }),
    );
  });
});

it.each<[unknown, string]>([
  [5, 'key is 5:'],
  [null, 'key is null:'],
  [{ key: 7 }, 'key is 7:'],
])('the message about the key %j shows what was given', (key, message) => {
  expect(() => keyText(key as string)).toThrow(message);
});

describe('the schema of a key', () => {
  const schema = v.object({ id: v.string() });

  it('is found on typed keys only', () => {
    expect(schemaOf(createCacheKey('user', () => 'user', { schema })())).toBe(schema);
    expect(schemaOf(createCacheKey('user', () => 'user')())).toBeUndefined();
    expect(schemaOf('user')).toBeUndefined();
    expect(schemaOf({ key: 'user', policy: {}, schema } as never)).toBeUndefined();
  });

  it('is no part of what logs and tests see of a key', () => {
    const key = createCacheKey('user', () => 'user', { schema, ttl: 60 })();
    expect(Object.keys(key).toSorted()).toEqual(['args', 'key', 'name', 'policy']);
    expect(key.policy).not.toHaveProperty('schema');
  });

  it.each([
    ['Valibot', createCacheKey('user', () => 'user', { schema: v.object({ id: v.string() }) })],
    ['Zod', createCacheKey('user', () => 'user', { schema: z.object({ id: z.string() }) })],
    ['ArkType', createCacheKey('user', () => 'user', { schema: type({ id: 'string' }) })],
  ])('of %s decides what is served', async (_, user) => {
    const clock = createVirtualClock();
    const corrupt: string[] = [];
    const cache = new CacheService(new MemoryCacheStore({ clock }), {
      clock,
      onEvent: (event) => {
        if (event.type === 'corrupt') corrupt.push(event.key);
      },
    });
    await cache.set(user(), { id: '1' });
    expect(await cache.get(user())).toEqual({ id: '1' });
    expect(corrupt).toEqual([]);
    // The shape of an older deployment, written under the same key.
    await cache.set('user', { id: 1 });
    expect(await cache.get(user())).toBeUndefined();
    expect(corrupt).toEqual(['user']);
    expect(await cache.get('user')).toEqual({ id: 1 });
    expect(await cache.wrap(user(), async () => ({ id: '2' }))).toEqual({ id: '2' });
    expect(await cache.get(user())).toEqual({ id: '2' });
    await cache.close();
  });
});

describe('the space of keys', () => {
  const KINDS = ['tag', 'prefix', 'lease'] as const;
  const prefixes = fc.constantFrom(undefined, 'a', 'app', 'a.b', '-', 'key', 'tag');
  const letters = fc.constantFrom(
    'a',
    'app',
    ':',
    '#',
    '#key:',
    '#tag:',
    '*',
    '?',
    '\\',
    '.',
    '😀',
  );
  const texts = fc.array(letters, { maxLength: 5 }).map((all) => all.join(''));

  it.each(['', 'a b', 'a:b', 'a*', '#a', 'ä', 'a\n', 'a/b'])('refuses the prefix %j', (prefix) => {
    expect(() => keySpace(prefix)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', subject: 'keyPrefix' }),
    );
  });

  it.each(['a', 'A-1_b.c', '.'])('takes the prefix %j', (prefix) => {
    expect(keySpace(prefix).key('user:1')).toBe(`${prefix}:user:1`);
  });

  it('leaves keys without a prefix as they are, unless they begin as records do', () => {
    const { key } = keySpace(undefined);
    expect(key('user:1')).toBe('user:1');
    expect(key('')).toBe('');
    expect(key('#1')).toBe('#key:#1');
  });

  it(`keeps keys, records and prefixes apart (seed ${SEED})`, () => {
    const place = fc.record({
      prefix: prefixes,
      kind: fc.constantFrom('key' as const, ...KINDS),
      name: texts,
    });
    const written = ({
      prefix,
      kind,
      name,
    }: {
      prefix: string | undefined;
      kind: string;
      name: string;
    }) => {
      const space = keySpace(prefix);
      return kind === 'key' ? space.key(name) : space.record(kind as 'tag', name);
    };
    // Services without a prefix share the whole store, so only their own keys and all records are set apart.
    const property = fc.property(place, place, (one, other) => {
      const shared = one.kind === 'key' && other.kind === 'key';
      fc.pre(!shared || (one.prefix === undefined) === (other.prefix === undefined));
      const same = JSON.stringify(one) === JSON.stringify(other);
      expect(written(one) === written(other)).toBe(same);
    });
    fc.assert(property, { seed: SEED, numRuns: 3_000 });
  });

  it(`means by a pattern just the keys that match it (seed ${SEED})`, () => {
    // A pattern's meaning where no key is special: the same text precedes the pattern and the key.
    const meant = (pattern: string, key: string) => globMatcher(`x${pattern}`)(`x${key}`);
    let matched = 0;
    const property = fc.property(prefixes, texts, texts, (prefix, pattern, key) => {
      const space = keySpace(prefix);
      const matchers = space.patterns(pattern).map(globMatcher);
      const found = matchers.some((matches) => matches(space.key(key)));
      expect(found).toBe(meant(pattern, key));
      if (found) matched++;
      for (const kind of KINDS) {
        expect(matchers.some((matches) => matches(space.record(kind, key)))).toBe(false);
      }
    });
    fc.assert(property, { seed: SEED, numRuns: 3_000 });
    expect(matched).toBeGreaterThan(20);
  });
});
