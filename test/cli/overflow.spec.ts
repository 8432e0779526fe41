import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CacheService } from '../../src/cache-service.js';
import type { CacheStore } from '../../src/model/cache-store.js';
import { DynamoDBCacheStore } from '../../src/stores/dynamodb/index.js';
import { MemoryCacheStore } from '../../src/stores/memory/index.js';
import { RedisCacheStore } from '../../src/stores/redis/index.js';
import { type Dynalite, startDynalite } from '../servers/dynalite.js';
import { describeWithRedis } from '../servers/redis-available.js';
import {
  createCacheTable,
  createClient,
  credentials,
  freshTableName,
  region,
} from '../servers/table.js';
import { bundledCommandLine } from './cli.js';

const cli = bundledCommandLine();

interface Subject {
  readonly where: readonly string[];
  store(overflow: CacheStore): CacheStore;
}

describe('on DynamoDB', () => {
  let server: Dynalite;
  beforeAll(async () => {
    server = await startDynalite();
  });
  afterAll(() => server.stop());

  const subject = async (): Promise<Subject & { table: string }> => {
    const { endpoint } = server;
    const table = await createCacheTable(endpoint);
    const options = { tableName: table, endpoint, region, credentials: async () => credentials };
    return {
      table,
      where: ['--table', table, '--endpoint', endpoint],
      store: (overflow) => new DynamoDBCacheStore({ ...options, overflow }),
    };
  };
  overflows(subject);

  it('lists the items of other programs that look like the cache’s, whatever their value', async () => {
    const { table, where } = await subject();
    const client = createClient(server.endpoint);
    const Item = { pk: { S: 'shop:a' }, ver: { S: 'v' }, n: { N: '1' }, expiresAt: { N: '1' } };
    await client.send(
      new PutItemCommand({ TableName: table, Item: { ...Item, value: { L: [] } } }),
    );
    client.destroy();
    const ls = await cli.run(['ls', '--json', ...where, '--prefix', 'shop']);
    expect(ls.code).toBe(0);
    expect(JSON.parse(ls.stdout)).toMatchObject({ key: 'a', state: 'foreign' });
    const get = await cli.run(['get', 'a', '--json', ...where, '--prefix', 'shop']);
    expect(JSON.parse(get.stdout)).toMatchObject({ verdict: 'foreign' });
  });
});

describeWithRedis('on Redis', (url) => {
  it('shows a key of another type, as it lists it', async () => {
    const prefix = freshTableName();
    const client = new Redis(url);
    await client.lpush(`${prefix}:shop:list`, 'a');
    await client.quit();
    const where = ['--redis', url, '--store-prefix', prefix, '--prefix', 'shop', '--json'];
    const ls = await cli.run(['ls', ...where]);
    expect(JSON.parse(ls.stdout)).toMatchObject({ key: 'list', state: 'foreign' });
    const { code, stdout } = await cli.run(['get', 'list', ...where]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ key: 'list', verdict: 'foreign' });
  });

  overflows(async () => {
    const prefix = freshTableName();
    return {
      where: ['--redis', url, '--store-prefix', prefix],
      store: (overflow) => new RedisCacheStore({ url, prefix, overflow, maxValueBytes: 1_000 }),
    };
  });
});

function overflows(createSubject: () => Promise<Subject>): void {
  it('shows a value that is in the overflow store among the others', async () => {
    const subject = await createSubject();
    const cache = new CacheService(subject.store(new MemoryCacheStore()), { keyPrefix: 'shop' });
    await cache.set('small', 1, '1h');
    await cache.set('large', 'x'.repeat(500_000), { ttl: '1h', tags: ['big'] });
    expect(await cache.get('large')).toHaveLength(500_000);
    await cache.close();
    const run = async (...args: string[]) => {
      const { code, stdout, stderr } = await cli.run([
        ...args,
        ...subject.where,
        '--prefix',
        'shop',
      ]);
      return { code, stdout, stderr };
    };
    const ls = await run('ls', '--json');
    const keys = ls.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(keys.map(({ key, state }) => `${key} ${state}`).sort()).toEqual([
      'large live',
      'small live',
    ]);
    const stats = await run('stats', '--json');
    expect(JSON.parse(stats.stdout)).toMatchObject({ items: 2, expired: 0 });
    const get = await run('get', 'large');
    expect(get.stdout).toMatch(/^fresh: it is served\n/);
    expect(get.stdout).toMatch(/^value +in the overflow store/m);
    expect(get.code).toBe(0);
    const json = JSON.parse((await run('get', 'large', '--json')).stdout);
    expect(json).toMatchObject({ verdict: 'fresh', tags: ['big'], record: { isPointer: true } });
    expect(json).not.toHaveProperty('value');
    expect(await run('get', 'large', '--raw')).toMatchObject({ code: 2, stdout: '' });
    const top = JSON.parse((await run('top', '--json')).stdout);
    expect(top).toMatchObject({ keys: 2, served: { fresh: 2, stale: 0 } });
  });
}
