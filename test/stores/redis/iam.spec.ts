import { CacheService, RedisCacheStore, type RedisCacheStoreOptions } from '@glasswork/cache';
import aws4 from 'aws4';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { freePort } from '../../servers/free-port.js';
import { describeWithRedis } from '../../servers/redis-available.js';
import { startRedisCluster } from '../../servers/redis-cluster.js';
import { RedisProcess } from '../../servers/redis-process.js';
import { prepareTLS } from '../../servers/redis-tls.js';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  for (const close of closers.splice(0).reverse()) await close();
});

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const IAM = { user: 'shop', cacheName: 'my-cache', region: 'eu-central-1' };
/** A handshake of TLS on a busy machine takes as long as it takes. */
const PATIENT = { connectTimeout: MINUTE_MS, commandTimeout: MINUTE_MS };
const KEYS = { accessKeyId: 'AKID', secretAccessKey: 'secret' };

/** The token of this moment, signed by a library that someone else wrote, in the order in which the store sends it. */
function tokenOfNow(): string {
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const path = `/?Action=connect&User=${IAM.user}&X-Amz-Date=${time}&X-Amz-Expires=900`;
  const request = { service: 'elasticache', region: IAM.region, host: IAM.cacheName, path };
  const { path: signed } = aws4.sign({ ...request, signQuery: true }, KEYS);
  const query = new URLSearchParams(String(signed).slice(2));
  const signature = query.get('X-Amz-Signature');
  query.delete('X-Amz-Signature');
  query.sort();
  return `${IAM.cacheName}/?${query}&X-Amz-Signature=${signature}`;
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.stubEnv('AWS_PROFILE', '');
  vi.stubEnv('AWS_ACCESS_KEY_ID', KEYS.accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', KEYS.secretAccessKey);
  vi.stubEnv('AWS_SESSION_TOKEN', '');
});

function open(options: RedisCacheStoreOptions): RedisCacheStore {
  const store = new RedisCacheStore(options);
  closers.push(() => store.close());
  return store;
}

/** As ElastiCache: the user's password is the token of this moment, and those of before are not. */
async function acceptTokenOfNow(nodes: readonly RedisProcess[]): Promise<void> {
  for (const node of nodes) {
    const rules = ['reset', 'on', `>${tokenOfNow()}`, '~*', '&*', '+@all'];
    await node.call('ACL', 'SETUSER', IAM.user, ...rules);
    // A client that does not log in may do nothing.
    await node.call(
      'ACL',
      'SETUSER',
      'default',
      '-@all',
      '+acl',
      '+client',
      '+info',
      '+cluster',
      '+ping',
    );
  }
}

/** Passes while the sandbox is frozen: connections are gone, and tokens of before have expired. */
async function freeze(nodes: readonly RedisProcess[], ms: number): Promise<void> {
  vi.setSystemTime(Date.now() + ms);
  await acceptTokenOfNow(nodes);
  for (const node of nodes) await node.call('CLIENT', 'KILL', 'TYPE', 'normal');
}

const logins = async (node: RedisProcess): Promise<number> =>
  Number(
    /calls=(\d+)/.exec((await node.field('cmdstat_auth', ['INFO', 'commandstats'])) ?? '')?.[1] ??
      0,
  );

describe('a login by IAM', () => {
  const url = 'rediss://127.0.0.1';
  it.each<[string, object, RegExp]>([
    ['no TLS', { url: 'redis://127.0.0.1', iam: IAM }, /needs TLS: use rediss/],
    ['a password', { url: 'rediss://:pw@a', iam: IAM }, /remove the password/],
    ['another user', { url: 'rediss://me@a', iam: IAM }, /another user name/],
    ['no user', { url, iam: { ...IAM, user: '' } }, /iam.user/],
    ['an endpoint', { url, iam: { ...IAM, cacheName: 'c.abc.amazonaws.com' } }, /not its endpoint/],
    ['a client', { client: {}, iam: IAM }, /make your own client/],
    ['an invalid region', { url, iam: { ...IAM, region: 'EU' } }, /^iam\.region is 'EU'/],
    [
      'a variable',
      { url, iam: { ...IAM, serverless: 'false' } },
      /^iam\.serverless is not true or false/,
    ],
  ])('is refused with %s', (_, options, message) => {
    expect(() => new RedisCacheStore(options)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringMatching(message) }),
    );
  });

  it.each([url, `rediss://${IAM.user}@a`])('takes its user for %s', async (address) => {
    const store = new RedisCacheStore({ url: address, iam: IAM });
    await store.close();
  });

  it('names the region that is missing', async () => {
    vi.stubEnv('AWS_REGION', 'not a region');
    const server = await start();
    const { user, cacheName } = IAM;
    const store = open({ ...server.options, iam: { user, cacheName } });
    await expect(store.get('key')).rejects.toThrow(/^iam\.region is 'not a region'/);
  });

  it.each([
    ['no credentials', { AWS_ACCESS_KEY_ID: '' }, 'NO_CREDENTIALS'],
    ['a profile that needs the SDK', { AWS_PROFILE: 'no-such-profile' }, 'NO_CREDENTIALS'],
  ])('names what its options can do about %s', async (_, env, code) => {
    const none = { AWS_CONFIG_FILE: '/none', AWS_SHARED_CREDENTIALS_FILE: '/none' };
    const variables = { ...none, AWS_EC2_METADATA_DISABLED: 'true', ...env };
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
    const { options } = await start();
    const error = await open({ ...options, iam: IAM })
      .get('key')
      .catch((thrown) => thrown);
    expect(error).toMatchObject({ code, message: expect.stringContaining('options.password') });
    expect(error).not.toHaveProperty('message', expect.stringContaining('option credentials'));
  });

  it('takes a token of the user in its place', async () => {
    const { server, options } = await start();
    await acceptTokenOfNow([server]);
    const login = { username: IAM.user, password: async () => tokenOfNow() };
    const store = open({ ...options, options: { ...options.options, ...login } });
    await store.set('key', 'value', 60);
    expect(await store.get('key')).toBe('value');
  });
});

async function start() {
  const tls = await prepareTLS();
  closers.push(tls.remove);
  const port = await freePort();
  const server = await RedisProcess.start({ config: tls.config(port) });
  closers.push(() => server.stop());
  const options = { tls: { ca: tls.ca }, ...PATIENT };
  return { server, options: { url: `rediss://127.0.0.1:${port}`, options } };
}

describeWithRedis('a login by IAM at one server', () => {
  it('signs a token for each connection, also after a freeze', async () => {
    const { server, options } = await start();
    await acceptTokenOfNow([server]);
    const store = open({ ...options, iam: IAM });
    await store.set('key', 'value', 86_400);
    await freeze([server], 16 * MINUTE_MS);
    expect(await store.get('key')).toBe('value');
    // An old token would be refused.
    await freeze([server], 5 * HOUR_MS);
    await new CacheService(store).check();
    expect(await logins(server)).toBe(3);
  });

  it('replaces a connection before its 12 hours have passed, and cuts off no command', async () => {
    const { server, options } = await start();
    await acceptTokenOfNow([server]);
    const store = open({ ...options, iam: IAM });
    await store.set('key', 'value', 86_400);
    for (let minutes = 4; minutes < 659; minutes += 4) {
      vi.setSystemTime(Date.now() + 4 * MINUTE_MS);
      expect(await store.get('key')).toBe('value');
    }
    expect(await logins(server)).toBe(1);
    vi.setSystemTime(Date.now() + 4 * MINUTE_MS);
    await acceptTokenOfNow([server]);
    expect(await Promise.all(['key', 'key', 'other'].map((key) => store.get(key)))).toEqual([
      'value',
      'value',
      undefined,
    ]);
    expect(await logins(server)).toBe(2);
  });

  it('listens for invalidations, too', async () => {
    const { server, options } = await start();
    await acceptTokenOfNow([server]);
    const channel = open({ ...options, iam: IAM }).invalidations();
    closers.push(() => channel.close());
    expect(await channel.sync()).toBe(1);
  });

  it('that is refused shows the remedy, and no token', async () => {
    const { options } = await start();
    const error = await open({ ...options, iam: IAM })
      .check()
      .catch((thrown) => thrown);
    expect(error.message).toMatch(/WRONGPASS.*IAM/);
    expect(error.message).not.toMatch(/Signature|AKID/);
  });
});

describeWithRedis('a login by IAM at a Cluster over TLS', () => {
  async function startCluster() {
    const tls = await prepareTLS();
    closers.push(tls.remove);
    const ports: number[] = [];
    const cluster = await startRedisCluster({
      async config() {
        const port = await freePort();
        ports.push(port);
        // Nodes meet at the port that they would have without TLS.
        const bus = (plain: number) => `cluster-port ${plain + 10_000}`;
        return [...tls.config(port), 'tls-cluster yes', bus];
      },
    });
    closers.push(cluster.stop);
    const nodes = ports.map((port) => `rediss://127.0.0.1:${port}`);
    return {
      nodes: cluster.masters,
      options: { nodes, options: { tls: { ca: tls.ca }, ...PATIENT } },
    };
  }

  it('signs a token for every node, also after a freeze', async () => {
    const { nodes, options } = await startCluster();
    await acceptTokenOfNow(nodes);
    const store = open({ ...options, iam: IAM });
    const keys = Array.from({ length: 30 }, (_, i) => `key${i}`);
    const all = () => Promise.all(keys.map((key) => store.get(key)));
    await store.check();
    await store.setMany(keys.map((key) => ({ key, value: key, ttl: 86_400 })));
    expect(await all()).toEqual(keys);
    await freeze(nodes, 16 * MINUTE_MS);
    expect(await all()).toEqual(keys);
    expect(await store.delByPattern('key*')).toBe(30);
  });

  it('gives a node that connects later the token of that time', async () => {
    const { nodes, options } = await startCluster();
    await acceptTokenOfNow(nodes);
    const store = open({ ...options, iam: IAM });
    await store.set('key', 'value', 86_400);
    for (let minutes = 0; minutes < 20; minutes += 4) {
      vi.setSystemTime(Date.now() + 4 * MINUTE_MS);
      await store.get('key');
    }
    await acceptTokenOfNow(nodes);
    const keys = Array.from({ length: 30 }, (_, i) => `key${i}`);
    for (const node of nodes) await node.call('CLIENT', 'KILL', 'TYPE', 'normal');
    vi.setSystemTime(Date.now() + 6 * MINUTE_MS);
    await acceptTokenOfNow(nodes);
    await Promise.all(keys.map((key) => store.set(key, key, 60)));
    expect(await Promise.all(keys.map((key) => store.get(key)))).toEqual(keys);
  });
});
