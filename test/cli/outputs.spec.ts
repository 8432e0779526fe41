import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { DeleteItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bareEnvironment } from '../../scripts/package/manifest.js';
import { CacheService } from '../../src/cache-service.js';
import { DynamoDBCacheStore } from '../../src/stores/dynamodb/index.js';
import { type Answer, startAnsweringProxy } from '../servers/answering-proxy.js';
import { type Dynalite, startDynalite } from '../servers/dynalite.js';
import {
  createCacheTable,
  createClient,
  credentials,
  freshTableName,
  region,
} from '../servers/table.js';
import { temporaryFolder } from '../temporary-folder.js';
import { bundledCommandLine } from './cli.js';

// The text for a person, and the exit code for a program. The JSON is in json.spec.ts.

const cli = bundledCommandLine();
const folder = temporaryFolder('outputs', afterAll);
const ESCAPE = '\u001b';
const ISO = String.raw`20\d\d-\d\d-\d\dT[\d:.]+Z`;

let server: Dynalite;
let table: string;
let store: DynamoDBCacheStore;
beforeAll(async () => {
  server = await startDynalite();
});
afterAll(() => server.stop());
beforeEach(async () => {
  table = await createCacheTable(server.endpoint);
  const options = { tableName: table, endpoint: server.endpoint, region };
  store = new DynamoDBCacheStore({
    ...options,
    credentials: async () => credentials,
    timeouts: { request: 60, total: 120 },
  });
  return () => store.close();
});

const serviceOf = (keyPrefix?: string) =>
  new CacheService(store, keyPrefix === undefined ? {} : { keyPrefix });
const where = () => ['--table', table, '--endpoint', server.endpoint];
const run = (...args: string[]) => cli.run([...args, ...where()]);
const coloured = (...args: string[]) =>
  cli.run([...args, ...where()], { env: { FORCE_COLOR: '1' } });
async function put(Item: Record<string, { S: string } | { N: string }>) {
  const client = createClient(server.endpoint);
  await client.send(new PutItemCommand({ TableName: table, Item }));
  client.destroy();
}

/** A server that gives its own answer to some calls. */
async function behind<T>(answers: Record<string, Answer>, act: (endpoint: string) => Promise<T>) {
  const proxy = await startAnsweringProxy(server.endpoint, ({ action }) => answers[action]);
  try {
    return await act(proxy.endpoint);
  } finally {
    await proxy.stop();
  }
}
const refused = (code: string, message = 'no'): Answer => ({
  status: 400,
  body: { __type: `com.amazonaws.dynamodb.v20120810#${code}`, message },
});

describe('get', () => {
  it('shows when a value was written, is stale and ends, its size, its tags and itself', async () => {
    const options = { ttl: '1h', staleTTL: '10m', tags: ['red'] } as const;
    await serviceOf('shop').wrap('a', options, async () => ({ a: 1 }));
    const { code, stdout, stderr } = await run('get', 'a', '--prefix', 'shop');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      new RegExp(
        [
          '^fresh: it is served',
          'key {8}a',
          `created {4}${ISO} \\(\\d+m?s ago\\)`,
          `stale {6}${ISO} \\(in 9m\\)`,
          `expires {4}${ISO} \\(in 59m\\)`,
          `removed {4}${ISO} \\(in \\d+[mh]\\)`,
          'load took {2}\\d+ ms',
          'size {7}\\d+ B',
          'version {4}\\S.+',
          'prefix {5}shop: current',
          'tag {8}red: current',
          '',
          '\\{',
          '  "a": 1',
          '\\}',
          '$',
        ].join('\n'),
      ),
    );
  });

  it('says of a value that it is never stale, and of a service that it has no prefix', async () => {
    await serviceOf().set('a', 1, '1h');
    const { stdout } = await run('get', 'a');
    expect(stdout).toMatch(/^stale +never$/m);
    expect(stdout).toMatch(/^prefix +\(none\): current$/m);
    await serviceOf().clear();
    const cleared = await run('get', 'a');
    expect(cleared.stdout).toMatch(/^invalidated: the prefix was cleared\n/);
    expect(cleared.stdout).toMatch(/^prefix +\(none\): \(absent\) in the entry, \w.+ now$/m);
  });

  it('shows the versions of a tag that has changed, or has gone', async () => {
    const cache = serviceOf('shop');
    await cache.invalidateTags(['red']);
    await cache.set('a', 1, { ttl: '1h', tags: ['red'] });
    const client = createClient(server.endpoint);
    const Key = { pk: { S: '#tag:shop:red' } };
    await client.send(new DeleteItemCommand({ TableName: table, Key }));
    client.destroy();
    const { code, stdout } = await run('get', 'a', '--prefix', 'shop');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^tag +red: \w.+ in the entry, \(absent\) now$/m);
  });

  it('says no more of a key than there is', async () => {
    const absent = await run('get', 'none');
    expect(absent).toMatchObject({
      ...{ code: 1, stderr: '' },
      stdout: 'absent: the store has no record of the key\nkey  none\n',
    });
    expect(await run('get', 'none', '--raw')).toMatchObject({ code: 1, stdout: '' });
    const json = JSON.parse((await run('get', 'none', '--json')).stdout);
    expect(Object.keys(json).sort()).toEqual(['dependencies', 'key', 'verdict', 'why']);
    await put({ pk: { S: 'odd' } });
    expect((await run('get', 'odd')).stdout).toMatch(
      /^foreign: [^\n]+\nkey {6}odd\nsize {5}\d+ B\nversion {2}\?\n$/,
    );
    await serviceOf().del('gone');
    const { stdout } = await run('get', 'gone');
    expect(stdout).toMatch(
      new RegExp(
        `^absent: [^\\n]+\\nkey {6}gone\\nremoved {2}${ISO} \\(in \\d+[mh]\\)\\nsize {5}\\d+ B\\nversion {2}\\S.+\\n$`,
      ),
    );
  });

  it('cuts a long value, unless all of it is wanted', async () => {
    const cache = serviceOf();
    // With its quotes it has 2,000 and 2,003 characters.
    await cache.set('fits', 'x'.repeat(1_998), '1h');
    await cache.set('long', 'x'.repeat(2_001), '1h');
    expect((await run('get', 'fits')).stdout).toContain(`\n\n"${'x'.repeat(1_998)}"\n`);
    const { stdout } = await run('get', 'long');
    expect(stdout).toContain(
      `\n\n"${'x'.repeat(1_999)}…\n(3 more characters: --full shows them)\n`,
    );
    expect((await run('get', 'long', '--full')).stdout).toContain(`\n\n"${'x'.repeat(2_001)}"\n`);
  });

  it('is green for what is served, and yellow for a miss', async () => {
    await serviceOf().set('a', 1, '1h');
    expect((await coloured('get', 'a')).stdout).toContain(`${ESCAPE}[32mfresh`);
    expect((await coloured('get', 'b')).stdout).toContain(`${ESCAPE}[33mabsent`);
  });
});

describe('ls', () => {
  beforeEach(async () => {
    const cache = serviceOf('shop');
    for (const key of ['a', 'b', 'c']) await cache.set(key, 1, { ttl: '1h', tags: ['red'] });
    await cache.invalidateTags(['red']);
    await cache.del('d');
  });
  const ls = (...args: string[]) => run('ls', ...args, '--prefix', 'shop');

  it('says if there is more', async () => {
    expect((await ls('--limit', '3')).stderr).toBe('3 keys\n');
    expect((await ls('--limit', '2')).stderr).toBe('2 keys, and more: --limit or --all\n');
    expect((await ls('--all')).stderr).toBe('3 keys\n');
    expect((await ls('a')).stderr).toBe('1 key\n');
    expect((await ls('--json')).stderr).toBe('');
  });

  it('shows what is dead, and the records of the service, only if they are wanted', async () => {
    const dead = await ls('--dead');
    expect(dead.stdout).toMatch(/^a +live +\d+ B +in 59m$/m);
    expect(dead.stdout).toMatch(/^d +tombstone +\d+ B +-$/m);
    expect((await ls()).stdout).not.toMatch(/^d /m);
    expect((await ls('--records')).stdout).toMatch(/^#tag:shop:red +live /m);
    expect((await ls()).stdout).not.toContain('#tag');
    await put({ pk: { S: 'shop:odd' } });
    const [odd = ''] = (await ls('odd', '--json')).stdout.split('\n');
    expect(JSON.parse(odd)).toMatchObject({ expiresAt: null, collectedAt: null });
    const [live = ''] = (await ls('a', '--json')).stdout.split('\n');
    expect(JSON.parse(live).expiresAt).toMatch(new RegExp(`^${ISO}$`));
    const [line = ''] = (await ls('d', '--dead', '--json')).stdout.split('\n');
    expect(JSON.parse(line)).toEqual({
      ...{ key: 'd', state: 'tombstone', bytes: expect.any(Number), expiresAt: null },
      collectedAt: expect.stringMatching(new RegExp(`^${ISO}$`)),
    });
  });

  it('has a heading once, however long it is', async () => {
    const more = Array.from({ length: 520 }, (_, i) => ({
      key: `shop:m${i}`,
      value: 1,
      ttl: 3_600,
    }));
    await store.setMany(more);
    const { stdout, stderr } = await ls('--all');
    expect(stderr).toBe('523 keys\n');
    expect(stdout.match(/^KEY /gm)).toHaveLength(1);
    expect(new Set(stdout.trim().split('\n')).size).toBe(524);
  });

  it('lines up the rows of all pages of a table', async () => {
    const item = (key: string) => ({
      ...{ pk: { S: key }, ver: { S: 'v' }, n: { N: '1' }, value: { S: '1' } },
      ...{ expiresAt: { N: '9999999999' }, exp: { N: '9999999999999' } },
    });
    const LastEvaluatedKey = { pk: { S: 'a' } };
    const proxy = await startAnsweringProxy(server.endpoint, ({ action, body }) => {
      if (action !== 'Scan') return undefined;
      const isFirst = Object(body).ExclusiveStartKey === undefined;
      const page = isFirst ? { Items: [item('a')], LastEvaluatedKey } : { Items: [item('longer')] };
      return { status: 200, body: page };
    });
    const { stdout } = await cli.run(['ls', '--table', table, '--endpoint', proxy.endpoint]);
    await proxy.stop();
    const rows = stdout.trim().split('\n');
    expect(rows.map((row) => row.indexOf(rows[0] === row ? 'STATE' : 'live'))).toEqual([8, 8, 8]);
  });

  it('is yellow for stale values, and dim for dead ones', async () => {
    await serviceOf('shop').expire('a');
    const { stdout } = await coloured('ls', '--dead', '--prefix', 'shop');
    expect(stdout).toContain(`${ESCAPE}[33mstale`);
    expect(stdout).toMatch(/^b +live /m);
    expect(stdout).toContain(`${ESCAPE}[2mtombstone`);
  });
});

describe('stats', () => {
  it('says that a store is empty', async () => {
    expect(await run('stats')).toMatchObject({
      ...{ code: 0, stdout: '0 items, 0 B, 0 expired and not yet collected\n' },
    });
  });

  it('groups by as many parts as are wanted, and names what is no value', async () => {
    const cache = serviceOf();
    await cache.set('a:b:c', 'x'.repeat(900), '1h');
    await cache.set('a:d:e', 'x'.repeat(700), '1h');
    await cache.invalidateTags(['red']);
    await cache.del('gone');
    await put({ pk: { S: 'of another program' } });
    const entry = '[1,null,1000,5,[[null,""]]]';
    await put({
      ...{ pk: { S: 'old:1' }, value: { S: '1' }, entry: { S: entry }, exp: { N: '1000' } },
      ...{ expiresAt: { N: '9999999999' }, ver: { S: 'v' }, n: { N: '1' } },
    });
    const groups = async (...args: string[]) => {
      const { groups: found, expired } = JSON.parse(
        (await run('stats', '--json', ...args)).stdout,
      ) as { groups: { name: string; items: number; expired: number }[]; expired: number };
      expect(expired).toBe(1);
      return found.map(({ name, items, expired: over }) => `${name} ${items} ${over}`);
    };
    const others = ['(other programs) 1 0', '(tombstones) 1 0', '#tag: 1 0'];
    expect((await groups()).toSorted()).toEqual([...others, 'a:* 2 0', 'old:* 1 1'].toSorted());
    expect((await groups())[0]).toBe('a:* 2 0');
    expect((await groups('--depth', '2')).toSorted()).toEqual(
      [...others, 'a:b:* 1 0', 'a:d:* 1 0', 'old:1 1 1'].toSorted(),
    );
    const { stdout } = await run('stats');
    expect(stdout).toMatch(
      /^6 items, [\d.]+ KB, 1 expired and not yet collected\n\nKEYS +ITEMS +SIZE +EXPIRED\na:\* +2 +[\d.]+ KB +0\n/,
    );
    expect(stdout).toMatch(/\n\nBIGGEST +SIZE\na:b:c +[\d.]+ KB\na:d:e +\d+ B\n/);
    expect(stdout).not.toContain('--json lists them');
  });

  it('shows thirty groups, and the five biggest of any number', async () => {
    const entries = Array.from({ length: 30 }, (_, i) => ({
      ...{ key: `g${i}:x`, value: 'x'.repeat(10 + i), ttl: 3_600 },
    }));
    await serviceOf().setMany(entries);
    expect((await run('stats')).stdout).not.toContain('--json lists them');
    await serviceOf().set('another:x', 1, '1h');
    const { stdout } = await run('stats');
    expect(stdout).toContain('\n1 more: --json lists them\n\nBIGGEST');
    const biggest = stdout.split('BIGGEST')[1]?.match(/g\d+:x/g);
    expect(biggest).toEqual(['g29:x', 'g28:x', 'g27:x', 'g26:x', 'g25:x']);
  });

  it('keeps a thousand groups apart', async () => {
    const item = (pk: string) => ({ pk: { S: pk }, ver: { S: 'v' }, n: { N: '1' } });
    const keys = Array.from({ length: 1_001 }, (_, i) => `#k${i}:x:y`);
    const Items = [...keys, '#k0:x:z'].map((key) => ({
      ...item(key),
      ...{ value: { S: '1' }, expiresAt: { N: '9999999999' }, exp: { N: '9999999999999' } },
    }));
    await behind({ Scan: { status: 200, body: { Items } } }, async (endpoint) => {
      const { stdout } = await cli.run([
        ...['stats', '--json', '--table', table, '--endpoint', endpoint],
      ]);
      const { groups }: { groups: { name: string; items: number }[] } = JSON.parse(stdout);
      expect(groups).toHaveLength(1_001);
      expect(groups.find(({ name }) => name === '(others)')).toMatchObject({ items: 1 });
      expect(groups.find(({ name }) => name === '#k0:x')).toMatchObject({ items: 2 });
    });
  });
});

describe('what would be changed', () => {
  it.each([
    [['del', 'a'], 'Delete "a"'],
    [['del', 'a', 'b', 'c'], 'Delete "a", "b", "c"'],
    [['del', 'a', 'b', 'c', 'd'], 'Delete 4 of them'],
    [['del', '--pattern', 'a*'], 'Delete all keys that match "a*"'],
    [['expire', 'a'], 'Expire "a"'],
    [['expire', '--tags', 't'], 'Expire all values with the tags "t"'],
    [['invalidate', 't'], 'Invalidate all values with the tags "t"'],
    [['clear', '--prefix', 'shop'], 'Invalidate all values of "shop"'],
    [['clear'], 'Invalidate all values of the service without a prefix'],
    [['clear', '--physical'], 'Delete all records of all services'],
  ])('is asked for %j', async (args, question) => {
    const { code, stdout, stderr } = await run(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(`error: ${question} in table "${table}"`);
    expect(stderr).toContain('? Nobody can answer here: repeat the command with --yes.');
  });

  it.each([
    [['del', 'a', 'b'], 'Deleted 2 keys.', { deleted: ['a', 'b'] }],
    [['del', '--pattern', 'a*', 'b*'], 'Deleted 2 keys.', { patterns: ['a*', 'b*'], deleted: 0 }],
    [['expire', 'a'], 'Expired 1 key.', { expired: ['a'] }],
    [['expire', '--tags', 't', 'u'], 'Expired 2 tags.', { expired: ['t', 'u'] }],
    [['invalidate', 't'], 'Invalidated 1 tag.', { invalidated: ['t'] }],
    [['clear'], 'Invalidated all values of the service without a prefix.', { cleared: null }],
    [['clear', '--prefix', 'shop'], 'Invalidated all values of "shop".', { cleared: 'shop' }],
    [['clear', '--physical'], 'Deleted all records.', { cleared: '*' }],
  ])('is said of %j once it is done', async (args, text, json) => {
    await serviceOf().setMany(['a', 'b'].map((key) => ({ key, value: 1, ttl: 3_600 })));
    expect(await run(...args, '-y')).toMatchObject({ code: 0, stdout: `${text}\n`, stderr: '' });
    const again = await run(...args, '-y', '--json');
    expect([again.code, JSON.parse(again.stdout)]).toEqual([0, json]);
  });
});

describe('create and destroy', () => {
  const named = (name: string) => ['--table', name, '--endpoint', server.endpoint];

  it('say what they have done', async () => {
    const name = freshTableName();
    const create = (...args: string[]) => cli.run(['create', ...named(name), ...args]);
    const destroy = (...args: string[]) => cli.run(['destroy', '-y', ...named(name), ...args]);
    const about = 'in us-east-1, without TTL, which this server does not support.\n';
    expect(await create()).toMatchObject({
      code: 0,
      stdout: `Created the table "${name}" ${about}`,
    });
    expect(await create()).toMatchObject({
      ...{ code: 0, stdout: `The table "${name}" exists already ${about}` },
    });
    expect(await destroy()).toMatchObject({ code: 0, stdout: `Deleted the table "${name}".\n` });
    expect(JSON.parse((await create('--json')).stdout)).toEqual({
      ...{ table: name, region, created: true, ttl: false },
    });
    expect(JSON.parse((await destroy('--json')).stdout)).toEqual({
      ...{ table: name, region, destroyed: true },
    });
  });

  it.each([
    ['create', 'TimeToLive is already enabled', 0, 'with TTL on expiresAt'],
    ['create', 'Something else', 3, 'Something else'],
  ])('%s with the answer "%s" to TTL exits with %d', async (command, message, code, text) => {
    const answers = { UpdateTimeToLive: refused('ValidationException', message) };
    await behind(answers, async (endpoint) => {
      const found = await cli.run([
        ...[command, '--table', freshTableName(), '--endpoint', endpoint],
      ]);
      expect([found.code, found.stdout + found.stderr]).toEqual([
        ...[code, expect.stringContaining(text)],
      ]);
    });
  });

  it('pass on another refusal', async () => {
    await behind(
      { CreateTable: refused('LimitExceededException', 'Too many') },
      async (endpoint) => {
        expect(
          await cli.run(['create', '--table', 'a-table', '--endpoint', endpoint]),
        ).toMatchObject({
          ...{ code: 3, stderr: expect.stringContaining('Too many') },
        });
      },
    );
    await behind({ Scan: refused('SomethingElse', 'Odd') }, async (endpoint) => {
      expect(
        await cli.run(['destroy', '-y', '--table', table, '--endpoint', endpoint]),
      ).toMatchObject({ code: 3, stderr: expect.stringContaining('Odd') });
    });
  });

  it.each(['create', 'destroy'])('%s needs a name', async (command) => {
    expect(await cli.run([command, '--endpoint', server.endpoint])).toMatchObject({
      ...{ code: 2, stdout: '', stderr: 'error: No table is named: give --table.\n' },
    });
  });

  it.each([
    ['another key', { KeySchema: [{ AttributeName: 'id' }] }, 'has the key id,'],
    [
      'a key of two parts',
      { KeySchema: [{ AttributeName: 'pk' }, { AttributeName: 'sk' }] },
      'has the key pk, sk,',
    ],
    [
      'a number as its key',
      {
        KeySchema: [{ AttributeName: 'pk' }],
        AttributeDefinitions: [
          { AttributeName: 'sk', AttributeType: 'S' },
          { AttributeName: 'pk', AttributeType: 'N' },
        ],
      },
      'has a key that is no text,',
    ],
  ])('destroy leaves a table alone that has %s', async (_what, Table, reason) => {
    await behind({ DescribeTable: { status: 200, body: { Table } } }, async (endpoint) => {
      const { code, stderr } = await cli.run([
        ...['destroy', '-y', '--table', table, '--endpoint', endpoint],
      ]);
      expect([code, stderr]).toEqual([2, expect.stringContaining(reason)]);
    });
  });

  it.each([
    ['DISABLED', 'deleteAt'],
    ['ENABLED', 'expiresAt'],
  ])('destroy takes a table whose TTL is %s on %s', async (TimeToLiveStatus, AttributeName) => {
    const TimeToLiveDescription = { TimeToLiveStatus, AttributeName };
    await behind(
      { DescribeTimeToLive: { status: 200, body: { TimeToLiveDescription } } },
      async (endpoint) => {
        const args = ['destroy', '-y', '--table', table, '--endpoint', endpoint];
        expect(await cli.run(args)).toMatchObject({ code: 0 });
      },
    );
  });
});

describe('check', () => {
  it('says in one line that it failed, and why', async () => {
    const args = ['check', '--table', 'nowhere', '--endpoint', server.endpoint];
    const { code, stdout, stderr } = await cli.run(args);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout).toMatch(/^FAILED \S.*\n$/);
    const json = await cli.run([...args, '--json']);
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({
      ...{ ok: false, target: expect.stringContaining('"nowhere"'), error: { name: 'CacheError' } },
    });
    expect((await run('check')).stdout).toMatch(
      /^ok table "\S+" in us-east-1 at \S+ \(\d+ ms\)\n$/,
    );
  });
});

describe('the credentials of a command', () => {
  const file = join(folder, 'credentials');
  const secret = 'aws_secret_access_key = secret';
  beforeAll(() =>
    writeFileSync(
      file,
      `[default]\naws_access_key_id = DEFAULT\n${secret}\n[mine]\naws_access_key_id = MINE\n${secret}\n`,
    ),
  );

  it.each([
    ['none are needed on this machine', [], {}, 'local'],
    ['those of the environment', [], { AWS_ACCESS_KEY_ID: 'ENV' }, 'ENV'],
    ['those of the profile that is named', ['--profile', 'mine'], {}, 'MINE'],
    [
      'those of the profile before the environment',
      ['--profile', 'mine'],
      { AWS_ACCESS_KEY_ID: 'ENV' },
      'MINE',
    ],
    ['those of the profile of the environment', [], { AWS_PROFILE: 'mine' }, 'MINE'],
  ])('are: %s', async (_what, args, env, signedBy) => {
    const proxy = await startAnsweringProxy(server.endpoint, () => undefined);
    try {
      const all = {
        ...{ AWS_SECRET_ACCESS_KEY: 'secret', AWS_SHARED_CREDENTIALS_FILE: file, HOME: folder },
        ...env,
      };
      const where = ['--table', table, '--endpoint', proxy.endpoint, '--region', region];
      expect(await cli.run(['ls', ...where, ...args], { env: all })).toMatchObject({ code: 0 });
      expect(new Set(proxy.calls.map((call) => call.signedBy))).toEqual(new Set([signedBy]));
    } finally {
      await proxy.stop();
    }
  });

  it.each([['doctor'], ['create'], ['destroy', '--yes']])(
    'are those of the profile for %s, too',
    async (...command) => {
      const proxy = await startAnsweringProxy(server.endpoint, () => undefined);
      const where = ['--table', table, '--endpoint', proxy.endpoint, '--region', region];
      const env = { AWS_SHARED_CREDENTIALS_FILE: file, HOME: folder };
      await cli.run([...command, ...where, '--profile', 'mine'], { env });
      await proxy.stop();
      expect(new Set(proxy.calls.map((call) => call.signedBy))).toEqual(new Set(['MINE']));
    },
  );

  describe('that only the AWS CLI has', () => {
    // Outside the repository, whose packages know every kind of login themselves.
    const program = join(folder, 'program');
    const bin = join(folder, 'bin');
    const runs = join(folder, 'runs');
    beforeAll(() => {
      mkdirSync(bin);
      cpSync(dirname(cli.file), program, { recursive: true });
      writeFileSync(join(program, 'package.json'), '{ "type": "module" }');
    });

    /** Runs \`get\` beside an AWS CLI that prints this. */
    async function get(printed: string, given: NodeJS.ProcessEnv, ...args: string[]) {
      const script = `#!/bin/sh\necho run >> '${runs}'\necho '${printed}'\n`;
      writeFileSync(join(bin, 'aws'), script, { mode: 0o755 });
      rmSync(runs, { force: true });
      const env = bareEnvironment({ HOME: folder, AWS_EC2_METADATA_DISABLED: 'true', ...given });
      const all = [join(program, 'cli.js'), 'get', 'none', '--table', table, '--region', region];
      const child = spawn(process.execPath, [...all, ...args], {
        env: { ...env, PATH: `${bin}:${process.env.PATH}` },
      });
      const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
      const count = existsSync(runs) ? readFileSync(runs, 'utf8').split('run').length - 1 : 0;
      return { code, stderr, count };
    }
    const keys = { AccessKeyId: 'EXPORTED', SecretAccessKey: 'secret', SessionToken: 'token' };

    it.each([
      ['no end', keys],
      ['an end', { ...keys, Expiration: new Date(Date.now() + 3_600_000).toISOString() }],
    ])('are asked of it once with %s', async (_what, printed) => {
      const proxy = await startAnsweringProxy(server.endpoint, () => undefined);
      const found = await get(
        JSON.stringify(printed),
        { AWS_PROFILE: 'sso' },
        '--endpoint',
        proxy.endpoint,
      );
      await proxy.stop();
      expect(found).toEqual({ code: 1, stderr: '', count: 1 });
      expect(new Set(proxy.calls.map((call) => call.signedBy))).toEqual(new Set(['EXPORTED']));
    });

    it('are missing if it has none, and not asked of it without a profile', async () => {
      const none = await get('no login', { AWS_PROFILE: 'sso' }, '--endpoint', server.endpoint);
      expect(none).toEqual({
        ...{ code: 3, count: 1 },
        stderr: expect.stringContaining('needs the package @aws-sdk/credential-providers'),
      });
      expect(await get(JSON.stringify(keys), {})).toEqual({
        ...{ code: 3, count: 0, stderr: expect.stringContaining('No AWS credentials') },
      });
    });
  });

  it.each(['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_DYNAMODB'])(
    'are not needed for a table where %s is on this machine',
    async (name) => {
      const found = await cli.run(['ls', '--table', table], { env: { [name]: server.endpoint } });
      expect(found).toMatchObject({ code: 0, stderr: '0 keys\n' });
    },
  );
});
