import { describe, expect, it } from 'vitest';
import { RedisCacheStore } from '../../src/stores/redis/index.js';
import { describeWithRedis } from '../servers/redis-available.js';
import { RedisProcess } from '../servers/redis-process.js';
import { type Computed, type Policy, readYaml } from './template.js';

interface Template {
  readonly Globals: {
    readonly Function: {
      readonly Environment: { readonly Variables: Readonly<Record<string, Computed>> };
      readonly VpcConfig: { readonly SecurityGroupIds: readonly Computed[] };
    };
  };
  readonly Resources: {
    readonly CacheServer: { readonly Properties: Readonly<Record<string, unknown>> };
    readonly CacheSecurityGroup: {
      readonly Properties: { readonly SecurityGroupIngress: readonly unknown[] };
    };
    readonly CacheUser: { readonly Properties: { readonly AccessString: string } };
    readonly CachePolicy: Policy;
  };
  readonly Outputs: Readonly<Record<string, { readonly Value: Computed }>>;
}

const { Globals, Resources, Outputs } = readYaml<Template>('elasticache.yaml');

describe('the template of ElastiCache', () => {
  it('lets functions, and nothing else, in on the port of the server', () => {
    const functions = { Ref: 'FunctionSecurityGroup' };
    expect(Globals.Function.VpcConfig.SecurityGroupIds).toEqual([functions]);
    expect(Resources.CacheSecurityGroup.Properties.SecurityGroupIngress).toEqual([
      { IpProtocol: 'tcp', FromPort: 6379, ToPort: 6379, SourceSecurityGroupId: functions },
    ]);
  });

  it('encrypts, fails over, and keeps no copy', () => {
    expect(Resources.CacheServer).toMatchObject({
      DeletionPolicy: 'Delete',
      Properties: {
        Engine: 'valkey',
        TransitEncryptionEnabled: true,
        AutomaticFailoverEnabled: true,
        SnapshotRetentionLimit: 0,
        UserGroupIds: [{ Ref: 'CacheUserGroup' }],
        SecurityGroupIds: [{ Ref: 'CacheSecurityGroup' }],
      },
    });
  });

  it('tells functions the address of the primary, over TLS', () => {
    const url = Globals.Function.Environment.Variables.CACHE_URL;
    expect(url).toEqual(Outputs.CacheUrl?.Value);
    const endpoint =
      /^rediss:\/\/\$\{CacheServer\.PrimaryEndPoint\.Address\}:\$\{CacheServer\.PrimaryEndPoint\.Port\}$/;
    expect(url).toEqual({ 'Fn::Sub': expect.stringMatching(endpoint) });
  });

  it('allows functions to connect, to this server as this user', () => {
    const [statement, ...others] = Resources.CachePolicy.Properties.PolicyDocument.Statement;
    expect(others).toEqual([]);
    expect(statement?.Action).toEqual(['elasticache:Connect']);
    const resources = JSON.stringify(statement?.Resource);
    expect(resources).toMatch(/replicationgroup:\$\{CacheServer\}"/);
    expect(resources).toMatch(/user:\$\{CacheUser\}"/);
  });
});

describeWithRedis('the user of the template of ElastiCache', () => {
  it('may do all that the store does, below the prefix and nowhere else', async () => {
    const server = await RedisProcess.start();
    const rights = Resources.CacheUser.Properties.AccessString.split(' ');
    await server.call('ACL', 'SETUSER', 'cache', '>secret', ...rights);
    const options = { username: 'cache', password: 'secret' };
    const store = new RedisCacheStore({ url: server.url, options });
    const elsewhere = new RedisCacheStore({ url: server.url, options, prefix: 'other' });
    try {
      await store.warm();
      const { version } = await store.getVersioned('key');
      expect(await store.setIfUnchanged('key', 'filled', 60, version)).toBe(true);
      expect(await store.getVersioned('key')).toMatchObject({ value: 'filled' });
      expect(await store.add('added', 1, 60)).toBe(true);
      await store.set('set', 1, 60);
      expect(await store.has('set')).toBe(true);
      expect(await store.getMany(['key', 'added'])).toEqual(['filled', 1]);
      await store.delMany(['key', 'added']);
      expect(await store.delByPattern('s*')).toBe(1);
      await store.set('left', 1, 60);
      await store.clear();
      expect(await server.call('DBSIZE')).toBe(0);
      await expect(elsewhere.get('key')).rejects.toThrow(
        /NOPERM.*The prefix of the store is not among/,
      );
    } finally {
      await Promise.all([store.close(), elsewhere.close()]);
      await server.stop();
    }
  });
});
