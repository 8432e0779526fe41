import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CacheService, DynamoDBCacheStore } from '@glasswork/cache';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countUnits, type Meter } from '../../examples/demo/metered-dynalite.js';
import { root } from '../../scripts/run.js';
import { createVirtualClock, type VirtualClock } from '../../src/testing/index.js';
import { type Dynalite, startDynalite } from '../servers/dynalite.js';
import { createCacheTable, credentials, region } from '../servers/table.js';

// The table "Cost" of docs/dynamodb.md, counted by a metered DynamoDB.

const section = readFileSync(join(root, 'docs/dynamodb.md'), 'utf8')
  .split(/^(?=## )/m)
  .find((part) => part.startsWith('## Cost'));
const rows = [...(section ?? '').matchAll(/^\| (.*) \|$/gm)].map(([, row = '']) =>
  row.split(/ *\| */).map((cell) => cell.trim()),
);
/** The units that the page says of an operation, "+" for those that come on top of others. */
function said(operation: string): { readUnits: number; writeUnits: number } {
  const [, , read = '', write = ''] = rows.find(([first]) => first === operation) ?? [];
  expect(read + write, `no row "${operation}"`).not.toBe('');
  const units = (cell: string) => Number(cell.replace('+', ''));
  return { readUnits: units(read), writeUnits: units(write) };
}

describe('the units of DynamoDB', () => {
  let dynalite: Dynalite;
  let meter: Meter;
  let tableName: string;
  let clock: VirtualClock;
  const value = 'x'.repeat(598);
  const large = 'x'.repeat(10 * 1024 - 250);
  beforeAll(async () => {
    meter = countUnits();
    dynalite = await startDynalite();
    tableName = await createCacheTable(dynalite.endpoint);
    clock = createVirtualClock(Date.now());
  });
  afterAll(() => dynalite?.stop());

  /** A process of its own, which has just read the version of its prefix. */
  async function open(options = {}): Promise<CacheService> {
    const { endpoint } = dynalite;
    const keys = async () => credentials;
    const store = new DynamoDBCacheStore({ tableName, region, endpoint, credentials: keys, clock });
    const cache = new CacheService(store, { clock, versionTTL: '1h', ...options });
    await cache.get('first');
    return cache;
  }
  async function unitsOf(work: () => Promise<unknown>) {
    meter.take();
    await work();
    return meter.take();
  }
  const fill = async (key: string, text = value, options = {}) =>
    (await open(options)).set(key, text, '1d');

  it('of a hit', async () => {
    await fill('hit');
    const cache = await open();
    expect(await unitsOf(() => cache.get('hit'))).toEqual(said('a hit'));
  });

  it('of a hit by the process that wrote the key', async () => {
    const cache = await open();
    await cache.set('own', value, '1d');
    const row = 'a hit, by the process that wrote the key 20 seconds ago or less';
    expect(await unitsOf(() => cache.get('own'))).toEqual(said(row));
  });

  it('of the version of the prefix, once in its time', async () => {
    await fill('prefix');
    const cache = await open({ versionTTL: '5s' });
    clock.advance(6_000);
    const more = said("the prefix's version, once in `versionTTL` and process");
    const { readUnits } = await unitsOf(() => cache.get('prefix'));
    expect(readUnits).toBe(said('a hit').readUnits + more.readUnits);
  });

  it('of each tag', async () => {
    const tags = ['red', 'blue'];
    await (await open()).set('tagged', value, { ttl: '1d', tags });
    const cache = await open();
    const { readUnits } = await unitsOf(() =>
      cache.wrap('tagged', { ttl: '1d', tags }, async () => value),
    );
    const each = said('each tag, with `tagTTL: 0`').readUnits;
    expect(readUnits).toBe(said('a hit').readUnits + tags.length * each);
  });

  it('of a miss, and its fill', async () => {
    const cache = await open();
    const miss = () => cache.wrap('miss', '1d', async () => value);
    expect(await unitsOf(miss)).toEqual(said('a miss, and its fill'));
  });

  it('of `del`, of tags and of `clear`', async () => {
    await fill('gone');
    const cache = await open();
    expect(await unitsOf(() => cache.del('gone'))).toEqual(said('`del`'));
    const tag = said('`invalidateTags`, each tag');
    expect(await unitsOf(() => cache.invalidateTags(['a', 'b']))).toEqual({
      readUnits: 2 * tag.readUnits,
      writeUnits: 2 * tag.writeUnits,
    });
    expect(await unitsOf(() => cache.clear())).toEqual(said('`CacheService.clear`'));
  });

  it('of a fill of 10 KB, and its `del`', async () => {
    const cache = await open();
    const { writeUnits } = await unitsOf(() => cache.wrap('large', '1d', async () => large));
    expect(writeUnits).toBe(said('a fill of 10 KB').writeUnits);
    expect((await unitsOf(() => cache.del('large'))).writeUnits).toBe(said('its `del`').writeUnits);
  });

  it('of a lease', async () => {
    const cache = await open();
    const lease = { ttl: '1d', lease: true } as const;
    const { writeUnits } = await unitsOf(() => cache.wrap('leased', lease, async () => value));
    const miss = said('a miss, and its fill').writeUnits;
    expect(writeUnits).toBe(miss + said('a lease, taken or lost').writeUnits);
  });
});
