import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../../scripts/run.js';
import { CacheService } from '../../src/cache-service.js';
import { emf } from '../../src/metrics/index.js';
import { DynamoDBCacheStore } from '../../src/stores/dynamodb/index.js';
import { type AnsweringProxy, startAnsweringProxy } from '../servers/answering-proxy.js';
import { type Dynalite, startDynalite } from '../servers/dynalite.js';
import { createCacheTable, credentials, region } from '../servers/table.js';
import { bundledCommandLine } from './cli.js';

const cli = bundledCommandLine();

/** The fields of a value and their types; of a list, those of its elements together. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) {
    const parts = value.map(shape);
    return parts.every((part) => typeof part === 'object')
      ? [Object.assign({}, ...parts)]
      : parts.slice(0, 1);
  }
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, part]) => [name, shape(part)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function documented(command: string): unknown[] {
  const page = readFileSync(`${root}docs/commands/${command}.md`, 'utf8');
  return [...page.matchAll(/```json\n([\s\S]*?)```/g)].map(([, text = '']) => JSON.parse(text));
}

describe('the JSON of each command', () => {
  let dynalite: Dynalite;
  let server: AnsweringProxy;
  let table: string;
  let where: string[];
  let log = '';

  beforeAll(async () => {
    dynalite = await startDynalite();
    // dynalite has no TTL.
    server = await startAnsweringProxy(dynalite.endpoint, ({ action }) =>
      action === 'UpdateTimeToLive' || action === 'DescribeTimeToLive'
        ? { status: 200, body: {} }
        : undefined,
    );
    table = await createCacheTable(dynalite.endpoint);
    where = ['--table', table, '--endpoint', server.endpoint, '--prefix', 'shop'];
    const listener = emf({ namespace: 'Shop', write: (line) => (log += `${line}\n`) });
    const options = { tableName: table, endpoint: dynalite.endpoint, region };
    const store = new DynamoDBCacheStore({ ...options, credentials: async () => credentials });
    const cache = new CacheService(store, { keyPrefix: 'shop', onEvent: listener });
    const policy = { ttl: '1h', staleTTL: '10m', tags: ['users'] } as const;
    await cache.wrap('user:1', policy, async () => ({ id: 1 }));
    await cache.get('user:1');
    await cache.close();
    // These events need a fault of the store.
    const error = new Error('no');
    listener({ type: 'store-error', operation: 'get', key: 'a', error });
    listener({ type: 'refused', key: 'a', reason: 'invalidated' });
    listener.flush();
  });
  afterAll(async () => {
    await server.stop();
    await dynalite.stop();
  });

  it.each<[string, () => readonly string[]]>([
    ['check', () => where],
    ['conformance', () => ['--case', 'a', ...where]],
    ['create', () => where],
    ['doctor', () => where],
    ['get', () => ['user:1', ...where]],
    ['init', () => ['cloudformation']],
    ['ls', () => where],
    ['stats', () => where],
    ['top', () => where],
    ['expire', () => ['user:1', '--yes', ...where]],
    ['invalidate', () => ['other', '--yes', ...where]],
    ['del', () => ['user:1', '--yes', ...where]],
    ['clear', () => ['--yes', ...where]],
    ['destroy', () => ['--yes', ...where]],
  ])('of %s is as its page shows it', async (command, args) => {
    const { stdout, stderr } = await cli.run([command, '--json', ...args()]);
    expect(stderr).toBe('');
    expect(shape(JSON.parse(stdout))).toEqual(shape(documented(command).at(-1)));
  });

  it('of top from a log is as its page shows it', async () => {
    const { stdout } = await cli.run(['top', '--json'], { input: log });
    const [shown] = documented('top');
    const byReason = { missesBy: {}, refusedBy: {}, errorsBy: {} };
    const withoutReasons = (report: unknown) => shape({ ...Object(report), ...byReason });
    expect(withoutReasons(JSON.parse(stdout))).toEqual(withoutReasons(shown));
  });

  it('of inspect is as its page shows it', async () => {
    const fresh = await createCacheTable(dynalite.endpoint);
    const { child, finished } = cli.start([
      'inspect',
      '--json',
      '--table',
      fresh,
      '--endpoint',
      dynalite.endpoint,
    ]);
    const [line] = await once(child.stdout ?? child, 'data');
    child.kill('SIGINT');
    await finished;
    expect(shape(JSON.parse(String(line)))).toEqual(shape(documented('inspect')[0]));
  });

  it('of cost has the fields that the page lists', async () => {
    const page = readFileSync(`${root}docs/cost.md`, 'utf8');
    const [, section = ''] = page.split('## As JSON');
    const rows = [...section.matchAll(/^\| (`\w+`(?:, `\w+`)*) +\|/gm)];
    const names = rows.flatMap(([, cell = '']) => [...cell.matchAll(/\w+/g)].map(([name]) => name));
    const { stdout } = await cli.run(['cost', '--json', '--rps', '1', '--hit-ratio', '0.5']);
    expect(Object.keys(JSON.parse(stdout)).sort()).toEqual(names.sort());
  });
});
