import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readCluster } from '../../src/cli/cost/clusters.js';
import { followColorScheme } from '../../src/cli/cost/color-scheme.js';
import { costs, initialisation, leftOut, RECORD_BYTES, SECONDS } from '../../src/cli/cost/cost.js';
import { crossings, steps } from '../../src/cli/cost/crossings.js';
import { positive, ratio, seconds, whole, workloads } from '../../src/cli/cost/inputs.js';
import { GB, nodeFor } from '../../src/cli/cost/nodes.js';
import { type Workload, zipfHitRatio } from '../../src/cli/cost/workload.js';
import { judgeRuntime } from '../../src/cli/doctor/runtime.js';
import { examineClock, examineLatency, quantile } from '../../src/cli/doctor/speed.js';
import { entryOf, stateOf, userKey } from '../../src/cli/entries.js';
import { decoded, entryJSON, valueText } from '../../src/cli/entry-json.js';
import { UsageError } from '../../src/cli/exit.js';
import { type Explanation, explain, versionReader } from '../../src/cli/explain.js';
import {
  agoText,
  bytesText,
  countText,
  isoTime,
  spanText,
  timeText,
} from '../../src/cli/format.js';
import { errorJSON, errorText, exitCodeOf } from '../../src/cli/report-error.js';
import { searchKeys } from '../../src/cli/search.js';
import { layoutOf, renderPairs, renderTable } from '../../src/cli/table.js';
import type { Target } from '../../src/cli/target/target.js';
import { printable, printableJSON, terminal } from '../../src/cli/terminal.js';
import { percentiles } from '../../src/cli/top/percentiles.js';
import { Top } from '../../src/cli/top/report.js';
import { createEntry, envelopeOf } from '../../src/model/entry.js';
import { CacheError } from '../../src/model/errors.js';
import { keySpace } from '../../src/model/key-space.js';
import type { StoredRecord } from '../../src/stores/stored-record.js';

const DAY = 86_400_000;

describe('numbers in texts', () => {
  it.each([
    [0, '0 B'],
    [0.5, '1 B'],
    [1, '1 B'],
    [1_023, '1023 B'],
    [1_024, '1.0 KB'],
    [99.9 * 1024, '99.9 KB'],
    [100 * 1024, '100 KB'],
    [1024 ** 2, '1.0 MB'],
    [1024 ** 5, '1024 TB'],
  ])('%d bytes are %s', (bytes, text) => expect(bytesText(bytes)).toBe(text));

  it.each([
    [0, '0ms'],
    [1_999, '1999ms'],
    [2_000, '2s'],
    [119_999, '119s'],
    [120_000, '2m'],
    [2 * 3_600_000, '2h'],
    [2 * DAY - 1, '47h'],
    [2 * DAY, '2d'],
  ])('%d ms are %s', (ms, text) => expect(spanText(ms)).toBe(text));

  it('say if a time is over', () => {
    expect([agoText(5_000, 0), agoText(0, 5_000), agoText(5, 5)]).toEqual([
      ...['in 5s', '5s ago', '0ms ago'],
    ]);
    expect(timeText(0, 5_000)).toBe('1970-01-01T00:00:00.000Z (5s ago)');
    expect(isoTime(8.64e15)).toBe('+275760-09-13T00:00:00.000Z');
    expect(isoTime(8.64e15 + 1)).toBe('8640000000000001');
    expect([countText(1, 'key'), countText(0, 'key'), countText(1_200, 'key')]).toEqual([
      ...['1 key', '0 keys', '1,200 keys'],
    ]);
  });

  it.each([
    [[], undefined],
    [[3], { p50: 3, p99: 3, max: 3 }],
    [[10, 9, 2], { p50: 9, p99: 10, max: 10 }],
    [Array.from({ length: 200 }, (_, i) => 200 - i), { p50: 101, p99: 199, max: 200 }],
  ])('percentiles of %j', (times, expected) => expect(percentiles(times)).toEqual(expected));
});

describe('options of cost', () => {
  const refused = (parse: (text: string) => number, texts: string[]) => {
    for (const text of texts) expect(() => parse(text), text).toThrow(/^Give /);
  };

  it('take the numbers that they can use', () => {
    expect([positive('0.1'), positive('1e12')]).toEqual([0.1, 1e12]);
    refused(positive, ['0', '-1', '', 'x', '1e13', 'NaN']);
    expect([whole('0'), whole('1e12')]).toEqual([0, 1e12]);
    refused(whole, ['', ' ', '-1', '0.5', '1e13', 'x']);
    expect([ratio('0'), ratio('1')]).toEqual([0, 1]);
    refused(ratio, ['', ' ', '-0.1', '1.1', 'x']);
    expect([seconds('90'), seconds('.5'), seconds('5m')]).toEqual([90, 0.5, 300]);
    refused(seconds, ['', '0', '-1', 'x', '5 m', '1.2.3']);
  });

  it.each([
    [{}, 'Give --rps or --cluster'],
    [{ rps: 5 }, 'Give --hit-ratio or --alpha'],
    [{ rps: 5, alpha: 1, hitRatio: 0.5 }, 'Give --hit-ratio or --alpha'],
    [{ rps: 5, hitRatio: 0.5, tierTtl: 5 }, '--tier-ttl needs --alpha'],
  ])('%j are not enough', (options, message) => {
    expect(() => workloads(options)).toThrow(message);
    expect(() => workloads(options)).toThrow(UsageError);
  });

  it('have defaults', () => {
    const { requests, at } = workloads({ rps: 5, hitRatio: 0.5 });
    expect(requests).toBe(5);
    expect(at(7)).toEqual({
      ...{ requests: 7, ttl: 300, valueBytes: 1024, keyBytes: 40, hitRatio: 0.5, tags: 0 },
      ...{ tierHitRatio: undefined, keys: undefined },
      ...{ coldStarts: 100_000, initMs: 30, memoryMB: 512 },
    });
    const popular = workloads({ rps: 5, alpha: 0.9, tierTtl: 5, sandboxes: 2 }).at(10);
    expect(popular.keys).toBe(1_000_000);
    const popularity = { alpha: 0.9, keys: 1_000_000 };
    expect(popular.hitRatio).toBe(zipfHitRatio(popularity, 10, 300));
    expect(popular.tierHitRatio).toBe(zipfHitRatio(popularity, 5, 5));
  });

  it('find a key as often as its popularity says', () => {
    expect(zipfHitRatio({ alpha: 1, keys: 1 }, 1, 1)).toBe(0.5);
    // Two keys, of which one is asked for twice as often.
    const [first, second] = [2 / 3, 1 / 3];
    const expected = first * (first / (1 + first)) + second * (second / (1 + second));
    expect(zipfHitRatio({ alpha: 1, keys: 2 }, 1, 1)).toBeCloseTo(expected, 12);
    // With equal keys the groups of many keys are as good as each key alone.
    const each = 5_000 / 2_500 / (1 + 5_000 / 2_500);
    expect(zipfHitRatio({ alpha: 0, keys: 2_500 }, 5_000, 1)).toBeCloseTo(each, 9);
    expect(zipfHitRatio({ alpha: 0, keys: 1_001 }, 1_001, 1)).toBeCloseTo(0.5, 9);
  });

  it('take the cheapest node that holds the values, or more of the largest', () => {
    const nodes = [
      { type: 'large', memoryGB: 8, hour: 4 },
      { type: 'small', memoryGB: 2, hour: 1 },
      { type: 'twin', memoryGB: 8, hour: 5 },
    ];
    const usable = 0.75 * GB;
    expect(nodeFor(nodes, 2 * usable)).toMatchObject({ type: 'small', count: 1 });
    expect(nodeFor(nodes, 2 * usable + 1)).toMatchObject({ type: 'large', count: 1 });
    expect(nodeFor(nodes, 16 * usable)).toMatchObject({ type: 'large', count: 2 });
    expect(nodeFor(nodes, 16 * usable + 1)).toMatchObject({ type: 'large', count: 3 });
  });

  it('say what a workload costs, in units of a readable size', () => {
    const perMonth = (requests: number, changes: Partial<Workload> = {}): Workload => ({
      ...workloads({ rps: 1, hitRatio: 1 }).at(requests / SECONDS),
      ...changes,
    });
    const s3 = { getsPerMillion: 1, putsPerMillion: 1, gbMonth: 1 };
    const about = (requests: number) => costs(perMonth(requests), { s3 })[0]?.about;
    expect([999, 1_000, 1_300_000, 5e9, 2e12].map(about)).toEqual([
      ...['999 GETs, 0 PUTs', '1.0 k GETs, 0 PUTs', '1.3 M GETs, 0 PUTs'],
      ...['5.0 G GETs, 0 PUTs', '2.0 T GETs, 0 PUTs'],
    ]);
    const dynamodb = { readsPerMillion: 1, writesPerMillion: 1, gbMonth: 1 };
    const reasons = (valueBytes: number) =>
      leftOut(perMonth(1, { valueBytes, keyBytes: 40 }), { dynamodb, s3 })
        .filter(({ store }) => store.startsWith('DynamoDB'))
        .map(({ reason }) => reason);
    // An item of exactly 400 KB is allowed.
    expect(reasons(400 * 1024 - 40 - RECORD_BYTES)).toEqual([]);
    expect(reasons(400 * 1024 - 39 - RECORD_BYTES)).toHaveLength(2);
    const starts = { coldStarts: 1e6, initMs: 50, memoryMB: 512 };
    expect(initialisation(perMonth(1, starts), { lambda: { gbSecond: 2 } })).toBe(50_000);
    expect(initialisation(perMonth(1, starts), { s3 })).toBeUndefined();
  });

  it('find where another store becomes the cheapest', () => {
    const { at } = workloads({ rps: 1, hitRatio: 0 });
    const elasticache = [{ type: 'node', memoryGB: 1, hour: 0.5 }];
    const serverless = { gbHour: 1, leastGB: 1, ecpusPerMillion: 0 };
    // Both cost the same until the values fill the nodes: the first one counts.
    const [crossing, ...others] = crossings(at, { elasticache, serverless });
    expect(crossing).toMatchObject({ below: 'ElastiCache', above: 'Serverless Valkey' });
    const full = (0.75 * GB) / (300 * (1024 + 40 + RECORD_BYTES));
    expect(crossing?.requests).toBeGreaterThan(full);
    expect(crossing?.requests).toBeLessThanOrEqual(full * 1.05);
    expect(others).toEqual([]);
    // No store has room for these values.
    const { at: large } = workloads({ rps: 1, hitRatio: 0, valueBytes: 1e6 });
    const dynamodb = { readsPerMillion: 1, writesPerMillion: 1, gbMonth: 1 };
    expect(crossings(large, { dynamodb })).toEqual([]);
    expect([...steps(10)]).toEqual([0.01, 0.1, 1, 10, 100, 1_000, 10_000, 100_000]);
  });

  it('read a cluster from a file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'clusters-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'clusters.csv');
    const head = 'cluster,kqps,zipf_alpha,production_miss_ratio,key_bytes,value_bytes,common_ttls';
    writeFileSync(
      file,
      `\ufeff${head}\r\ncluster1,2,0.9,0.25,40,500,"1d:0.5, 1h:0.5,"\n\ncluster2,,-1,2,x,,\ncluster3,0,0,0,0,0,5s:1\n`,
    );
    expect(readCluster('1', file)).toEqual({
      ...{ requests: 2_000, alpha: 0.9, hitRatio: 0.75, keyBytes: 40, valueBytes: 500 },
      ttl: (86_400 + 3_600) / 2,
    });
    expect(readCluster('2', file)).toEqual({
      ...{ requests: undefined, alpha: undefined, hitRatio: 0, keyBytes: undefined },
      ...{ valueBytes: undefined, ttl: undefined },
    });
    expect(readCluster('3', file)).toEqual({
      ...{ requests: 0, alpha: 0, hitRatio: 1, keyBytes: 0, valueBytes: 0, ttl: 5 },
    });
    expect(() => readCluster('4', file)).toThrow(`There is no cluster 4: ${file} has 3.`);
    expect(() => readCluster('1', join(folder, 'none.csv'))).toThrow(/cannot be read/);
    const first = (options: object) => workloads({ cluster: '1', clusters: file, ...options });
    const { at } = first({ tierTtl: 5 });
    const popularity = { alpha: 0.9, keys: 1_000_000 };
    expect([at(10).hitRatio, at(10).tierHitRatio]).toEqual([
      ...[0.75, zipfHitRatio(popularity, 1, 5)],
    ]);
    // Popularity of the command line replaces the measured hits, and measured hits the popularity of the file.
    expect(first({ alpha: 0.9 }).at(10).hitRatio).toBe(zipfHitRatio(popularity, 10, 45_000));
    expect(first({ hitRatio: 0.5 }).at(10).hitRatio).toBe(0.5);
    expect(() => first({ hitRatio: 0.5, tierTtl: 5 })).toThrow('--tier-ttl needs --alpha');
    const from = (options: object) => workloads({ cluster: '2', clusters: file, ...options });
    expect(() => from({})).toThrow('Cluster 2 has no such number: give --rps.');
    expect(() => from({ rps: 5, ttl: 5 })).toThrow('give --value-bytes.');
    expect(from({ rps: 5, ttl: 5, valueBytes: 6, keyBytes: 7 }).at(5)).toMatchObject({
      ...{ hitRatio: 0, valueBytes: 6, keyBytes: 7 },
    });
  });

  it('draw for light and dark', () => {
    expect(followColorScheme('<svg width="1"><g/></svg>')).toMatch(
      /^<svg width="1"><style>@media \(prefers-color-scheme:dark\)\{.+\}<\/style><g\/><\/svg>$/,
    );
  });
});

describe('top', () => {
  const line = (members: object) => JSON.stringify({ _aws: {}, ...members });

  it('sums up the lines of metrics alone', () => {
    const top = new Top();
    expect(top.report().hitRatio).toBeUndefined();
    expect(top.add(`2030-01-01 INFO ${line({ Hits: 3, Misses: 1, 'Misses.absent': 1 })}`)).toBe(
      true,
    );
    expect(
      top.add(line({ Misses: 2, 'Misses.expired': 2, LoadTime: [1, 'x', 3], StoreTime: 5 })),
    ).toBe(true);
    expect(top.add('{"Hits": 5, "_aws": {}}')).toBe(true);
    for (const other of [
      ...['', '{"Hits":9}', '{"_aws":', 'x {"a":"_aws"} y', '{"a":{"_aws":1}}'],
      ...['{"Hits":9,"a":{"_aws":1}}', line({ Orders: 5 })],
    ])
      expect(top.add(other), other).toBe(false);
    expect(top.report()).toMatchObject({
      ...{ lines: 3, hits: 8, misses: 3, hitRatio: 8 / 11, loads: 0 },
      ...{ loadTime: { p50: 3, max: 3 }, storeTime: { p50: 5 }, refusedBy: {} },
    });
    expect(Object.entries(top.report().missesBy)).toEqual([
      ['expired', 2],
      ['absent', 1],
    ]);
  });

  it('keeps the latest 10,000 times', () => {
    const top = new Top();
    top.add(line({ LoadTime: Array.from({ length: 10_000 }, () => 1) }));
    expect(top.report().loadTime).toEqual({ p50: 1, p99: 1, max: 1 });
    top.add(line({ LoadTime: Array.from({ length: 6_000 }, () => 2) }));
    expect(top.report().loadTime).toEqual({ p50: 2, p99: 2, max: 2 });
  });
});

describe('doctor', () => {
  it('judges a clock by two seconds, and by what the question took', () => {
    expect(examineClock(undefined, 0, 0)).toMatchObject({ level: 'note' });
    expect(examineClock(10_000, 12_000, 0)).toMatchObject({ level: 'ok' });
    expect(examineClock(10_000, 12_001, 0)).toMatchObject({
      ...{ level: 'warning', text: expect.stringContaining('ahead of') },
    });
    expect(examineClock(12_101, 10_000, 100)).toMatchObject({
      ...{ level: 'warning', text: expect.stringContaining('behind') },
    });
    expect(examineClock(12_100, 10_000, 100)).toMatchObject({ level: 'ok' });
  });

  it('takes quantiles of no times for none', () => {
    expect(quantile([], 0.5)).toBeNaN();
    expect([quantile([1, 2], 0), quantile([1, 2], 0.5), quantile([1, 2], 1)]).toEqual([1, 2, 2]);
  });

  it('measures a store after a first request', async () => {
    let count = 0;
    const finding = await examineLatency(async () => void count++);
    expect(finding).toMatchObject({ level: 'ok', check: 'latency' });
    expect(finding.text).toContain('of 100 reads');
    expect(count).toBe(101);
  });

  it.each([
    ['python3.12', 'fn', '2026-01-01', 'note', 'is no Node'],
    ['nodejs30.x', 'fn', '2026-01-01', 'ok', 'runs nodejs30.x'],
    ['nodejs20.x', 'fn', '2025-10-31', 'ok', 'supported until'],
    ['nodejs20.x', 'fn', '2025-11-01', 'warning', 'ends on'],
    ['nodejs20.x', 'fn', '2026-04-29', 'warning', 'ends on'],
    ['nodejs20.x', 'fn', '2026-04-30', 'problem', 'ended on'],
    ['nodejs20.x', 'this machine', '2026-05-30', 'warning', 'ended on'],
  ])('judges %s of %s on %s: %s', (runtime, owner, day, level, text) => {
    const finding = judgeRuntime(runtime, owner, Date.parse(day));
    expect(finding.level).toBe(level);
    expect(finding.text).toContain(text);
  });
});

describe('an error', () => {
  it('is one line without passwords', () => {
    expect(errorText(new Error('a\n  b redis://u:p@h'))).toBe('a b redis://…@h');
    expect(errorText('text')).toBe('text');
    expect(errorJSON(Object.assign(new Error('a'), { code: 'E' }))).toEqual({
      ...{ name: 'Error', code: 'E', message: 'a' },
    });
    expect(errorJSON('text')).toEqual({ name: 'Error', message: 'text' });
    expect(errorJSON(new CacheError('TIMEOUT', 'a', { subject: 's' }))).toMatchObject({
      subject: 's',
    });
  });

  it('ends the program by its kind', () => {
    expect(exitCodeOf(new UsageError('a'))).toBe(2);
    expect(exitCodeOf(new CacheError('INVALID_OPTION', 'a'))).toBe(2);
    expect(exitCodeOf(new CacheError('TIMEOUT', 'a'))).toBe(3);
    expect(exitCodeOf({ code: 'INVALID_OPTION' })).toBe(3);
  });
});

const FIELDS = { createdAt: 1_000, staleAt: 2_000, expiresAt: 3_000, loadMs: 4 };
const versions = [
  [null, 'p'],
  ['red', 'r'],
] as const;
const recordOf = (changes: object = {}): StoredRecord =>
  ({
    ...{ key: 'app:k', kind: 'value', raw: '1', version: 'v', expiresAt: 3_000 },
    envelope: envelopeOf(createEntry('k', { ...FIELDS, versions }, 1)),
    ...changes,
  }) as StoredRecord;

describe('a record', () => {
  it('is the key of a user, or none', () => {
    const [app, none] = [keySpace('app'), keySpace(undefined)];
    expect(userKey('app:k', app)).toBe('k');
    expect(userKey('other:k', app)).toBeUndefined();
    expect(userKey('#tag:app:red', app)).toBeUndefined();
    expect(userKey('#key:#k', none)).toBe('#k');
    expect(userKey('#tag::red', none)).toBeUndefined();
    expect(userKey('k', none)).toBe('k');
    // Only a service without a prefix sets such keys apart.
    expect(userKey(app.key('#key:k'), app)).toBe('#key:k');
    expect(userKey(none.key('#key:k'), none)).toBe('#key:k');
  });

  it.each([
    [{}, 1_999, 'live'],
    [{}, 2_000, 'stale'],
    [{}, 3_000, 'expired'],
    [{ kind: 'tombstone' }, 9_000, 'tombstone'],
    [{ envelope: undefined }, 2_500, 'live'],
    [{ envelope: 'x' }, 2_500, 'live'],
  ])('with %j at %d is %s', (changes, now, state) =>
    expect(stateOf(recordOf(changes), now)).toBe(state),
  );

  it('has a value that is JSON, text or bytes', () => {
    expect(decoded('{"a":1}')).toEqual({ value: { a: 1 } });
    expect(decoded('x')).toEqual({ text: 'x' });
    expect(decoded(new Uint8Array([255]))).toEqual({ base64: '/w==' });
    expect([valueText('{"a":1}'), valueText('x'), valueText(new Uint8Array([255]))]).toEqual([
      ...['{\n  "a": 1\n}', 'x', '/w=='],
    ]);
    expect(entryOf(recordOf())?.loadMs).toBe(4);
  });

  const explained = (
    record: StoredRecord | undefined,
    { now = 1_500, current = { p: 'p', red: 'r' } as Record<string, string | undefined> } = {},
  ): Promise<Explanation> =>
    explain({ keys: keySpace('app') } as Target, record, now, async (name) => current[name ?? 'p']);

  it.each([
    [undefined, 'absent', 'has no record'],
    [recordOf({ kind: 'tombstone' }), 'absent', 'was invalidated'],
    [recordOf({ kind: 'token' }), 'absent', 'has not filled it'],
    [recordOf({ kind: 'foreign' }), 'foreign', 'no service wrote'],
    [recordOf({ envelope: undefined }), 'foreign', 'no service wrote'],
    [recordOf(), 'fresh', /^it is served$/],
  ])('is explained', async (record, verdict, why) => {
    const found = await explained(record);
    expect([found.verdict, found.why]).toEqual([verdict, expect.stringMatching(why)]);
  });

  it.each([
    ['a store that keeps it', true, undefined, ''],
    ['a store that may evict it', false, undefined, undefined],
    ['a store that may evict it', false, { kind: 'tombstone', version: 'v' }, undefined],
    ['a store that may evict it', false, { kind: 'value', raw: '1', version: 'v' }, 'v'],
    ['a store that keeps it', true, { kind: 'value', raw: 'no JSON', version: 'v' }, 'v'],
  ])('of a tag in %s has a version, or none', async (_what, durable, record, version) => {
    const asked: string[] = [];
    const inspection = {
      async read(key: string) {
        asked.push(key);
        return record;
      },
    };
    const target = { keys: keySpace('app'), store: { durable }, inspection } as unknown as Target;
    expect(await versionReader(target)('red')).toBe(version);
    expect(await versionReader(target)(null)).toBe(version);
    expect(asked).toEqual(['#tag:app:red', '#prefix:app:']);
  });

  it.each<[number, Record<string, string | undefined>, string, string]>([
    [1_500, { p: 'p2', red: 'r' }, 'invalidated', 'the prefix was cleared'],
    [1_500, { p: 'p', red: 'r2' }, 'invalidated', 'the tag "red" was invalidated'],
    [1_500, { p: 'p', red: undefined }, 'invalidated', 'the record of the tag "red" is missing'],
    [
      1_500,
      { p: 'p', red: '~1:rr2' },
      'stale',
      'it is served, and refreshed: the tag "red" was expired',
    ],
    [2_500, { p: 'p', red: 'r' }, 'stale', 'it is served, and refreshed'],
    [3_500, { p: 'p', red: '~1:rr2' }, 'expired', 'its time is over, and it waits for its removal'],
    [3_500, { p: 'p2', red: 'r' }, 'invalidated', 'the prefix was cleared'],
  ])('at %d with the versions %j is %s', async (now, current, verdict, why) => {
    expect(await explained(recordOf(), { now, current })).toMatchObject({ verdict, why });
  });

  it('is shown without its bytes', async () => {
    const shown = entryJSON('k', await explained(recordOf()), recordOf());
    expect(shown).toMatchObject({
      ...{ key: 'k', verdict: 'fresh', tags: ['red'], staleAt: '1970-01-01T00:00:02.000Z' },
      record: { raw: undefined, version: 'v' },
    });
    const never = createEntry('k', { ...FIELDS, staleAt: undefined, versions }, 1);
    const fresh = entryJSON('k', { ...(await explained(recordOf())), entry: never }, undefined);
    expect(fresh).toMatchObject({ staleAt: null, record: undefined });
    expect(entryJSON('k', await explained(undefined), undefined)).not.toHaveProperty('createdAt');
  });
});

describe('a search', () => {
  const far = Date.now() + DAY;
  const live = (key: string, changes: object = {}) =>
    recordOf({ key, envelope: undefined, expiresAt: far, ...changes });
  async function found(records: StoredRecord[], pattern: string, options: object, prefix?: string) {
    const asked: unknown[] = [];
    const inspection = {
      async *pages(start: string, size: unknown) {
        asked.push(start, size);
        yield records;
      },
    };
    const target = { inspection, keys: keySpace(prefix) } as unknown as Target;
    const keys: string[] = [];
    for await (const { rows } of searchKeys(target, pattern, { limit: Infinity, ...options }))
      keys.push(...rows.map(({ key }) => key));
    return { keys, asked };
  }
  const all = [
    live('app:a'),
    live('app:b'),
    live('other:a'),
    live('#tag:app:red'),
    live('app:dead', { expiresAt: 1 }),
    live('app:old', { envelope: recordOf().envelope }),
    live('app:gone', { kind: 'tombstone' }),
    live('app:odd', { kind: 'foreign' }),
  ];

  it('finds what is alive under the prefix', async () => {
    expect(await found(all, '*', {}, 'app')).toEqual({
      ...{ keys: ['a', 'b', 'old', 'odd'], asked: ['app:', undefined] },
    });
    expect(await found(all, 'a*', { limit: 5 }, 'app')).toEqual({
      keys: ['a'],
      asked: ['app:a', 6],
    });
    expect((await found(all, '*', { dead: true }, 'app')).keys).toEqual([
      ...['a', 'b', 'dead', 'old', 'gone', 'odd'],
    ]);
  });

  it('finds records of the cache only if they are wanted', async () => {
    expect(await found(all, '*', { records: true }, 'app')).toEqual({
      ...{ keys: ['a', 'b', '#tag:app:red', 'old', 'odd'], asked: ['', undefined] },
    });
    expect((await found([live('#key:#a'), live('#b')], '#a', {})).asked[0]).toBe('');
    expect((await found([live('a')], 'a*', {})).asked[0]).toBe('a');
    expect((await found([live('#key:#a')], '#*', {})).keys).toEqual(['#a']);
  });

  it('gives a key once where the number is limited', async () => {
    const twice = [live('a'), live('a')];
    expect((await found(twice, '*', { limit: 5, pageSize: 3 })).keys).toEqual(['a']);
    expect((await found(twice, '*', { limit: 5, pageSize: 3 })).asked).toEqual(['', 3]);
    expect((await found(twice, '*', {})).keys).toEqual(['a', 'a']);
  });
});

describe('a table', () => {
  type Row = readonly [string, string];
  const columns = [
    { head: 'key', flexible: true, text: ([key]: Row) => key },
    { head: 'size', align: 'right', text: ([, size]: Row) => size },
  ] as const;
  const rows: Row[] = [['k'.repeat(60), '12345678']];

  it('has the widths that it needs, within the terminal', () => {
    expect(layoutOf(columns, rows, 70)).toEqual({ isList: false, widths: [60, 8] });
    expect(layoutOf(columns, rows, 69)).toEqual({ isList: false, widths: [59, 8] });
    expect(layoutOf(columns, rows, 60)).toEqual({ isList: false, widths: [50, 8] });
    expect(layoutOf(columns, rows, 59)).toEqual({ isList: true, widths: [43, 43] });
    expect(layoutOf(columns, [], 70).widths).toEqual([3, 4]);
    const long: Row[] = [['k'.repeat(60), 's'.repeat(42)]];
    expect(layoutOf(columns, long, 60)).toEqual({ isList: false, widths: [16, 42] });
    expect(layoutOf(columns, [['k'.repeat(60), 's'.repeat(43)]], 60).isList).toBe(true);
    expect(layoutOf([columns[1]], [['', 's'.repeat(99)]], 70)).toEqual({
      isList: true,
      widths: [54],
    });
    expect(layoutOf(columns, rows, 20)).toEqual({ isList: true, widths: [8, 8] });
    expect(layoutOf([columns[1]], [['', 's'.repeat(70)]], 70)).toEqual({
      ...{ isList: false, widths: [70] },
    });
  });

  it('cuts a text at its width, and aligns numbers', async () => {
    const plain = { ...terminal(true), width: 69 };
    const text = await renderTable(plain, columns, [...rows, ['short', '1']]);
    expect(text.split('\n')).toEqual([
      `key${' '.repeat(62)}size`,
      `${'k'.repeat(58)}…  12345678`,
      `short${' '.repeat(63)}1`,
      '',
    ]);
    const layout = layoutOf(columns, rows, 69);
    const more = await renderTable(plain, columns, [['short', '1']], { layout, head: false });
    expect(more).toBe(`short${' '.repeat(63)}1\n`);
  });

  it('is a list of names and texts in a narrow terminal', async () => {
    const narrow = { ...terminal(true), width: 30 };
    const long: Row[] = [
      ['k'.repeat(40), '1'],
      ['b', '2'],
    ];
    expect(await renderTable(narrow, columns, long)).toBe(
      `key   ${'k'.repeat(13)}…\nsize  1\n\nkey   b\nsize  2\n`,
    );
  });

  it('leaves out pairs without a text', () => {
    const plain = { ...terminal(true), width: 30 };
    const pairs = [
      ['a', 'x\ny'],
      ['none', undefined],
      ['long', 'z'.repeat(25)],
    ] as const;
    expect(renderPairs(plain, pairs)).toBe(`a     x y\nlong  ${'z'.repeat(23)}…\n`);
  });

  it('shows no character that controls a terminal', () => {
    expect(printable('a\n\u001b\u202e\u{1f600}')).toBe('a\\u000a\\u001b\\u202e\u{1f600}');
    expect(printableJSON('a\n\u001b')).toBe('a\n\\u001b');
  });
});
