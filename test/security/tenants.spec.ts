import { readFileSync } from 'node:fs';
import { CacheService, DynamoDBCacheStore } from '@glasswork/cache';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { root } from '../../scripts/run.js';
import { type AnsweringProxy, type Call, startAnsweringProxy } from '../servers/answering-proxy.js';
import { type Dynalite, startDynalite } from '../servers/dynalite.js';
import { createCacheTable, credentials, region } from '../servers/table.js';

// Tenants that share a table, under the policy of docs/security.md, which a proxy evaluates as IAM does.

interface Statement {
  readonly Action: readonly string[];
  readonly Condition: {
    readonly 'ForAllValues:StringLike': { readonly 'dynamodb:LeadingKeys': readonly string[] };
  };
}

const page = readFileSync(`${root}docs/security.md`, 'utf8');
const [statement]: Statement[] = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].flatMap(
  ([, block = '']) => parse(block, { customTags: [{ tag: '!GetAtt', resolve: String }] }),
);
if (!statement) throw new Error('the page has no policy');
const allowed = statement.Condition['ForAllValues:StringLike']['dynamodb:LeadingKeys'];

/** IAM's StringLike. */
const isLike = (text: string, pattern: string): boolean => {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/[*?]/g, (mark) => `.${mark === '*' ? '*' : ''}`);
  return new RegExp(`^${source}$`, 's').test(text);
};

/** The values of `dynamodb:LeadingKeys`: the partition keys that a request names. */
function leadingKeys({ body }: Call): string[] {
  const { Key, RequestItems = {} } = Object(body);
  const keys = Object.values(RequestItems).flatMap((request) => Object(request).Keys ?? []);
  return [...(Key ? [Key] : []), ...keys].map(({ pk }) => pk.S);
}

const isAllowed = (call: Call): boolean =>
  statement.Action.includes(`dynamodb:${call.action}`) &&
  leadingKeys(call).every((key) => allowed.some((pattern) => isLike(key, pattern)));

const DENIED = {
  status: 400,
  body: {
    __type: 'com.amazon.coral.service#AccessDeniedException',
    message: 'User is not authorized to perform this action',
  },
};

describe('a tenant under the policy of the page', () => {
  let dynalite: Dynalite;
  let proxy: AnsweringProxy;
  let tableName: string;
  const denied: string[] = [];
  beforeAll(async () => {
    dynalite = await startDynalite();
    tableName = await createCacheTable(dynalite.endpoint);
    proxy = await startAnsweringProxy(dynalite.endpoint, (call) => {
      if (isAllowed(call)) return undefined;
      denied.push(`${call.action} ${leadingKeys(call)}`);
      return DENIED;
    });
  });
  afterAll(async () => {
    await proxy?.stop();
    await dynalite?.stop();
  });
  const cacheOf = (keyPrefix: string, endpoint: string) => {
    const keys = async () => credentials;
    const store = new DynamoDBCacheStore({ tableName, region, endpoint, credentials: keys });
    return new CacheService(store, { keyPrefix, onEvent: () => {} });
  };

  it('can do all that the cache does', async () => {
    denied.length = 0;
    const cache = cacheOf('tenant-a', proxy.endpoint);
    await cache.check();
    const policy = { ttl: '5m', staleTTL: '1m', tags: ['red'], lease: true } as const;
    const read = (key: string) => cache.wrap(key, policy, async () => key);
    const long = `a:${'x'.repeat(3_000)}`;
    for (const key of ['a', long, '#a', '*']) {
      expect(await read(key)).toBe(key);
      await cache.expire(key);
      expect(await read(key)).toBe(key);
      await cache.settled();
      expect(await cache.get(key)).toBe(key);
      await cache.del(key);
      expect(await cache.get(key)).toBeUndefined();
    }
    await cache.wrapMany(['a', 'b'], policy, async (keys) => keys);
    expect(await cache.getMany(['a', 'b'])).toEqual(['a', 'b']);
    await cache.expireTags(['red']);
    expect(await cache.getEntry('a')).toMatchObject({ state: 'stale' });
    await cache.invalidateTags(['red']);
    expect(await cache.get('a')).toBeUndefined();
    await cache.set('c', 1);
    await cache.clear();
    expect(await cache.get('c')).toBeUndefined();
    await cache.close();
    // check() also tries to remove its probe records, which go by themselves where it may not.
    expect(denied.filter((call) => !/^DeleteItem .*:check:/.test(call))).toEqual([]);
  });

  it.each(['tenant-b', 'tenant-a2', 'tenant', 'x.tenant-a'])(
    'reaches nothing of %s',
    async (other) => {
      const theirs = cacheOf(other, dynalite.endpoint);
      const theirPolicy = { ttl: '5m', tags: ['red'] } as const;
      await theirs.wrap('a', theirPolicy, async () => 'theirs');
      const attack = cacheOf(other, proxy.endpoint);
      expect(await attack.get('a')).toBeUndefined();
      expect(await attack.set('a', 'poison')).toBe(false);
      await expect(attack.del('a')).rejects.toMatchObject({ code: 'NOT_CONFIRMED' });
      await expect(attack.invalidateTags(['red'])).rejects.toMatchObject({ code: 'NOT_CONFIRMED' });
      await expect(attack.clear()).rejects.toMatchObject({ code: 'NOT_CONFIRMED' });
      expect(await theirs.get('a')).toBe('theirs');
      await Promise.all([attack.close(), theirs.close()]);
    },
  );

  it('reaches nothing of others by a key or a tag of its own', async () => {
    const theirs = cacheOf('tenant-b', dynalite.endpoint);
    await theirs.wrap('a', { ttl: '5m', tags: ['red'] }, async () => 'theirs');
    const cache = cacheOf('tenant-a', proxy.endpoint);
    for (const name of ['tenant-b:a', ':tenant-b:a', '../tenant-b:a', '#tag:tenant-b:red']) {
      await cache.set(name, 'poison');
      await cache.del(name);
      await cache.invalidateTags([name]);
    }
    expect(await theirs.get('a')).toBe('theirs');
    await Promise.all([cache.close(), theirs.close()]);
  });

  it('may not scan, because a scan names no key and the condition holds for none', () => {
    expect(statement.Action).not.toContain('dynamodb:Scan');
    expect(statement.Action.length).toBeGreaterThan(2);
  });
});
