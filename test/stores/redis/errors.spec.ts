import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { Cluster, Redis } from 'ioredis';
import { Redis as Valkey } from 'iovalkey';
import { afterEach, describe, expect, it } from 'vitest';
import { redisError } from '../../../src/stores/redis/error.js';
import { RedisCacheStore } from '../../../src/stores/redis/index.js';
import { freePort } from '../../servers/free-port.js';
import { NO_SUCH_HOST } from '../../servers/no-such-host.js';
import { describeWithRedis } from '../../servers/redis-available.js';
import { describeWithRedisCluster } from '../../servers/redis-cluster-available.js';
import { RedisProcess, type RedisProcessOptions } from '../../servers/redis-process.js';
import { startRedisSentinel } from '../../servers/redis-sentinel.js';
import { prepareTLS } from '../../servers/redis-tls.js';
import { until } from '../../servers/until.js';

/** A secret of any kind may not be seen. */
const SECRET = 'hunter2';
const VALUE = `value-${SECRET}`;

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(options?: RedisProcessOptions): Promise<RedisProcess> {
  const server = await RedisProcess.start(options);
  closers.push(() => server.stop());
  return server;
}

const withConfig = (...config: string[]) => start({ config });

function open(url: string, options: object = {}): RedisCacheStore {
  const store = new RedisCacheStore({ url, options });
  closers.push(() => store.close());
  return store;
}

type Work = (store: RedisCacheStore) => Promise<unknown>;
const get: Work = (store) => store.get('key');
const read: Work = (store) => store.getVersioned('key');
const set: Work = (store) => store.set('key', VALUE, 60);
const scan: Work = (store) => store.delByPattern('*');
const publish: Work = (store) => store.invalidations().publish(VALUE);
const subscribe: Work = (store) => store.invalidations().sync();

async function expectError(work: Promise<unknown>, said: RegExp, remedy: RegExp): Promise<void> {
  const error = await work.then(
    () => new Error('It succeeded'),
    (reason) => reason,
  );
  expect(error.name, inspect(error)).toBe('CacheError');
  expect(error.message).toMatch(said);
  expect(error.message).toMatch(remedy);
  expect(error.message).not.toMatch(/[.?!]\.\s/);
  // The message, the causes and what hangs on them, as a logger would print them.
  expect(inspect(error, { depth: 12, maxStringLength: Number.POSITIVE_INFINITY })).not.toContain(
    SECRET,
  );
  expect(() => JSON.stringify(error.cause)).not.toThrow();
}

/** A store of a user whom the rules allow less than it needs. */
async function asGuest(...rules: string[]): Promise<RedisCacheStore> {
  const server = await start();
  const all = ['on', `>${SECRET}`, '~cache:*', '&*', '+@all'];
  await server.call('ACL', 'SETUSER', 'guest', ...all, ...rules);
  return open(server.url.replace('//', `//guest:${SECRET}@`));
}

async function atDatabase(db: number, ...rules: string[]): Promise<RedisCacheStore> {
  const server = await start();
  await server.call('ACL', 'SETUSER', 'guest', 'on', `>${SECRET}`, '~*', '+@all', ...rules);
  return open(`${server.url.replace('//', `//guest:${SECRET}@`)}/${db}`);
}

async function logIn(login: string): Promise<RedisCacheStore> {
  const server = await start();
  return open(server.url.replace('//', `//${login}@`));
}

async function configured(...settings: [name: string, value: string | number][]) {
  const server = await start();
  for (const [name, value] of settings) await server.configure(name, value);
  return open(server.url);
}

/** A replica of an absent master. */
async function replica(servesStaleData: 'yes' | 'no'): Promise<RedisCacheStore> {
  const server = await withConfig(`replica-serve-stale-data ${servesStaleData}`);
  await server.call('REPLICAOF', server.host, 1);
  return open(server.url);
}

async function full(): Promise<RedisCacheStore> {
  return configured(['maxmemory-policy', 'noeviction'], ['maxmemory', 1]);
}

async function loading(): Promise<RedisCacheStore> {
  const server = await withConfig(
    'key-load-delay 1000',
    'loading-process-events-interval-bytes 1024',
  );
  await server.call('EVAL', `for i = 1, 30000 do redis.call('SET', 'k' .. i, 'x') end`, 0);
  await server.call('SAVE');
  await server.kill();
  void server.start().catch(() => {});
  const isLoading = () =>
    server.call('GET', 'k1').then(
      () => false,
      (error) => String(error).includes('LOADING'),
    );
  await until(isLoading, 'the server to load');
  return open(server.url);
}

/** Its folder takes no files, so it cannot save. */
async function withoutDisk(): Promise<RedisCacheStore> {
  const server = await withConfig('dir /proc');
  await server.configure('save', '3600 1');
  await server.call('BGSAVE').catch(() => {});
  const failed = async () => (await server.field('rdb_last_bgsave_status')) === 'err';
  await until(failed, 'the server to fail to save');
  return open(server.url);
}

async function busy(): Promise<RedisCacheStore> {
  const server = await withConfig('busy-reply-threshold 1');
  const store = open(server.url);
  await store.get('key');
  void server.call('EVAL', 'while true do end', 0).catch(() => {});
  const isBusy = () =>
    server.call('GET', 'key').then(
      () => false,
      (error) => String(error).includes('BUSY'),
    );
  await until(isBusy, 'the server to be busy');
  return store;
}

async function withoutConnections(): Promise<RedisCacheStore> {
  const server = await start();
  const only = new Redis(server.url);
  closers.push(() => only.disconnect());
  await only.config('SET', 'maxclients', '1');
  // Others that the test has opened before are gone.
  const isAlone = async () => !/id=.*\n.*id=/.test(String(await only.client('LIST')));
  await until(isAlone, 'the other connections to end');
  return open(server.url);
}

async function sentinel(options: object, password?: string): Promise<RedisCacheStore> {
  const { sentinel: one, name, stop } = await startRedisSentinel();
  closers.push(stop);
  if (password) await one.call('ACL', 'SETUSER', 'default', 'resetpass', `>${password}`);
  const sentinels = [{ host: one.host, port: one.port }];
  return open('redis://by-name', { sentinels, name, ...options });
}

async function tls(
  url: (port: number) => string,
  { trust = true, clients = 'no' }: { trust?: boolean; clients?: 'yes' | 'no' } = {},
): Promise<RedisCacheStore> {
  const { ca, config, remove } = await prepareTLS(clients);
  closers.push(remove);
  const port = await freePort();
  await withConfig(...config(port));
  return open(url(port), trust ? { tls: { ca } } : {});
}

async function http(): Promise<RedisCacheStore> {
  const server = createHttpServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  closers.push(() => server.close());
  return open(`redis://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

type Row = readonly [
  cause: string,
  store: () => Promise<RedisCacheStore>,
  work: Work,
  said: RegExp,
  remedy: RegExp,
];

const RULES = /'~cache:\*' .*\+unlink .*\+evalsha \+ping \+select \+quit/;

const ROWS: readonly Row[] = [
  [
    'no login',
    async () => open((await start({ password: SECRET })).url.replace(`:${SECRET}@`, '')),
    get,
    /NOAUTH/,
    /Give user name and password/,
  ],
  [
    'a wrong password',
    async () => open((await start({ password: 'right' })).url.replace('right', SECRET)),
    get,
    /WRONGPASS/,
    /Check the user name/,
  ],
  [
    'an unknown user',
    () => logIn(`nobody:${SECRET}`),
    get,
    /WRONGPASS/,
    /Check the user name and the password/,
  ],
  [
    'a password too many',
    () => logIn(`:${SECRET}`),
    get,
    /without any password/,
    /remove the password/,
  ],
  ['GET denied', () => asGuest('-get'), get, /NOPERM.*'get'/, RULES],
  ['EVAL denied', () => asGuest('-eval', '-evalsha'), read, /NOPERM.*'eval(sha)?'/, RULES],
  ['SET denied to a script', () => asGuest('-set'), set, /script can't run this command/, RULES],
  ['SET denied to the script of a read', () => asGuest('-set'), read, /script can't run/, RULES],
  ['TIME denied to a script', () => asGuest('-time'), set, /script can't run/, RULES],
  ['UNLINK denied', () => asGuest('-unlink'), (store) => store.del('key'), /NOPERM/, RULES],
  ['SCAN denied', () => asGuest('-scan'), scan, /NOPERM.*'scan'/, RULES],
  [
    'GETRANGE denied',
    () => asGuest('-getrange'),
    (store) => store.set('key', VALUE, 60).then(() => store.delByPattern('*')),
    /script can't run|NOPERM.*'getrange'/,
    RULES,
  ],
  ['SELECT denied', () => atDatabase(1, '-select'), get, /NOPERM.*'select'/, /Use database 0, or/],
  ['no such database', () => atDatabase(99), get, /out of range/, /use a lower one/],
  [
    'keys outside the ACL',
    () => asGuest('resetkeys', '~other:*'),
    get,
    /NOPERM.*keys/,
    /The prefix of the store is not among/,
  ],
  [
    'keys outside the ACL in a script',
    () => asGuest('resetkeys', '~other:*'),
    set,
    /keys/,
    /The prefix of the store is not among/,
  ],
  [
    'keys that may only be read',
    () => asGuest('resetkeys', '%R~cache:*'),
    set,
    /key/,
    /The prefix of the store is not among/,
  ],
  [
    'PUBLISH denied',
    () => asGuest('-publish'),
    publish,
    /NOPERM.*'publish'/,
    /'&cache:#invalidations\*' \+publish/,
  ],
  [
    'SUBSCRIBE denied',
    () => asGuest('-subscribe'),
    subscribe,
    /NOPERM.*'subscribe'/,
    /'&cache:#invalidations\*' \+publish/,
  ],
  [
    'channels outside the ACL',
    () => asGuest('resetchannels'),
    publish,
    /NOPERM.*channels/,
    /'&cache:#invalidations\*' \+publish/,
  ],
  [
    'EVAL renamed away',
    async () => open((await withConfig('rename-command EVAL ""')).url),
    set,
    /unknown command 'eval'\. /i,
    /disabled or renamed/,
  ],
  [
    'EVALSHA renamed away',
    async () => open((await withConfig('rename-command EVALSHA ""', 'rename-command EVAL ""')).url),
    read,
    /unknown command/i,
    /disabled or renamed/,
  ],
  [
    'SCAN renamed away',
    async () => open((await withConfig('rename-command SCAN ""')).url),
    scan,
    /unknown command 'scan'\. /i,
    /disabled or renamed/,
  ],
  ['no connection left', withoutConnections, get, /max number of clients/, /raise maxclients/],
  ['a server that loads', loading, get, /LOADING/, /answers when it has read its data/],
  ['a disk that is full', withoutDisk, set, /MISCONF/, /turn persistence off/],
  [
    'too few replicas',
    () => configured(['min-replicas-to-write', 1]),
    set,
    /NOREPLICAS/,
    /min-replicas-to-write/,
  ],
  ['a script that does not end', busy, get, /BUSY/, /SCRIPT KILL/],
  ['a full memory', full, set, /OOM/, /maxmemory-policy/],
  ['a replica', () => replica('yes'), set, /READONLY/, /connect to the primary endpoint/],
  [
    'a replica that is only read',
    () => replica('yes'),
    get,
    /READONLY/,
    /connect to the primary endpoint/,
  ],
  [
    'a replica without its master',
    () => replica('no'),
    get,
    /MASTERDOWN/,
    /connect to the primary endpoint/,
  ],
  [
    'a name that the Sentinel does not know',
    () => sentinel({ name: 'other' }),
    get,
    /No such master/,
    /options\.name/,
  ],
  ['no password for the Sentinel', () => sentinel({}, SECRET), get, /NOAUTH/, /sentinelPassword/],
  [
    'a wrong password for the Sentinel',
    () => sentinel({ sentinelPassword: `no-${SECRET}` }, 'right'),
    get,
    /WRONGPASS/,
    /sentinelPassword/,
  ],
  [
    'no Sentinel',
    async () =>
      open('redis://by-name', {
        name: 'x',
        sentinels: [{ host: '127.0.0.1', port: await freePort() }],
      }),
    get,
    /sentinels are unreachable/,
    /addresses of the Sentinels/,
  ],
  [
    'an unknown authority',
    () => tls((port) => `rediss://127.0.0.1:${port}`, { trust: false }),
    get,
    /self-signed certificate/,
    /options\.tls\.ca/,
  ],
  [
    'a certificate of another name',
    () => tls((port) => `rediss://localhost:${port}`),
    get,
    /altnames/,
    /options\.tls\.servername/,
  ],
  [
    'no certificate of the client',
    () => tls((port) => `rediss://127.0.0.1:${port}`, { clients: 'yes' }),
    get,
    /certificate required|alert/,
    /options\.tls\.cert/,
  ],
  [
    'a certificate and a key that are not PEM',
    async () => open('rediss://127.0.0.1:6379', { tls: { cert: SECRET, key: SECRET } }),
    get,
    /PEM routines/,
    /PEM format/,
  ],
  [
    'a Cluster that is a single server',
    async () => {
      const store = new RedisCacheStore({ nodes: [(await start()).url] });
      closers.push(() => store.close());
      return store;
    },
    get,
    /cluster support disabled/,
    /without nodes/,
  ],
  [
    'TLS at a plain port',
    async () => open((await start()).url.replace('redis:', 'rediss:')),
    get,
    /No TLS connection/,
    /that the port speaks TLS/,
  ],
  [
    'no TLS at a TLS port',
    () => tls((port) => `redis://127.0.0.1:${port}`, { trust: false }),
    get,
    /ECONNRESET|closed/,
    /rediss:\/\//,
  ],
  ['another protocol', http, get, /Protocol error/, /check the port/],
  [
    'nobody there',
    async () => open(`redis://:${SECRET}@127.0.0.1:${await freePort()}`),
    get,
    /ECONNREFUSED/,
    /Check the address/,
  ],
  [
    'nobody there, at several addresses',
    async () => open(`redis://:${SECRET}@localhost:${await freePort()}`),
    get,
    /ECONNREFUSED/,
    /Check the address/,
  ],
  [
    'an unknown name',
    async () => open(`redis://:${SECRET}@${NO_SUCH_HOST}`),
    get,
    /ENOTFOUND|EAI_AGAIN/,
    /name of the host/,
  ],
  ['no such socket', async () => open('/tmp/no-such.sock'), get, /ENOENT/, /path of the socket/],
];

describeWithRedis('an error of Redis names its remedy, and no secret', () => {
  it.each(ROWS)('%s', async (_cause, make, work, said, remedy) => {
    const store = await make();
    await expectError(work(store), said, remedy);
    // Also over the same connection.
    await expectError(work(store), said, remedy);
  });

  it.each([
    ['ioredis', (url: string) => new Redis(url, { maxRetriesPerRequest: 1 })],
    [
      'ioredis that pipelines by itself',
      (url: string) => new Redis(url, { enableAutoPipelining: true, maxRetriesPerRequest: 1 }),
    ],
    ['iovalkey', (url: string) => new Valkey(url, { maxRetriesPerRequest: 1 })],
  ])('and no argument of a command, with a client of %s', async (_, make) => {
    const server = await start();
    const client = make(server.url);
    client.on('error', () => {});
    closers.push(() => client.disconnect());
    const store = new RedisCacheStore({ client });
    await server.configure('maxmemory', 1);
    await expectError(set(store), /OOM/, /maxmemory-policy/);
    await server.kill();
    await expectError(set(store), /closed|ECONN|max retries/, /Check the address/);
  });
});

describeWithRedisCluster('an error of a Redis Cluster names its remedy', (addresses) => {
  const [first = { host: '', port: 0 }] = addresses;
  const one = `redis://${first.host}:${first.port}`;

  it('where the client knows one server only', async () => {
    const store = open(one);
    const all = Promise.all(Array.from({ length: 50 }, (_, i) => store.set(`${i}`, VALUE, 60)));
    await expectError(all, /MOVED/, /give the store a Cluster client/);
  });

  it('where the URL has a database', async () => {
    await expectError(get(open(`${one}/1`)), /SELECT is not allowed/, /database 0 only/);
  });

  it('where no node is there', async () => {
    const port = await freePort();
    const client = new Cluster([{ host: '127.0.0.1', port }], { clusterRetryStrategy: () => null });
    client.on('error', () => {});
    closers.push(() => client.disconnect());
    const store = new RedisCacheStore({ client });
    await expectError(set(store), /None of startup nodes|slots cache/, /Check|No node/);
  });
});

/** Other versions than the one that is installed say it in other words. */
describe('an error of another version', () => {
  it.each([
    ["NOPERM User guest has no permissions to run the 'get' command", RULES],
    [
      'error:05800074:x509 certificate routines::key values mismatch',
      /cert and key belong together/,
    ],
    ['certificate has expired', /Renew the certificate/],
    ['certificate is not yet valid', /Renew the certificate/],
    [
      'C0:error:0A000415:SSL routines:ssl3_read_bytes:sslv3 alert certificate expired:../ssl/record/rec_layer_s3.c:1605:SSL alert number 45',
      /alert certificate expired\. Renew the certificate/,
    ],
    ['NOPERM No permissions to access a key', /The prefix of the store is not among/],
    ['NOPERM No permissions to access a channel', /'&cache:#invalidations\*'/],
    ['ERR Client sent AUTH, but no password is set. Did you mean ACL SETUSER?', /remove the/],
    ["ERR wrong number of arguments for 'auth' command", /remove the user name/],
    ['ERR max number of clients + cluster connections reached', /raise maxclients/],
    [
      "ERR Error running script (call to f_1028): @user_script:17: @user_script: 17: -OOM command not allowed when used memory > 'maxmemory'.",
      /: OOM .*maxmemory-policy/,
    ],
    ['DENIED Redis is running in protected mode because', /Protected mode/],
    ['CLUSTERDOWN Hash slot not served', /CLUSTER INFO/],
    [`ERR unknown command \`EVAL\`, with args beginning with: \`${SECRET}\`, `, /disabled/],
  ])('%s', async (said, remedy) => {
    await expectError(
      Promise.reject(redisError('get', 'key', new Error(said))),
      /Redis: get/,
      remedy,
    );
  });

  it('keeps what is safe of a cause', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:6379'), {
      code: 'ECONNREFUSED',
    });
    expect(redisError('get', 'key', refused).cause).toBe(refused);
    const reply = Object.assign(new Error('OOM command not allowed'), {
      command: { name: 'eval', args: [SECRET] },
    });
    const { cause } = redisError('get', 'key', reply);
    const wrapped = redisError('get', 'key', new Error('No TLS connection', { cause: reply }));
    expect(inspect(wrapped, { depth: 12 })).not.toContain(SECRET);
    expect((wrapped.cause as Error).cause).toMatchObject({ message: 'OOM command not allowed' });
    expect(cause).toMatchObject({ message: 'OOM command not allowed', command: 'eval' });
    expect((cause as Error).stack).toContain('errors.spec.ts');
  });
});
