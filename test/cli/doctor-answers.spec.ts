import { describe, expect, it, vi } from 'vitest';
import { type AwsApi, AwsError } from '../../src/cli/aws-api.js';
import { examineDax, judgeCluster } from '../../src/cli/doctor/dax.js';
import type { Finding } from '../../src/cli/doctor/finding.js';
import { examinePartitions } from '../../src/cli/doctor/hot-partitions.js';
import {
  examineLifecycle,
  examineVersioning,
  LEAST_VERSION_DAYS,
} from '../../src/cli/doctor/lifecycle.js';
import { examinePermissions } from '../../src/cli/doctor/permissions.js';
import { examineLatency } from '../../src/cli/doctor/speed.js';
import { examineTable } from '../../src/cli/doctor/table.js';

const refused = (action: string, code: string, message = 'no') =>
  new AwsError(action, code, message);
const DENIED = 'AccessDeniedException';

/** An AWS with these answers by action; an error is thrown. What is not named answers nothing. */
function awsWith(answers: Readonly<Record<string, object>>): AwsApi {
  return {
    region: 'eu-west-1',
    endpoint: new URL('https://dynamodb.eu-west-1.amazonaws.com'),
    async call(action) {
      const answer = answers[action] ?? {};
      if (answer instanceof Error) throw answer;
      return { body: { ...answer }, date: Number.NaN };
    },
    close() {},
  };
}

const byCheck = (findings: readonly Finding[], check: string) =>
  findings.find((finding) => finding.check === check);

describe('doctor on what DescribeTable answers', () => {
  const Table = {
    TableStatus: 'ACTIVE',
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    AttributeDefinitions: [
      { AttributeName: 'other', AttributeType: 'N' },
      { AttributeName: 'pk', AttributeType: 'S' },
    ],
    BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
  };
  const ON = { TimeToLiveStatus: 'ENABLED', AttributeName: 'expiresAt' };
  const examined = async (change: object, ttl: object = { TimeToLiveDescription: ON }) =>
    (
      await examineTable(
        awsWith({ DescribeTable: { Table: { ...Table, ...change } }, DescribeTimeToLive: ttl }),
        't',
      )
    ).findings;

  it('finds nothing to say of a table as create makes it', async () => {
    expect((await examined({})).map(({ check, level }) => [check, level])).toEqual([
      ['table', 'ok'],
      ['key schema', 'ok'],
      ['billing', 'ok'],
      ['TTL', 'ok'],
    ]);
  });

  it.each([
    ['ACTIVE', 'ok', '"t" is there, in eu-west-1'],
    ['UPDATING', 'ok', '"t" is there, in eu-west-1'],
    ['CREATING', 'problem', '"t" is creating'],
    ['DELETING', 'problem', '"t" is deleting'],
  ])('judges a table that is %s: %s', async (TableStatus, level, text) => {
    expect(byCheck(await examined({ TableStatus }), 'table')).toMatchObject({ level, text });
  });

  it.each([
    [{ BillingMode: 'PAY_PER_REQUEST' }, [1, 1], 'ok'],
    [undefined, [0, 0], 'ok'],
    [undefined, [1, 0], 'warning'],
    [undefined, [0, 1], 'warning'],
    [{ BillingMode: 'PROVISIONED' }, [1, 1], 'warning'],
  ])('judges the billing %j with %j units: %s', async (summary, [reads, writes], level) => {
    const ProvisionedThroughput = { ReadCapacityUnits: reads, WriteCapacityUnits: writes };
    const findings = await examined({ BillingModeSummary: summary, ProvisionedThroughput });
    expect(byCheck(findings, 'billing')?.level).toBe(level);
  });

  it.each([
    [ON, 'ok', 'on, by expiresAt'],
    [{ ...ON, TimeToLiveStatus: 'ENABLING' }, 'ok', 'on, by expiresAt'],
    [{ ...ON, AttributeName: 'ttl' }, 'problem', 'by the attribute ttl'],
    [{ ...ON, TimeToLiveStatus: 'DISABLING' }, 'problem', 'off: '],
    [{ TimeToLiveStatus: 'DISABLED' }, 'problem', 'off: '],
  ])('judges the TTL %j: %s', async (TimeToLiveDescription, level, text) => {
    expect(byCheck(await examined({}, { TimeToLiveDescription }), 'TTL')).toMatchObject({
      ...{ level, text: expect.stringContaining(text) },
    });
  });

  it.each([
    [DENIED, 'not allowed to read it'],
    ['UnknownOperationException', 'this server has none'],
  ])('takes %s for no fault of the TTL', async (code, text) => {
    const findings = await examined({}, refused('DescribeTimeToLive', code));
    expect(byCheck(findings, 'TTL')).toMatchObject({
      ...{ level: 'note', text: expect.stringContaining(text) },
    });
  });

  it('tells of a table class that costs more, and of replicas', async () => {
    const TableClassSummary = { TableClass: 'STANDARD_INFREQUENT_ACCESS' };
    const findings = await examined({ TableClassSummary, Replicas: [{}, {}] });
    expect(byCheck(findings, 'table class')?.level).toBe('warning');
    expect(byCheck(findings, 'replicas')).toMatchObject({
      ...{ level: 'note', text: expect.stringContaining('with 2 replicas') },
    });
    const standard = await examined({
      TableClassSummary: { TableClass: 'STANDARD' },
      Replicas: [],
    });
    expect(standard.map(({ check }) => check)).not.toContain('table class');
  });

  it('hands on an error that it cannot judge', async () => {
    const odd = refused('DescribeTable', 'InternalServerError', 'odd');
    await expect(examineTable(awsWith({ DescribeTable: odd }), 't')).rejects.toBe(odd);
    const lost = new Error('lost');
    await expect(examineTable(awsWith({ DescribeTable: lost }), 't')).rejects.toBe(lost);
    await expect(examined({}, lost)).rejects.toBe(lost);
    await expect(examined({}, odd)).rejects.toBe(odd);
  });
});

describe('doctor on permissions', () => {
  const examined = (answers: Record<string, object>) =>
    examinePermissions(awsWith(answers), 't', 'writer');

  it('says that an explicit denial wins, where there is one', async () => {
    const explicit = refused('GetItem', DENIED, 'with an explicit deny in a policy');
    const remedy = async (GetItem: object) => byCheck(await examined({ GetItem }), 'IAM, reader');
    expect((await remedy(explicit))?.remedy).toBe(
      'Allow dynamodb:GetItem on the table "t". A policy denies it explicitly, which wins',
    );
    expect((await remedy(refused('GetItem', DENIED)))?.remedy).toBe(
      'Allow dynamodb:GetItem on the table "t"',
    );
  });

  it('names another refusal by its action', async () => {
    const findings = await examined({ Scan: refused('Scan', 'KMSDisabled', 'the key is off') });
    expect(findings).toHaveLength(4);
    expect(byCheck(findings, 'IAM, Scan')).toMatchObject({
      ...{ level: 'problem', text: 'Scan: KMSDisabled: the key is off' },
    });
  });

  it('takes the condition that never holds for an allowance', async () => {
    const UpdateItem = refused('UpdateItem', 'ConditionalCheckFailedException');
    expect(byCheck(await examined({ UpdateItem }), 'IAM, writer')).toMatchObject({
      ...{ level: 'ok', text: 'UpdateItem is allowed' },
    });
  });

  it('hands on an error that is no refusal', async () => {
    const lost = new Error('lost');
    await expect(examined({ GetItem: lost })).rejects.toBe(lost);
  });
});

describe('doctor on CloudWatch', () => {
  const at = Date.UTC(2030, 0, 1);

  it('says why it was not read', async () => {
    const text = async (code: string) =>
      (
        await examinePartitions(
          awsWith({ GetMetricData: refused('GetMetricData', code, 'slow down') }),
          ...(['t', at] as const),
        )
      ).text;
    expect(await text(DENIED)).toBe(
      'CloudWatch was not read: not allowed (cloudwatch:GetMetricData)',
    );
    expect(await text('Throttling')).toBe(
      'CloudWatch was not read: GetMetricData: Throttling: slow down',
    );
    expect(await examinePartitions(undefined, 't', at)).toMatchObject({ level: 'note' });
    const lost = new Error('lost');
    await expect(examinePartitions(awsWith({ GetMetricData: lost }), 't', at)).rejects.toBe(lost);
  });
});

describe('doctor on a cluster of DAX', () => {
  const cluster = {
    ...{ Status: 'available', TotalNodes: 2, ActiveNodes: 2 },
    ClusterEndpointEncryptionType: 'TLS',
  };

  it.each([
    [{}, 'ok', '2 of 2 nodes are active'],
    [{ Status: 'modifying' }, 'ok', 'is modifying'],
    [{ Status: 'deleting' }, 'problem', 'is deleting'],
    [{ ActiveNodes: 1 }, 'warning', '"c" is available, 1 of 2 nodes are active'],
    [{ TotalNodes: 1, ActiveNodes: 0 }, 'warning', '0 of 1 nodes are active'],
    [{ TotalNodes: 1, ActiveNodes: 1 }, 'warning', 'every call fails while it is replaced'],
  ])('with %j: %s', (change, level, text) => {
    const [finding] = [...judgeCluster('c', { ...cluster, ...change })];
    expect(finding).toMatchObject({
      level,
      text: expect.stringMatching(new RegExp(`${text}$|${text}, `)),
    });
  });

  async function itemTTL(Parameters: object | undefined) {
    const group = { ParameterGroup: { ParameterGroupName: 'g' } };
    const api = awsWith({
      DescribeClusters: { Clusters: [{ ...cluster, ...group }] },
      DescribeParameters: { ...(Parameters && { Parameters }) },
    });
    const findings: Finding[] = [];
    for await (const finding of examineDax(api, 'c')) findings.push(finding);
    return byCheck(findings, 'DAX item TTL');
  }

  it.each([
    ['1', 'ok'],
    ['60000', 'ok'],
    ['60001', 'warning'],
    ['0', 'warning'],
    ['never', 'note'],
  ])('judges a record-ttl-millis of %s: %s', async (ParameterValue, level) => {
    const query = { ParameterName: 'query-ttl-millis', ParameterValue: '5' };
    const own = { ParameterName: 'record-ttl-millis', ParameterValue };
    expect((await itemTTL([query, own]))?.level).toBe(level);
  });

  it('says that the group does not tell, and that DAX is not seen from here', async () => {
    expect((await itemTTL(undefined))?.level).toBe('note');
    expect(await examineDax(undefined, 'c').next()).toMatchObject({ value: { level: 'note' } });
    const lost = new Error('lost');
    await expect(examineDax(awsWith({ DescribeClusters: lost }), 'c').next()).rejects.toBe(lost);
    const odd = refused('DescribeClusters', 'InternalFailure');
    await expect(examineDax(awsWith({ DescribeClusters: odd }), 'c').next()).rejects.toBe(odd);
  });

  it('names a cluster that an empty answer does not have', async () => {
    const answer = awsWith({ DescribeClusters: { Clusters: [] } });
    expect(await examineDax(answer, 'c').next()).toMatchObject({
      ...{ value: { level: 'problem', text: expect.stringContaining('there is no cluster "c"') } },
    });
  });
});

describe('doctor on the settings of a bucket', () => {
  const folders = { values: 'cache/v/', versions: 'cache/r/' };
  const rule = (prefix: string, days: number | string, others = '') =>
    `<Rule><Filter><Prefix>${prefix}</Prefix></Filter><Status>Enabled</Status><Expiration><Days>${days}</Days></Expiration>${others}</Rule>`;
  const levels = async (...rules: string[]) =>
    (await examineLifecycle({ xml: rules.join('') }, folders)).map(({ level }) => level);

  it('says which settings a server does not have or show', async () => {
    const lifecycle = async (missing: 'denied' | 'unsupported') =>
      (await examineLifecycle({ missing }, folders)).map(({ text }) => text);
    expect(await lifecycle('denied')).toEqual([expect.stringContaining('not allowed')]);
    expect(await lifecycle('unsupported')).toEqual(['this server has none']);
    const versioning = async (missing: 'denied' | 'unsupported') =>
      (await examineVersioning({ missing }, {})).map(({ text }) => text);
    expect(await versioning('denied')).toEqual([expect.stringContaining('not allowed')]);
    expect(await versioning('unsupported')).toEqual(['this server has none']);
  });

  it('counts a rule that deletes by age alone', async () => {
    const versions = rule('cache/r/', LEAST_VERSION_DAYS);
    expect(await levels(rule('cache/v/', 1), versions)).toEqual(['ok', 'ok']);
    expect(await levels(rule('cache/v/', 0), versions)).toEqual(['problem', 'ok']);
    for (const tag of ['Tag', 'ObjectSizeGreaterThan', 'ObjectSizeLessThan'])
      expect(await levels(rule('cache/v/', 8, `<${tag}>1</${tag}>`), versions)).toEqual([
        ...['problem', 'ok'],
      ]);
    const early = rule('cache/r/', LEAST_VERSION_DAYS - 1);
    expect(await levels(rule('cache/v/', 8), early)).toEqual(['ok', 'problem']);
  });

  it('takes suspended versioning for none', async () => {
    const text = async (xml: string) => (await examineVersioning({ xml }, {}))[0]?.text;
    expect(await text('<Status>Suspended</Status>')).toBe('off');
    expect(await text('<Status>Enabled</Status>')).toContain('every write leaves an old version');
  });
});

describe('doctor on the speed of a store', () => {
  /** A store whose answers take so long, one after another. */
  async function examined(times: readonly number[]) {
    let [now, sent] = [0, 0];
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
    const finding = await examineLatency(async () => {
      now += times[sent++ % times.length] ?? 0;
    });
    clock.mockRestore();
    return { finding, sent };
  }

  it.each([
    [50, 'ok'],
    [51, 'warning'],
  ])('judges %d ms: %s', async (ms, level) => {
    const { finding } = await examined([ms]);
    expect(finding).toMatchObject({ level, text: expect.stringContaining(`p50 ${ms}.0 ms`) });
  });

  it('measures for three seconds at most, without the first request', async () => {
    const { finding, sent } = await examined([1_000]);
    expect([finding.text, sent]).toEqual([expect.stringContaining('of 3 reads'), 4]);
  });

  it('sorts what it measures', async () => {
    const { finding } = await examined([1, 9, 2, 8, 3]);
    expect(finding.text).toContain('p50 3.0 ms, p99 9.0 ms');
  });
});
