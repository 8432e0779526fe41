import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CacheService } from '../../src/cache-service.js';
import type { CacheStore } from '../../src/model/cache-store.js';
import { DynamoDBCacheStore } from '../../src/stores/dynamodb/index.js';
import { RedisCacheStore } from '../../src/stores/redis/index.js';
import { S3CacheStore } from '../../src/stores/s3/index.js';
import { describeWithDynamoDBLocal } from '../servers/available.js';
import { type Dynalite, startDynalite } from '../servers/dynalite.js';
import { describeWithRedis } from '../servers/redis-available.js';
import {
  type S3Endpoint,
  credentials as s3Credentials,
  startS3Endpoint,
} from '../servers/s3-endpoint.js';
import { createCacheTable, credentials, freshTableName, region } from '../servers/table.js';
import { bundledCommandLine } from './cli.js';

const cli = bundledCommandLine();

interface Subject {
  readonly where: readonly string[];
  readonly store: CacheStore;
  readonly env?: NodeJS.ProcessEnv;
}

describe('on the embedded DynamoDB', () => {
  let server: Dynalite;
  beforeAll(async () => {
    server = await startDynalite();
  });
  afterAll(() => server.stop());
  storeCommands(() => tableSubject(server.endpoint));
});

describeWithDynamoDBLocal('on DynamoDB Local', (endpoint) => {
  storeCommands(() => tableSubject(endpoint));
});

describeWithRedis('on Redis', (url) => {
  storeCommands(async () => {
    const prefix = freshTableName();
    const store = new RedisCacheStore({ url, prefix });
    return { store, where: ['--redis', url, '--store-prefix', prefix] };
  });
});

describe('on S3', () => {
  let server: S3Endpoint;
  beforeAll(async () => {
    server = await startS3Endpoint();
    server.createBucket('cache-bucket', region).pageSize = 4;
  });
  afterAll(() => server.stop());
  storeCommands(async () => {
    const prefix = freshTableName();
    const store = new S3CacheStore({
      ...{ bucket: 'cache-bucket', endpoint: server.endpoint, region, prefix },
      credentials: async () => s3Credentials,
    });
    const { accessKeyId, secretAccessKey } = s3Credentials;
    return {
      store,
      where: [
        ...['--bucket', 'cache-bucket', '--endpoint', server.endpoint],
        ...['--region', region, '--store-prefix', prefix],
      ],
      env: { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
    };
  });
});

async function tableSubject(endpoint: string): Promise<Subject> {
  const tableName = await createCacheTable(endpoint);
  const store = new DynamoDBCacheStore({
    ...{ tableName, endpoint, region },
    credentials: async () => credentials,
  });
  return { store, where: ['--table', tableName, '--endpoint', endpoint] };
}

function storeCommands(createSubject: () => Promise<Subject>): void {
  let subject: Subject;
  let cache: CacheService;

  beforeEach(async () => {
    subject = await createSubject();
    cache = new CacheService(subject.store, { keyPrefix: 'shop' });
    for (const id of [1, 2, 3])
      await cache.wrap(
        `user:${id}`,
        { ttl: '1h', staleTTL: '10m', tags: ['users', `user-${id}`] },
        async () => ({ id, name: `Ada ${id}` }),
      );
    return () => cache.close();
  });

  const run = (...args: string[]) =>
    cli.run([...args, ...subject.where, '--prefix', 'shop'], { env: subject.env ?? {} });
  const json = async (...args: string[]) => {
    const { code, stdout, stderr } = await run(...args, '--json');
    return { code, stderr, body: stdout === '' ? undefined : JSON.parse(stdout) };
  };

  it('checks the store', async () => {
    expect(await run('check')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^ok /) });
  });

  it('shows a value with its times, tags and versions', async () => {
    const { code, body } = await json('get', 'user:1');
    expect(code).toBe(0);
    expect(body).toMatchObject({
      verdict: 'fresh',
      value: { id: 1, name: 'Ada 1' },
      tags: ['users', 'user-1'],
      dependencies: [
        { kind: 'prefix', name: 'shop', change: 'none' },
        { kind: 'tag', name: 'users', change: 'none' },
        { kind: 'tag', name: 'user-1', change: 'none' },
      ],
    });
    const entry = await cache.getEntry('user:1');
    expect(Date.parse(body.createdAt)).toBe(entry?.createdAt);
    expect(Date.parse(body.expiresAt)).toBe(entry?.expiresAt);
    const { stdout } = await run('get', 'user:1');
    expect(stdout).toMatch(/^fresh: it is served\nkey +user:1\n/);
    expect((await run('get', 'user:1', '--raw')).stdout).toBe('{"id":1,"name":"Ada 1"}');
  });

  it('says why a key would be a miss', async () => {
    await cache.invalidateTags(['user-1']);
    await cache.del('user:2');
    expect(await json('get', 'user:1')).toMatchObject({
      code: 1,
      body: { verdict: 'invalidated', why: 'the tag "user-1" was invalidated' },
    });
    expect(await json('get', 'user:2')).toMatchObject({ code: 1, body: { verdict: 'absent' } });
    expect(await json('get', 'none')).toMatchObject({ code: 1, body: { verdict: 'absent' } });
    await cache.clear();
    const { body } = await json('get', 'user:3');
    expect(body).toMatchObject({
      verdict: 'invalidated',
      why: expect.stringContaining('the prefix'),
    });
  });

  it('expires keys and tags, which are served once more', async () => {
    expect(await json('expire', 'user:1', '--yes')).toMatchObject({
      code: 0,
      body: { expired: ['user:1'] },
    });
    expect(await json('get', 'user:1')).toMatchObject({ code: 0, body: { verdict: 'stale' } });
    expect(await run('expire', '--tags', 'user-2', '--yes')).toMatchObject({
      code: 0,
      stdout: 'Expired 1 tag.\n',
    });
    expect(await json('get', 'user:2')).toMatchObject({
      code: 0,
      body: { verdict: 'stale', why: 'it is served, and refreshed: the tag "user-2" was expired' },
    });
    expect(await json('get', 'user:3')).toMatchObject({ body: { verdict: 'fresh' } });
    await cache.invalidateTags(['user-2']);
    expect(await json('get', 'user:2')).toMatchObject({
      code: 1,
      body: { verdict: 'invalidated' },
    });
  });

  it('agrees with the service about every key', async () => {
    await cache.invalidateTags(['user-3']);
    for (const id of [1, 2, 3]) {
      const served = await cache.has(`user:${id}`);
      expect([id, (await run('get', `user:${id}`)).code]).toEqual([id, served ? 0 : 1]);
    }
  });

  it('lists keys, one JSON object a line', async () => {
    const { stdout } = await run('ls', 'user:*', '--json');
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows.map(({ key }) => key).sort()).toEqual(['user:1', 'user:2', 'user:3']);
    expect(rows[0]).toMatchObject({ state: 'live', bytes: expect.any(Number) });
    const limited = await run('ls', '--limit', '2');
    expect(limited.stdout.trim().split('\n')).toHaveLength(3);
    expect(limited.stderr).toContain('2 keys, and more');
    expect((await run('ls', 'user:2')).stdout).toMatch(/^KEY +STATE +SIZE +EXPIRES\nuser:2 +live /);
    expect((await run('ls', 'none*')).stdout).toBe('');
  });

  it('counts items and bytes by prefix', async () => {
    await cache.del('user:3');
    const { body } = await json('stats');
    const users = body.groups.find(({ name }: { name: string }) => name === 'shop:user:*');
    expect(users).toMatchObject({ items: 2, expired: 0 });
    expect(body.bytes).toBeGreaterThan(users.bytes - 1);
    expect(body.biggest[0].key).toMatch(/^shop:user:/);
  });

  it('samples what would be served, or be a miss and why', async () => {
    await cache.invalidateTags(['user-1']);
    await cache.expireTags(['user-2']);
    const { code, body } = await json('top');
    expect(code).toBe(0);
    expect(body).toMatchObject({
      ...{ keys: 3, servedRatio: 2 / 3, served: { fresh: 1, stale: 1 }, filled: 3 },
      missesBy: { expired: 0, invalidated: 1, absent: 0, corrupt: 0 },
    });
    expect(body.slowest.map(({ key }: { key: string }) => key).sort()).toEqual([
      'user:1',
      'user:2',
      'user:3',
    ]);
    const { stdout } = await run('top', '--sample', '2');
    expect(stdout).toMatch(
      /^sampled +2 keys, |^hit ratio +[\d.]+ % of the server's reads\nsampled +2 /,
    );
    const several = await run('top', '--json', '--times', '2', '--every', '1');
    expect(
      several.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).keys),
    ).toEqual([3, 3]);
  });

  it('deletes keys and patterns, and asks first', async () => {
    const asked = await run('del', 'user:1');
    expect(asked).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--yes') });
    expect(await cache.has('user:1')).toBe(true);
    expect(await json('del', 'user:1', '--yes')).toMatchObject({
      code: 0,
      body: { deleted: ['user:1'] },
    });
    expect(await cache.has('user:1')).toBe(false);
    const { body } = await json('del', '--pattern', 'user:*', '--yes');
    expect(body).toEqual({ patterns: ['user:*'], deleted: 2 });
    expect(await cache.has('user:2')).toBe(false);
  });

  it('invalidates tags, and all', async () => {
    expect(await json('invalidate', 'user-1', '--yes')).toMatchObject({ code: 0 });
    const later = new CacheService(subject.store, { keyPrefix: 'shop' });
    expect([await later.has('user:1'), await later.has('user:2')]).toEqual([false, true]);
    expect(await run('clear', '--yes')).toMatchObject({
      code: 0,
      stdout: 'Invalidated all values of "shop".\n',
    });
    const last = new CacheService(subject.store, { keyPrefix: 'shop' });
    expect(await last.has('user:2')).toBe(false);
    await run('clear', '--physical', '--yes');
    expect((await json('stats')).body).toMatchObject({ items: 0 });
  });
}
