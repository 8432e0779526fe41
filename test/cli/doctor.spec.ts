import { existsSync, readFileSync } from 'node:fs';
import { DeleteTableCommand, UpdateTimeToLiveCommand } from '@aws-sdk/client-dynamodb';
import { slug } from 'github-slugger';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../../scripts/run.js';
import { type Finding, PAGES } from '../../src/cli/doctor/finding.js';
import { encryption, judgeInfo } from '../../src/cli/doctor/redis.js';
import { judgeRuntime } from '../../src/cli/doctor/runtime.js';
import { examineClock, examineLatency, quantile } from '../../src/cli/doctor/speed.js';
import {
  type Answer,
  type AnsweringProxy,
  denied,
  startAnsweringProxy,
} from '../servers/answering-proxy.js';
import { describeWithDynamoDBLocal } from '../servers/available.js';
import { type Dynalite, startDynalite } from '../servers/dynalite.js';
import { describeWithRedis } from '../servers/redis-available.js';
import { RedisProcess } from '../servers/redis-process.js';
import { createCacheTable, createClient, createTable, freshTableName } from '../servers/table.js';
import { bundledCommandLine, type RunOptions } from './cli.js';

const cli = bundledCommandLine();

async function doctor(args: readonly string[], options?: RunOptions) {
  const { code, stdout, stderr } = await cli.run(['doctor', '--json', ...args], options);
  expect(stderr).toBe('');
  const report: { findings: Finding[] } = JSON.parse(stdout);
  const found = (check: string) => report.findings.find((each) => each.check === check);
  return { code, found, findings: report.findings };
}

/** Every problem and warning says what to do, and where to read on. */
function expectRemedies(findings: readonly Finding[]): void {
  for (const finding of findings.filter(
    ({ level }) => level === 'problem' || level === 'warning',
  )) {
    expect(finding.remedy).toMatch(/\w/);
    expect(Object.values(PAGES)).toContain(finding.page);
  }
}

describe('doctor on the embedded DynamoDB', () => {
  let dynalite: Dynalite;
  // dynalite cannot turn TTL on.
  let server: AnsweringProxy;
  beforeAll(async () => {
    dynalite = await startDynalite();
    const TimeToLiveDescription = { TimeToLiveStatus: 'ENABLED', AttributeName: 'expiresAt' };
    server = await startAnsweringProxy(dynalite.endpoint, ({ action }) =>
      action === 'DescribeTimeToLive'
        ? { status: 200, body: { TimeToLiveDescription } }
        : undefined,
    );
  });
  afterAll(async () => {
    await server.stop();
    await dynalite.stop();
  });

  const at = (table: string, endpoint = server.endpoint) => [
    '--table',
    table,
    '--endpoint',
    endpoint,
  ];

  it('is content with a table of the cache', async () => {
    const { code, found, findings } = await doctor(at(await createCacheTable(server.endpoint)));
    expect(findings.filter(({ level }) => level === 'problem')).toEqual([]);
    expect(code).toBe(0);
    expect(found('key schema')?.level).toBe('ok');
    expect(found('IAM, maintainer')?.level).toBe('ok');
    expect(found('latency')?.text).toMatch(/p50 [\d.]+ ms, p99 [\d.]+ ms/);
    expect(found('check')?.level).toBe('ok');
    expect(found('TTL')?.level).toBe('ok');
    expect(found('runtime')?.text).toMatch(/^this machine runs nodejs\d+\.x/);
    expectRemedies(findings);
  });

  it('names a missing table', async () => {
    const { code, findings } = await doctor(at('not-there'));
    expect(code).toBe(1);
    expect(findings).toEqual([
      expect.objectContaining({ check: 'table', level: 'problem', page: PAGES.table }),
    ]);
    expectRemedies(findings);
  });

  it.each([
    ['another name', [{ AttributeName: 'id', KeyType: 'HASH' }], 'S', 'id (S, hash)'],
    ['a number', [{ AttributeName: 'pk', KeyType: 'HASH' }], 'N', 'pk (N, hash)'],
    [
      'a sort key',
      [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      'S',
      'pk (S, hash) and sk (S, range)',
    ],
  ] as const)('names a key with %s', async (_what, KeySchema, AttributeType, text) => {
    const TableName = freshTableName();
    const client = createClient(server.endpoint);
    await createTable(client, {
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [...KeySchema],
      AttributeDefinitions: KeySchema.map(({ AttributeName }) => ({
        AttributeName,
        AttributeType,
      })),
    });
    client.destroy();
    const { code, found, findings } = await doctor(at(TableName));
    expect(code).toBe(1);
    expect(found('key schema')).toMatchObject({ level: 'problem', text: `the key is ${text}` });
    expectRemedies(findings);
  });

  it('warns of provisioned capacity', async () => {
    const TableName = freshTableName();
    const client = createClient(server.endpoint);
    await createTable(client, {
      TableName,
      ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 2 },
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    });
    client.destroy();
    const { code, found } = await doctor(at(TableName));
    expect(code).toBe(0);
    expect(found('billing')).toMatchObject({
      level: 'warning',
      text: expect.stringContaining('5 read and 2 write'),
    });
  });

  it.each([
    ['GetItem', 'IAM, reader', 1],
    ['BatchGetItem', 'IAM, reader', 1],
    ['UpdateItem', 'IAM, writer', 1],
    ['Scan', 'IAM, maintainer', 0],
    ['DeleteItem', 'IAM, maintainer', 0],
  ])('names %s where it is denied', async (action, check, code) => {
    const table = await createCacheTable(server.endpoint);
    const proxy = await startAnsweringProxy(server.endpoint, (call) =>
      call.action === action ? denied(action) : undefined,
    );
    try {
      const report = await doctor(at(table, proxy.endpoint));
      expect(report.code).toBe(code);
      expect(report.found(check)).toMatchObject({
        level: code === 1 ? 'problem' : 'note',
        text: expect.stringContaining(`dynamodb:${action}`),
      });
      const maintaining = await doctor([...at(table, proxy.endpoint), '--role', 'maintainer']);
      expect(maintaining.code).toBe(1);
      expect(maintaining.found(check)?.remedy).toContain(`Allow dynamodb:${action}`);
      expectRemedies(maintaining.findings);
    } finally {
      await proxy.stop();
    }
  });

  it('goes on where it may not describe the table', async () => {
    const table = await createCacheTable(server.endpoint);
    const proxy = await startAnsweringProxy(server.endpoint, ({ action }) =>
      action.startsWith('Describe') ? denied(action) : undefined,
    );
    const { code, found } = await doctor(at(table, proxy.endpoint));
    await proxy.stop();
    expect(code).toBe(0);
    expect(found('table')?.text).toContain('dynamodb:DescribeTable');
    expect(found('check')?.level).toBe('ok');
  });

  it('changes nothing but its own probes', async () => {
    const table = await createCacheTable(server.endpoint);
    const where = at(table);
    await doctor(where);
    const { stdout } = await cli.run(['ls', '--json', ...where]);
    expect(stdout).toBe('');
  });

  it.each([
    ['hot', { reads: [4], writes: [3] }, 'warning', '7 requests were throttled'],
    ['throttled as a whole', { allReads: [5] }, 'warning', 'no partition was hot, but 5'],
    ['quiet', {}, 'ok', 'nothing was throttled'],
  ])('reads from CloudWatch that the partitions are %s', async (_what, values, level, text) => {
    const answer: Answer = {
      status: 200,
      body: { MetricDataResults: Object.entries(values).map(([Id, Values]) => ({ Id, Values })) },
    };
    const cloudWatch = await startAnsweringProxy(undefined, () => answer);
    const table = await createCacheTable(server.endpoint);
    const env = { AWS_ENDPOINT_URL_CLOUDWATCH: cloudWatch.endpoint };
    const { found } = await doctor(at(table), { env });
    await cloudWatch.stop();
    expect(found('hot partitions')).toMatchObject({ level, text: expect.stringContaining(text) });
    expect(cloudWatch.calls[0]).toMatchObject({
      action: 'GetMetricData',
      body: { MetricDataQueries: expect.any(Array) },
    });
  });

  it('says that CloudWatch may not be read', async () => {
    const cloudWatch = await startAnsweringProxy(undefined, () => denied('GetMetricData'));
    const table = await createCacheTable(server.endpoint);
    const env = { AWS_ENDPOINT_URL_CLOUDWATCH: cloudWatch.endpoint };
    const { code, found } = await doctor(at(table), { env });
    await cloudWatch.stop();
    expect(code).toBe(0);
    expect(found('hot partitions')).toMatchObject({
      level: 'note',
      text: expect.stringContaining('cloudwatch:GetMetricData'),
    });
  });

  describe('with a cluster of DAX', () => {
    const cluster = {
      ...{ ClusterName: 'shop', Status: 'available', TotalNodes: 2, ActiveNodes: 2 },
      ParameterGroup: { ParameterGroupName: 'short' },
      ClusterEndpointEncryptionType: 'TLS',
    };
    async function examined(change: object, ttl: string | undefined, other?: Answer) {
      const table = await createCacheTable(server.endpoint);
      const dax = await startAnsweringProxy(undefined, ({ action, body }) => {
        if (other) return other;
        if (action === 'DescribeClusters') {
          expect(body).toEqual({ ClusterNames: ['shop'] });
          return { status: 200, body: { Clusters: [{ ...cluster, ...change }] } };
        }
        expect(body).toEqual({ ParameterGroupName: 'short' });
        const Parameters = [{ ParameterName: 'record-ttl-millis', ParameterValue: ttl }];
        return { status: 200, body: { Parameters } };
      });
      try {
        const env = { AWS_ENDPOINT_URL_DAX: dax.endpoint };
        const result = await doctor([...at(table), '--dax', 'shop'], { env });
        expectRemedies(result.findings);
        return result;
      } finally {
        await dax.stop();
      }
    }

    it('is content with a cluster as init prints it', async () => {
      const { code, found } = await examined({}, '60000');
      expect(code).toBe(0);
      expect(found('DAX')).toMatchObject({ level: 'ok', text: expect.stringContaining('2 of 2') });
      expect(found('DAX encryption')?.level).toBe('ok');
      expect(found('DAX item TTL')?.level).toBe('ok');
    });

    it('warns of one node, plain text and a long item TTL', async () => {
      const change = { TotalNodes: 1, ActiveNodes: 1, ClusterEndpointEncryptionType: 'NONE' };
      const { code, found } = await examined(change, '300000');
      expect(code).toBe(0);
      expect(found('DAX')?.level).toBe('warning');
      expect(found('DAX encryption')?.level).toBe('warning');
      expect(found('DAX item TTL')?.text).toBe('an invalidated value may be read for 5m');
      expect((await examined({}, '0')).found('DAX item TTL')?.text).toContain('for ever');
    });

    it('names a cluster that is down or missing, and says what it may not see', async () => {
      const { code, found } = await examined({ Status: 'creating', ActiveNodes: 0 }, '60000');
      expect([code, found('DAX')?.level]).toEqual([1, 'problem']);
      const missing = { status: 400, body: { __type: 'ClusterNotFoundFault', message: 'none' } };
      const { code: second, found: text } = await examined({}, '60000', missing);
      expect([second, text('DAX')?.text]).toEqual([
        ...[1, 'there is no cluster "shop" in this account and region'],
      ]);
      const third = await examined({}, '60000', denied('DescribeClusters'));
      expect([third.code, third.found('DAX')?.level]).toEqual([0, 'note']);
    });
  });

  it('tells people what is wrong, line by line, and counts it', async () => {
    const table = await createCacheTable(server.endpoint);
    const { code, stdout } = await cli.run(['doctor', ...at(table)]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ok {4}table: ".+" is there, in .+\n/);
    expect(stdout).toMatch(/^ok {4}check: reads, fills, /m);
    expect(stdout).toMatch(/\n\n0 problems, \d warnings?\n$/);
    const missing = await cli.run(['doctor', ...at('not-there')]);
    expect(missing.code).toBe(1);
    expect(missing.stdout).toMatch(
      /^FAIL {2}table: there is no table "not-there" in .+\n {6}Create it .+\.\n {6}docs\/.+\n\n1 problem, 0 warnings\n$/,
    );
  });

  it('counts problems and warnings for programs', async () => {
    const { stdout } = await cli.run(['doctor', '--json', ...at('not-there')]);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, problems: 1, warnings: 0 });
    const table = await createCacheTable(server.endpoint);
    const fine = await cli.run(['doctor', '--json', ...at(table)]);
    const report: { warnings: number; findings: Finding[] } = JSON.parse(fine.stdout);
    expect(report).toMatchObject({ ok: true, problems: 0 });
    expect(report.warnings).toBe(report.findings.filter(({ level }) => level === 'warning').length);
  });

  it('proves the whole only of credentials that may write', async () => {
    const table = await createCacheTable(server.endpoint);
    const proxy = await startAnsweringProxy(server.endpoint, ({ action }) =>
      action === 'UpdateItem' ? denied(action) : undefined,
    );
    const { code, found } = await doctor([...at(table, proxy.endpoint), '--role', 'reader']);
    await proxy.stop();
    expect([code, found('check')]).toEqual([0, undefined]);
    expect(found('IAM, writer')?.level).toBe('note');
    const isProbe = (body: unknown) => JSON.stringify(body).includes('doctor');
    const other = await startAnsweringProxy(server.endpoint, ({ action, body }) =>
      action === 'UpdateItem' && !isProbe(body) ? denied(action) : undefined,
    );
    const writer = await doctor(at(table, other.endpoint));
    await other.stop();
    expect([writer.code, writer.found('check')?.level]).toEqual([1, 'problem']);
  });

  it('takes a wrong option for wrong usage, and for no fault of the store', async () => {
    const bucket = 'arn:aws:s3:eu-central-1:1:accesspoint/a';
    for (const args of [[], ['--redis', 'http://127.0.0.1'], ['--bucket', bucket]]) {
      const { code, stdout, stderr } = await cli.run(['doctor', '--json', ...args]);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(JSON.parse(stderr)).toHaveProperty('error');
    }
  });

  it('judges no clock where the server does not say its time', async () => {
    const proxy = await startAnsweringProxy(server.endpoint, ({ action }) =>
      action === 'GetItem' ? { status: 200, body: {}, headers: { date: 'none' } } : undefined,
    );
    const { found } = await doctor(at(await createCacheTable(server.endpoint), proxy.endpoint));
    await proxy.stop();
    expect(found('clock')).toMatchObject({ level: 'note' });
  });

  it('judges the runtime of functions', async () => {
    const lambda = await startAnsweringProxy(undefined, () => ({
      status: 200,
      body: { Runtime: 'nodejs18.x' },
    }));
    const table = await createCacheTable(server.endpoint);
    const env = { AWS_ENDPOINT_URL_LAMBDA: lambda.endpoint };
    const { code, found } = await doctor([...at(table), '--function', 'my-api'], { env });
    await lambda.stop();
    expect(code).toBe(1);
    expect(found('runtime')).toMatchObject({
      level: 'problem',
      text: expect.stringContaining('my-api runs nodejs18.x'),
    });
  });

  it.each<[string, Answer, string, string]>([
    ['an image', { status: 200, body: {} }, 'note', 'my-api is a container image'],
    [
      'a function that it may not read',
      denied('GetFunction'),
      'note',
      'not allowed to read my-api',
    ],
    [
      'no function',
      { status: 404, body: { __type: 'ResourceNotFoundException', message: 'none' } },
      ...(['problem', 'ResourceNotFoundException'] as const),
    ],
  ])('says of %s what it can', async (_what, answer, level, text) => {
    const lambda = await startAnsweringProxy(undefined, () => answer);
    const table = await createCacheTable(server.endpoint);
    const env = { AWS_ENDPOINT_URL_LAMBDA: lambda.endpoint };
    const { found } = await doctor([...at(table), '--function', 'my-api'], { env });
    await lambda.stop();
    expect(found('runtime')).toMatchObject({ level, text: expect.stringContaining(text) });
  });

  it('names a server that cannot be reached, and credentials that are missing', async () => {
    const nowhere = await doctor(at('cache', 'http://127.0.0.1:1'));
    expect(nowhere.code).toBe(1);
    expect(nowhere.findings).toEqual([
      expect.objectContaining({ check: 'connection', level: 'problem' }),
    ]);
    const { code, findings } = await doctor(['--table', 'cache', '--region', 'eu-west-1'], {
      env: { HOME: '/nonexistent', PATH: '' },
    });
    expect(code).toBe(1);
    expect(findings[0]?.text).toContain('No AWS credentials');
  });
});

describeWithDynamoDBLocal('doctor on DynamoDB Local', (endpoint) => {
  const where = (table: string) => ['--table', table, '--endpoint', endpoint];

  it('follows the table that create makes', async () => {
    const table = freshTableName();
    const created = await cli.run(['create', '--json', ...where(table)]);
    expect(JSON.parse(created.stdout)).toMatchObject({ created: true, ttl: true });
    const again = await cli.run(['create', '--json', ...where(table)]);
    expect(JSON.parse(again.stdout)).toMatchObject({ created: false, ttl: true });
    const { code, found } = await doctor(where(table));
    expect(code).toBe(0);
    expect(found('TTL')).toMatchObject({ level: 'ok', text: 'on, by expiresAt' });
    const destroyed = await cli.run(['destroy', '--yes', '--json', ...where(table)]);
    expect(JSON.parse(destroyed.stdout)).toMatchObject({ destroyed: true });
    expect((await doctor(where(table))).found('table')?.level).toBe('problem');
  });

  it('names a table without TTL', async () => {
    const { code, found } = await doctor(where(await createCacheTable(endpoint)));
    expect(code).toBe(1);
    expect(found('TTL')).toMatchObject({
      level: 'problem',
      text: expect.stringMatching(/^off/),
      remedy: expect.stringContaining('AttributeName=expiresAt'),
    });
  });

  it('names a TTL on another attribute', async () => {
    const TableName = await createCacheTable(endpoint);
    const client = createClient(endpoint);
    const TimeToLiveSpecification = { AttributeName: 'ttl', Enabled: true };
    await client.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }));
    const { code, found } = await doctor(where(TableName));
    await client.send(new DeleteTableCommand({ TableName }));
    client.destroy();
    expect(code).toBe(1);
    expect(found('TTL')).toMatchObject({
      level: 'problem',
      text: expect.stringContaining('the attribute ttl'),
    });
  });

  it('does not destroy a table of another program', async () => {
    const TableName = freshTableName();
    const client = createClient(endpoint);
    await createTable(client, {
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    });
    expect(await cli.run(['destroy', '--yes', ...where(TableName)])).toMatchObject({ code: 2 });
    await client.send(new DeleteTableCommand({ TableName }));
    client.destroy();
  });
});

describeWithRedis('doctor on Redis', (shared) => {
  it('reads the settings of a server', async () => {
    const { code, found, findings } = await doctor([
      '--redis',
      shared,
      '--store-prefix',
      freshTableName(),
    ]);
    expect(findings.filter(({ level }) => level === 'problem')).toEqual([]);
    expect(code).toBe(0);
    expect(found('role')?.text).toMatch(/^primary/);
    expect(found('scripts')?.level).toBe('ok');
    expect(found('TLS')).toMatchObject({ level: 'ok', text: 'off, on this machine' });
    expect(found('server')?.text).toMatch(/^(Redis|Valkey) \d/);
    expect(found('clock')?.level).toBe('ok');
    expectRemedies(findings);
  });

  it.each([
    ['a server that evicts nothing', ['maxmemory 50mb', 'maxmemory-policy noeviction'], 'memory'],
    ['a replica', (port: number) => [`replicaof 127.0.0.1 ${port}`], 'role'],
  ] as const)('names %s', async (_what, config, check) => {
    const master = await RedisProcess.start();
    const lines = typeof config === 'function' ? config(master.port) : [...config];
    const server = await RedisProcess.start({ config: lines });
    try {
      const { code, found, findings } = await doctor(['--redis', server.url]);
      expect(code).toBe(1);
      expect(found(check)?.level).toBe('problem');
      expectRemedies(findings);
    } finally {
      await Promise.all([server.stop(), master.stop()]);
    }
  });

  it('names a user that may run no scripts, and one that may do nothing', async () => {
    const server = await RedisProcess.start();
    try {
      await server.call(
        'ACL',
        'SETUSER',
        'plain',
        'on',
        '>secret',
        '~*',
        '+@all',
        '-eval',
        '-evalsha',
        '-time',
        '-info',
      );
      const url = server.url.replace('redis://', 'redis://plain:secret@');
      const { code, found } = await doctor(['--redis', url]);
      expect(code).toBe(1);
      expect(found('scripts')?.level).toBe('problem');
      expect(found('user')?.text).toBe('logged in as plain');
      // A denied question is no fault.
      expect([found('clock')?.text, found('settings')?.level]).toEqual([
        ...['the server does not say its time', 'note'],
      ]);
      expect(found('role')).toBeUndefined();
      const wrong = await doctor(['--redis', url.replace('secret', 'wrong')]);
      expect(wrong.code).toBe(1);
      expect(wrong.findings[0]).toMatchObject({
        ...{ check: 'server', text: expect.stringContaining('WRONGPASS') },
      });
      expect(JSON.stringify(wrong.findings)).not.toContain('plain:wrong');
    } finally {
      await server.stop();
    }
  });
});

describe('a finding', () => {
  it('leads to a page and a heading of the documentation', () => {
    for (const page of Object.values(PAGES)) {
      const [file = '', anchor] = page.split('#');
      expect([page, existsSync(root + file)]).toEqual([page, true]);
      const headings = readFileSync(root + file, 'utf8').match(/^#+ .*$/gm) ?? [];
      const anchors = headings.map((heading) => slug(heading.replace(/^#+ /, '')));
      if (anchor) expect(anchors).toContain(anchor);
    }
  });

  it('judges runtimes by the day', () => {
    const on = (runtime: string, day: string) => judgeRuntime(runtime, 'fn', Date.parse(day)).level;
    expect(on('nodejs22.x', '2026-10-01')).toBe('ok');
    expect(on('nodejs22.x', '2027-01-01')).toBe('warning');
    expect(on('nodejs22.x', '2027-05-01')).toBe('problem');
    expect(on('python3.14', '2026-10-01')).toBe('note');
    expect(on('nodejs99.x', '2026-10-01')).toBe('ok');
  });

  it('compares clocks', () => {
    const at = 1_800_000_000_000;
    expect(examineClock(at, at + 2_400, 500).level).toBe('ok');
    expect(examineClock(at, at + 600_000, 500)).toMatchObject({
      level: 'warning',
      text: 'this machine is 10m ahead of the server',
    });
    expect(examineClock(at, at - 600_000, 500).text).toContain('behind');
    expect(examineClock(undefined, at, 500).level).toBe('note');
  });

  it('takes quantiles of sorted times', async () => {
    const times = Array.from({ length: 100 }, (_, i) => i + 1);
    expect([quantile(times, 0.5), quantile(times, 0.99)]).toEqual([51, 100]);
    let sent = 0;
    await examineLatency(async () => void sent++);
    expect(sent).toBe(101);
  });

  it('knows Valkey, a Cluster and evictions', () => {
    const info = new Map([
      ['valkey_version', '8.1.0'],
      ['cluster_enabled', '1'],
      ['role', 'master'],
      ['maxmemory', '1048576'],
      ['maxmemory_policy', 'volatile-lru'],
      ['evicted_keys', '7'],
    ]);
    const findings = judgeInfo(info);
    expect(findings.map(({ check, level }) => [check, level])).toEqual([
      ['server', 'ok'],
      ['role', 'ok'],
      ['memory', 'ok'],
      ['evictions', 'note'],
    ]);
    expect(findings[0]?.text).toBe('Valkey 8.1.0, a Cluster');
    const plain = judgeInfo(new Map([['redis_version', '7.2.0']]));
    expect(plain[0]?.text).toBe('Redis 7.2.0');
    expect(plain.map(({ check }) => check)).toEqual(['server', 'role', 'memory']);
    const replica = [
      ['role', 'slave'],
      ['master_host', 'main'],
      ['master_port', '6379'],
    ] as const;
    expect(judgeInfo(new Map(replica))[1]).toMatchObject({
      ...{ level: 'problem', text: 'this is a replica' },
      remedy: expect.stringContaining('(main:6379)'),
    });
  });

  it.each([
    ['rediss://cache.example.com:6379', 'ok', 'on'],
    ['valkeys://cache.example.com', 'ok', 'on'],
    ['/run/redis.sock', 'ok', 'on'],
    ['redis://127.0.0.1:6379', 'ok', 'off, on this machine'],
    ['valkey://localhost', 'ok', 'off, on this machine'],
    ['redis://cache.example.com', 'warning', 'off: password and values travel as plain text'],
  ])('says if TLS protects %s', (url, level, text) => {
    expect(encryption(url)).toMatchObject({ level, text });
  });

  it.each([
    [0, 'primary, 0 replicas'],
    [1, 'primary, 1 replica: a failover may lose an invalidation that was just confirmed'],
    [2, 'primary, 2 replicas: a failover may lose an invalidation that was just confirmed'],
  ])('says what %d replicas mean', (connected_slaves, text) => {
    const info = new Map([['connected_slaves', String(connected_slaves)]]);
    expect(judgeInfo(info).find(({ check }) => check === 'role')?.text).toBe(text);
  });
});
