import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { countUnits } from '../../examples/demo/metered-dynalite.js';
import prices from '../../infrastructure/prices.json' with { type: 'json' };
import { root } from '../../scripts/run.js';
import { CacheService } from '../../src/cache-service.js';
import { chartSpec, drawChart } from '../../src/cli/cost/chart.js';
import { type Cost, costs, type LeftOut, SECONDS } from '../../src/cli/cost/cost.js';
import { crossings, steps } from '../../src/cli/cost/crossings.js';
import { workloads } from '../../src/cli/cost/inputs.js';
import { type Workload, zipfHitRatio } from '../../src/cli/cost/workload.js';
import { DynamoDBCacheStore } from '../../src/stores/dynamodb/index.js';
import { startDynalite } from '../servers/dynalite.js';
import { createCacheTable, credentials, region } from '../servers/table.js';
import { temporaryFolder } from '../temporary-folder.js';
import { bundledCommandLine } from './cli.js';

const cli = bundledCommandLine();
const folder = temporaryFolder('cost', afterAll);

const here = prices.regions['us-east-1'];

async function cost(...args: string[]) {
  const { code, stdout, stderr } = await cli.run(['cost', '--json', ...args]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const report: {
    costs: Cost[];
    leftOut: LeftOut[];
    workload: Workload;
    crossings: object[];
    date: string;
  } = JSON.parse(stdout);
  return { ...report, of: (store: string) => report.costs.find((each) => each.store === store) };
}

describe('cost', () => {
  const page = readFileSync(`${root}docs/cost.md`, 'utf8');

  it.each([
    [
      '1',
      ['--rps', '10', '--hit-ratio', '0.9', '--value-bytes', '1000', '--ttl', '5m'],
      'DynamoDB',
      [1.6425, 3.285, 0.0011],
    ],
    [
      '1',
      ['--rps', '10', '--hit-ratio', '0.9', '--value-bytes', '1000', '--ttl', '5m'],
      'Serverless Valkey',
      [0.0772, 0.0079, 6.132],
    ],
    [
      '2',
      [
        '--rps',
        '500',
        '--hit-ratio',
        '0.98',
        '--value-bytes',
        '6000',
        '--ttl',
        '1h',
        '--tags',
        '2',
      ],
      'DynamoDB',
      [326.8575, 114.975, 0.0531],
    ],
    [
      '3',
      ['--rps', '50', '--hit-ratio', '0.95', '--value-bytes', '100000', '--ttl', '1d'],
      'DynamoDB',
      [195.4575, 402.4125, 5.0462],
    ],
    [
      '3',
      ['--rps', '50', '--hit-ratio', '0.95', '--value-bytes', '100000', '--ttl', '1d'],
      'S3',
      [52.56, 32.85, 0.4643],
    ],
  ] as const)(
    'agrees with the calculation by hand of workload %s',
    async (_number, args, store, [reads = 0, writes = 0, fixed = 0]) => {
      const found = (await cost(...args)).of(store);
      expect(found?.reads).toBeCloseTo(reads, 2);
      expect(found?.writes).toBeCloseTo(writes, 2);
      expect(found?.fixed).toBeCloseTo(fixed, 2);
      const total = (reads + writes + fixed).toFixed(2);
      expect(page).toContain(`**$${total}**`);
    },
  );

  it('agrees with the units that a metered DynamoDB counts', async () => {
    const meter = countUnits();
    const { endpoint, stop } = await startDynalite();
    const tableName = await createCacheTable(endpoint);
    // Two processes, because the one that wrote a key reads it consistently for a while.
    const [filling, reading] = await Promise.all(
      [1, 2].map(async () => {
        const options = { tableName, endpoint, region, credentials: async () => credentials };
        const cache = new CacheService(new DynamoDBCacheStore(options), {
          keyPrefix: 'shop',
          versionTTL: '1h',
        });
        await cache.get('warm');
        return cache;
      }),
    );
    const [keys, rounds, valueBytes] = [20, 5, 5_000];
    meter.take();
    for (let round = 0; round < rounds; round++)
      for (let i = 0; i < keys; i++)
        await (round === 0 ? filling : reading)?.wrap(`key:${i}`, '1h', async () =>
          'x'.repeat(valueBytes - 2),
        );
    const measured = meter.take(tableName);
    await Promise.all([filling?.close(), reading?.close()]);
    await stop();
    const requests = keys * rounds;
    const workload: Workload = {
      ...{
        requests: requests / SECONDS,
        valueBytes,
        keyBytes: 10,
        ttl: 3600,
        tags: 0,
        hitRatio: 1 - 1 / rounds,
      },
      ...{ tierHitRatio: undefined, keys, coldStarts: 0, initMs: 1, memoryMB: 1 },
    };
    const [row] = costs(workload, here);
    expect((row?.reads ?? 0) * (1e6 / here.dynamodb.readsPerMillion)).toBeCloseTo(
      measured.readUnits,
      6,
    );
    expect((row?.writes ?? 0) * (1e6 / here.dynamodb.writesPerMillion)).toBeCloseTo(
      measured.writeUnits,
      6,
    );
  });

  it('takes any cluster that has numbers, and names what another lacks', async () => {
    const file = `${root}examples/demo/twitter-2020-03-clusters.csv`;
    let usable = 0;
    for (let number = 1; number <= 54; number++) {
      try {
        const { requests, at } = workloads({ cluster: String(number), clusters: file });
        const { hitRatio } = at(requests);
        expect(hitRatio).toBeGreaterThanOrEqual(0);
        expect(hitRatio).toBeLessThanOrEqual(1);
        for (const { total } of costs(at(requests), here)) expect(total).toBeGreaterThan(0);
        usable++;
      } catch (error) {
        expect(String(error)).toMatch(/Cluster 5 has no such number: give --rps/);
      }
    }
    expect(usable).toBe(53);
    const { workload } = await cost('--cluster', '4', '--clusters', file);
    expect(workload).toMatchObject({ requests: 5260, valueBytes: 2439, keyBytes: 67 });
    expect(workload.hitRatio).toBeCloseTo(1 - 0.3941, 4);
    expect(await cli.run(['cost', '--cluster', '99', '--clusters', file])).toMatchObject({
      code: 2,
    });
  });

  it('takes an option where a cluster has no number', async () => {
    const file = `${root}examples/demo/twitter-2020-03-clusters.csv`;
    const all = ['--rps', '7', '--value-bytes', '9', '--key-bytes', '8', '--ttl', '60'].concat(
      '--clusters',
      file,
    );
    expect((await cost('--cluster', '5', ...all)).workload).toMatchObject({
      ...{ requests: 7, valueBytes: 9, keyBytes: 8, ttl: 60, hitRatio: 1 - 0.7124 },
    });
  });

  it('takes other prices, and names what is wrong with them', async () => {
    const file = join(folder, 'prices.json');
    const eu = { ...here, dynamodb: { ...here.dynamodb, readsPerMillion: 1 } };
    writeFileSync(
      file,
      JSON.stringify({ date: '2030-01-01', source: 'me', regions: { 'eu-west-1': eu } }),
    );
    const args = ['--rps', '10', '--hit-ratio', '0.9', '--prices', file];
    const { date, of } = await cost(...args, '--region', 'eu-west-1');
    expect(date).toBe('2030-01-01');
    expect(of('DynamoDB')?.reads).toBeCloseTo(13.14, 2);
    expect(await cli.run(['cost', ...args])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('eu-west-1'),
    });
  });

  it.each([
    ['a price that is text', { nat: { hour: 'x', gb: 1 } }, 'nat.hour is "x"'],
    ['a price below zero', { nat: { hour: -1, gb: 1 } }, 'nat.hour is -1'],
    [
      'a price that is missing',
      { dynamodb: { readsPerMillion: 1 } },
      'writesPerMillion is undefined',
    ],
    ['a service that does not exist', { dynamo: {} }, 'regions.us-east-1.dynamo is no service'],
    ['a service of JavaScript', { toString: {} }, 'regions.us-east-1.toString is no service'],
    ['nodes that are none', { dax: [] }, 'dax is no list of nodes'],
    ['nodes that are no list', { dax: { type: 'a' } }, 'dax is no list of nodes'],
    ['a node without memory', { dax: [{ type: 'a', memoryGB: 0, hour: 1 }] }, 'dax[0] needs'],
    ['a node without a type', { dax: [{ memoryGB: 1, hour: 1 }] }, 'dax[0] needs'],
    ['a node without a price', { dax: [{ type: 'a', memoryGB: 1 }] }, 'dax[0].hour is undefined'],
    [
      'no price of a store',
      Object.fromEntries(Object.keys(here).map((name) => [name, undefined])),
      'has no price of a store',
    ],
  ])('refuses a file with %s', async (_what, part, message) => {
    const file = join(folder, 'wrong.json');
    const list = {
      date: '2030-01-01',
      source: 'me',
      regions: { 'us-east-1': { ...here, ...part } },
    };
    writeFileSync(file, JSON.stringify(list));
    const { code, stderr } = await cli.run([
      'cost',
      '--rps',
      '1',
      '--hit-ratio',
      '0',
      '--prices',
      file,
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  it.each([
    ['no JSON', '{'],
    ['no date', JSON.stringify({ source: 'me', regions: { 'us-east-1': here } })],
    ['no source', JSON.stringify({ date: '2030-01-01', regions: { 'us-east-1': here } })],
    ['no regions', JSON.stringify({ date: '2030-01-01', source: 'me', regions: [] })],
    ['a list of regions', JSON.stringify({ date: '2030-01-01', source: 'me', regions: [here] })],
    ['null for regions', JSON.stringify({ date: '2030-01-01', source: 'me', regions: null })],
    ['an empty source', JSON.stringify({ date: '2030', source: '', regions: { a: here } })],
    ['nothing', 'null'],
  ])('refuses a file of prices with %s', async (_what, text) => {
    const file = join(folder, 'wrong.json');
    writeFileSync(file, text);
    const found = await cli.run(['cost', '--rps', '1', '--hit-ratio', '0', '--prices', file]);
    expect(found).toMatchObject({ code: 2, stdout: '' });
    expect(found.stderr).toContain(file);
    expect(found.stderr).toMatch(/has no (date|source|regions)|cannot be read/);
  });

  it.each(['null', '5', '"x"', '[]'])('refuses a file whose region is %s', async (region) => {
    const file = join(folder, 'wrong.json');
    writeFileSync(file, `{"date":"2030","source":"me","regions":{"us-east-1":${region}}}`);
    const found = await cli.run(['cost', '--rps', '1', '--hit-ratio', '0', '--prices', file]);
    expect(found).toMatchObject({
      ...{ code: 2, stdout: '' },
      stderr: expect.stringContaining('regions.us-east-1 is no object.'),
    });
  });

  it('refuses a price beyond all numbers', async () => {
    const file = join(folder, 'wrong.json');
    const region = '{"lambda":{"gbSecond":1e999}}';
    writeFileSync(file, `{"date":"2030","source":"me","regions":{"us-east-1":${region}}}`);
    const { code, stderr } = await cli.run([
      ...['cost', '--rps', '1', '--hit-ratio', '0', '--prices', file],
    ]);
    expect({ code, stderr }).toEqual({
      ...{ code: 2, stderr: expect.stringContaining('lambda.gbSecond is') },
    });
  });

  it('takes the file of prices that the page shows', async () => {
    const [, text = ''] = /```json\n([\s\S]*?)```/.exec(page) ?? [];
    const file = join(folder, 'shown.json');
    writeFileSync(file, text);
    const [region = ''] = Object.keys(JSON.parse(text).regions);
    const args = ['--rps', '10', '--hit-ratio', '0.9', '--prices', file, '--region', region];
    const { costs: rows, leftOut } = await cost(...args);
    expect(rows.length).toBeGreaterThan(0);
    expect(leftOut.length).toBeGreaterThan(0);
  });

  it.each(['mars-1', 'constructor', '__proto__', ''])(
    'names the known regions where "%s" has no prices',
    async (name) => {
      const { code, stderr } = await cli.run([
        'cost',
        '--rps',
        '1',
        '--hit-ratio',
        '0',
        `--region=${name}`,
      ]);
      expect(code).toBe(2);
      for (const known of Object.keys(prices.regions)) expect(stderr).toContain(known);
      expect(stderr).toContain('--prices FILE');
    },
  );

  it.each(Object.entries(prices.regions))(
    'has a dated source for each price of %s',
    (_region, { sources, ...priced }) => {
      const named = sources.flatMap(({ services }) => services);
      expect(named.toSorted()).toEqual(Object.keys(priced).toSorted());
      for (const { source, date } of sources) {
        expect(source).not.toBe('');
        expect(date).toMatch(/^20\d\d-\d\d(-\d\d)?$/);
      }
    },
  );

  it.each(Object.keys(prices.regions))(
    'prices what it can in %s, and names what it leaves out',
    async (region) => {
      const { costs: rows, leftOut } = await cost(
        '--rps',
        '10',
        '--hit-ratio',
        '0.9',
        '--region',
        region,
      );
      expect(rows.map(({ store }) => store)).toContain('DynamoDB');
      expect(rows.length + leftOut.length).toBe(9);
      for (const { total } of rows) expect(total).toBeGreaterThan(0);
      for (const { reason } of leftOut) expect(reason).toMatch(/^no price of \w+( and \w+)?$/);
      const { stdout } = await cli.run([
        'cost',
        '--rps',
        '10',
        '--hit-ratio',
        '0.9',
        '--region',
        region,
      ]);
      for (const { store } of leftOut) expect(stdout).toContain(`Without ${store}: `);
      expect(stdout).not.toMatch(/NaN|undefined|Infinity/);
    },
  );

  it('leaves DynamoDB out for values that no item holds', async () => {
    const { costs: rows, leftOut } = await cost(
      '--rps',
      '1',
      '--hit-ratio',
      '0.9',
      '--value-bytes',
      '500000',
    );
    expect(rows.map(({ store }) => store)).toContain('S3');
    expect(leftOut.map(({ store }) => store)).toEqual(['DynamoDB', 'DynamoDB, consistent', 'DAX']);
    expect(leftOut[0]?.reason).toContain('400 KB');
  });

  it('stores values for their ttl in Valkey, and for an hour at least in DynamoDB', async () => {
    const args = [
      '--rps',
      '1000',
      '--hit-ratio',
      '0',
      '--value-bytes',
      '1024',
      '--key-bytes',
      '24',
    ];
    const { of } = await cost(...args, '--ttl', '60');
    const gigabytes = (seconds: number) => (1000 * seconds * 1348) / 1024 ** 3;
    expect(of('Serverless Valkey')?.fixed).toBeCloseTo(
      Math.max(0.1, gigabytes(60)) * 0.084 * 730,
      6,
    );
    expect(of('DynamoDB')?.fixed).toBeCloseTo(gigabytes(3600) * 0.25, 6);
  });

  it('takes numbers up to 1e12 and stays finite', async () => {
    const huge = ['--rps', '--value-bytes', '--key-bytes', '--keys', '--memory', '--init-ms'];
    const { costs: rows } = await cost(
      '--hit-ratio',
      '0',
      ...huge.flatMap((name) => [name, '1e12']),
    );
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) expect(Number.isFinite(row.total)).toBe(true);
  });

  it.each(['0', '-1', 'NaN', 'Infinity', '1e13', '', 'many'])(
    'refuses %j reads a second',
    async (rps) => {
      const found = await cli.run(['cost', `--rps=${rps}`, '--hit-ratio', '0.5']);
      expect(found).toMatchObject({ code: 2, stdout: '' });
      expect(found.stderr).toContain('above zero');
    },
  );

  it.each([
    ['clusters', ['--cluster', '4', '--clusters', 'none.csv'], 'none.csv cannot be read'],
    ['prices', ['--prices', 'none.json'], 'none.json cannot be read'],
    ['a specification', ['--spec', 'none/spec.json'], 'none/spec.json cannot be written'],
    ['a chart', ['--chart', 'none/chart.svg'], 'none/chart.svg cannot be written'],
  ])('names the file of %s that it cannot use', async (_what, args, message) => {
    const found = await cli.run(['cost', '--rps', '1', '--hit-ratio', '0.5', ...args], {
      cwd: folder,
    });
    expect(found).toMatchObject({ code: 2, stdout: '' });
    expect(found.stderr).toContain(message);
  });

  it('shows a table with the crossings', async () => {
    const { stdout } = await cli.run(['cost', '--rps', '100', '--hit-ratio', '0.9']);
    expect(stdout).toMatch(/^STORE +READS +WRITES +FIXED +TOTAL +ABOUT$/m);
    expect(stdout).toMatch(/is the cheapest below [\d.]+ reads a second, then/);
    expect(stdout).toMatch(
      /^100 reads a second, 90\.0 % hits, ttl 300 s; US dollars a month\n\nSTORE/,
    );
    expect(stdout).toMatch(/^Initialisation: \d+\.\d\d for 100,000 cold starts of 30 ms\.$/m);
    expect(stdout).toMatch(/^Prices of us-east-1, 20[\d-]+\.$/m);
    expect(stdout).not.toContain('--prices FILE');
  });

  it('shows cents below a hundred dollars, and says what has no price', async () => {
    const file = join(folder, 'round.json');
    // A node of an hour's price p costs 1460 p a month, for there are two.
    const at = (dollars: number) => [{ type: 'n', memoryGB: 100, hour: dollars / 1460 }];
    const nat = { hour: 0.001, gb: 0 };
    const regions = { r: { elasticache: at(100), nat } };
    writeFileSync(file, JSON.stringify({ date: '2030-01-02', source: 'me', regions }));
    const args = ['cost', '--rps', '1', '--hit-ratio', '0.5', '--prices', file, '--region', 'r'];
    const { stdout } = await cli.run(args);
    expect(stdout).toMatch(/^ElastiCache +0\.00 +0\.00 +100 +100 +2 n$/m);
    expect(stdout).toMatch(/^ElastiCache, NAT +0\.00 +0\.00 +101 +101 +2 n, 1 NAT gateway$/m);
    expect(stdout).toContain('Without DynamoDB: no price of dynamodb.\n');
    expect(stdout).toContain('--prices FILE adds the prices that are missing for r.\n');
    expect(stdout).toContain('Initialisation: no price of lambda for r.\n');
    expect(stdout).toMatch(/^Prices of r, 2030-01-02\.$/m);
    const json = JSON.parse((await cli.run([...args, '--json'])).stdout);
    expect(json).toMatchObject({ initialisation: null, sources: [] });
  });

  it('writes the specification of the chart, whose title names the cluster', async () => {
    const file = join(folder, 'spec.json');
    const titleOf = async (...args: string[]) => {
      expect(await cli.run(['cost', ...args, '--spec', file])).toMatchObject({ code: 0 });
      return JSON.parse(readFileSync(file, 'utf8')).title;
    };
    const clusters = `${root}examples/demo/twitter-2020-03-clusters.csv`;
    expect(await titleOf('--cluster', '4', '--clusters', clusters)).toBe(
      'A month of a cache: cluster 4, values of 2439 bytes',
    );
    expect(await titleOf('--rps', '1', '--hit-ratio', '0')).toBe(
      'A month of a cache: values of 1024 bytes',
    );
  });

  it.each([
    ['nothing', []],
    ['no hits', ['--rps', '1']],
    ['two ways to say hits', ['--rps', '1', '--alpha', '1', '--hit-ratio', '1']],
    ['more hits than reads', ['--rps', '1', '--hit-ratio', '1.5']],
    ['a wrong duration', ['--rps', '1', '--hit-ratio', '1', '--ttl', 'soon']],
    ['a tier without popularity', ['--rps', '1', '--hit-ratio', '1', '--tier-ttl', '5s']],
  ])('refuses %s', async (_what, args) => {
    expect(await cli.run(['cost', ...args])).toMatchObject({ code: 2, stdout: '' });
  });
});

describe('the hit ratio by Zipf', () => {
  it('is that of the formula, key by key', () => {
    const [alpha, keys, requests, ttl] = [1.2, 5_000, 50, 30];
    const weights = Array.from({ length: keys }, (_, i) => (i + 1) ** -alpha);
    const sum = weights.reduce((total, each) => total + each, 0);
    const exact = weights.reduce((ratio, weight) => {
      const probability = weight / sum;
      const hits = requests * probability * ttl;
      return ratio + (probability * hits) / (1 + hits);
    }, 0);
    expect(zipfHitRatio({ alpha, keys }, requests, ttl)).toBeCloseTo(exact, 3);
  });

  it('grows with time and requests, and stays between none and all', () => {
    const at = (requests: number, ttl: number) =>
      zipfHitRatio({ alpha: 0.9, keys: 1e6 }, requests, ttl);
    expect(at(1, 1)).toBeLessThan(at(100, 1));
    expect(at(100, 1)).toBeLessThan(at(100, 60));
    expect(at(1e-6, 1e-3)).toBeGreaterThan(0);
    expect(at(1e9, 1e6)).toBeLessThanOrEqual(1);
  });
});

describe('the chart', () => {
  it('of the page is drawn from the command in it', async () => {
    const page = readFileSync(`${root}docs/cost.md`, 'utf8');
    const args = /npx @glasswork\/cache (cost --rps.*)/.exec(page)?.[1]?.split(' ') ?? [];
    const file = join(folder, 'cost.svg');
    expect(await cli.run([...args, '--chart', file])).toMatchObject({ code: 0 });
    expect(readFileSync(file, 'utf8').trim()).toBe(
      readFileSync(`${root}docs/cost.svg`, 'utf8').trim(),
    );
  });

  it('has a line for each store', async () => {
    const { at } = workloads({ rps: 1, hitRatio: 0.9 });
    const spec = chartSpec(at, here, 'Title');
    const svg = await drawChart(spec);
    for (const { store } of costs(at(1), here)) expect(svg).toContain(`>${store}</text>`);
    expect([...steps()].length).toBeGreaterThan(100);
    const [first] = crossings(at, here);
    expect(svg).toContain(`>${first?.above} from ${Number(first?.requests.toPrecision(2))}</text>`);
  });
});
