import { afterEach, describe, expect, it } from 'vitest';
import { RedisCacheStore } from '../../src/stores/redis/index.js';
import { describeWithRedis } from '../servers/redis-available.js';
import { startRedisCluster } from '../servers/redis-cluster.js';
import { type Computed, type Policy, readYaml } from './template.js';

interface Template {
  readonly Globals: {
    readonly Function: {
      readonly Environment: { readonly Variables: Readonly<Record<string, Computed>> };
    };
  };
  readonly Resources: {
    readonly Cache: { readonly Properties: Readonly<Record<string, unknown>> };
    readonly CacheUser: { readonly Properties: { readonly AccessString: string } };
    readonly CachePolicy: Policy;
  };
  readonly Outputs: Readonly<Record<string, { readonly Value: Computed }>>;
}

const { Globals, Resources, Outputs } = readYaml<Template>('elasticache-serverless.yaml');

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

describe('the template of ElastiCache Serverless', () => {
  it('has a public endpoint: no subnets, and Valkey 9', () => {
    expect(Resources.Cache.Properties).toMatchObject({ Engine: 'valkey', MajorEngineVersion: '9' });
    for (const inVpc of ['SubnetIds', 'SecurityGroupIds'])
      expect(Resources.Cache.Properties).not.toHaveProperty(inVpc);
  });

  it('tells functions its address over TLS, and the name that tokens are signed for', () => {
    const { CACHE_URL, CACHE_NAME } = Globals.Function.Environment.Variables;
    expect(CACHE_URL).toEqual(Outputs.CacheUrl?.Value);
    expect(JSON.stringify(CACHE_URL)).toContain('rediss://');
    expect(CACHE_NAME).toEqual(Resources.Cache.Properties.ServerlessCacheName);
  });

  it('allows functions to connect, to this cache as this user', () => {
    const [statement, ...others] = Resources.CachePolicy.Properties.PolicyDocument.Statement;
    expect(others).toEqual([]);
    expect(statement?.Action).toEqual(['elasticache:Connect']);
    const resources = JSON.stringify(statement?.Resource);
    expect(resources).toMatch(/serverlesscache:\$\{AWS::StackName\}-cache"/);
    expect(resources).toMatch(/user:\$\{CacheUser\}"/);
  });
});

describeWithRedis('the user of the template of ElastiCache Serverless', () => {
  it('may do all that the store does in a Cluster, below the prefix and nowhere else', async () => {
    const cluster = await startRedisCluster();
    closers.push(cluster.stop);
    const rights = Resources.CacheUser.Properties.AccessString.split(' ');
    for (const node of cluster.masters)
      await node.call('ACL', 'SETUSER', 'cache', '>secret', ...rights);
    const nodes = cluster.addresses.map(({ host, port }) => `redis://cache:secret@${host}:${port}`);
    const open = (prefix: string) => {
      const store = new RedisCacheStore({ nodes, prefix });
      closers.push(() => store.close());
      return store;
    };
    const store = open('cache');
    await store.check();
    await store.warm();
    expect(await store.add('added', 1, 60)).toBe(true);
    expect(await store.has('added')).toBe(true);
    expect(await store.delByPattern('a*')).toBe(1);
    await store.clear();
    await expect(open('other').get('key')).rejects.toThrow(/NOPERM.*The prefix of the store/);
  });
});
