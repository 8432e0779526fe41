import { expect, it } from 'vitest';
import { httpDatabase } from '../../../src/stores/s3/http-database.js';
import { inspectBucket } from '../../../src/stores/s3/inspection.js';
import { s3Keys } from '../../../src/stores/s3/keys.js';
import type { StoredRecord } from '../../../src/stores/stored-record.js';
import { credentials } from '../../servers/s3-endpoint.js';
import { region, s3World } from './world.js';

async function inspected() {
  const world = await s3World();
  const options = { bucket: 'cache-bucket', region, endpoint: world.server.endpoint };
  const database = httpDatabase({ ...options, credentials: async () => credentials }, 'cache');
  const inspection = inspectBucket(database, undefined);
  const all = async (start = '', pageSize?: number) => {
    const pages: StoredRecord[][] = [];
    for await (const page of inspection.pages(start, pageSize)) pages.push([...page]);
    return pages;
  };
  return { ...world, store: world.open(), inspection, all, keys: s3Keys('cache') };
}

it('lists values, tombstones and records with their whole size, page by page', async () => {
  const { store, bucket, all, keys } = await inspected();
  bucket.pageSize = 2;
  await store.set('shop:big', 'x'.repeat(20_000), 60);
  await store.set('shop:small', 1, 60);
  await store.set('#tag:shop:red', 'v', 60);
  await store.del('shop:gone');
  const records = (await all()).flat();
  expect(records.map(({ key, kind }) => [key, kind]).sort()).toEqual([
    ['#tag:shop:red', 'value'],
    ['shop:big', 'value'],
    ['shop:gone', 'tombstone'],
    ['shop:small', 'value'],
  ]);
  for (const { key, bytes, version } of records) {
    const stored = bucket.objects.get(keys.encode(key));
    expect([key, bytes, version]).toEqual([key, stored?.body.length, stored?.etag]);
  }
  expect((await all('shop:', 1)).map((page) => page.length)).toEqual([1, 1, 1]);
});

it('finds the keys that are hashed in names, however long', async () => {
  const { store, all } = await inspected();
  const keys = [`long:${'ä'.repeat(300)}`, `long:${'z'.repeat(10_000)}`];
  for (const key of keys) await store.set(key, 'value', 60);
  expect(
    (await all('long:'))
      .flat()
      .map(({ key }) => key)
      .sort(),
  ).toEqual(keys.sort());
  expect((await all('other:')).flat()).toEqual([]);
});

it('takes the objects of other programs, copied and truncated ones as foreign', async () => {
  const { store, bucket, inspection, keys } = await inspected();
  await store.set('a', 'value', 60);
  const { body } = bucket.objects.get(keys.encode('a')) ?? { body: Buffer.alloc(0) };
  bucket.put(keys.encode('copied'), body);
  bucket.put(keys.encode('cut'), body.toString().replaceAll('"a"', '"cut"').slice(0, -1));
  bucket.put(keys.encode('other'), 'not ours');
  for (const key of ['copied', 'cut', 'other'])
    expect(await inspection.read(key)).toMatchObject({ key, kind: 'foreign', raw: undefined });
  expect(await inspection.read('a')).toMatchObject({ kind: 'value', raw: '"value"' });
  expect(await inspection.read('none')).toBeUndefined();
});

it('reads nothing after its end', async () => {
  const { store, inspection } = await inspected();
  await store.set('a', 'value', 60);
  expect(await inspection.read('a')).toMatchObject({ kind: 'value' });
  await inspection.close();
  await expect(inspection.read('a')).rejects.toThrow(/closed/);
});
