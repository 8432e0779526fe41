import { describe, expect, it } from 'vitest';
import type { Database, Item } from '../../../src/stores/dynamodb/database.js';
import { inspectTable } from '../../../src/stores/dynamodb/inspection.js';
import {
  endOf,
  isLive,
  originalKey,
  partitionKey,
  rawValue,
  versionOf,
} from '../../../src/stores/dynamodb/record.js';
import type { StoredRecord } from '../../../src/stores/stored-record.js';

const hash = 'a'.repeat(64);

describe('the partition key', () => {
  it.each(['user:1', 'ä日😀', 'x'.repeat(2048), 'é'.repeat(1024), `~${'g'.repeat(64)}`, hash])(
    'of %j is the key itself',
    (key) => {
      expect(partitionKey(key)).toBe(key);
      expect(originalKey({ pk: key })).toBe(key);
    },
  );

  it.each(['', '\ud800', 'x'.repeat(2049), 'é'.repeat(1025), `~${hash}`, `key~${hash}`])(
    'of %j is its start and a hash, and leads back to it',
    (key) => {
      const pk = partitionKey(key);
      expect(pk).toMatch(/~[0-9a-f]{64}$/);
      expect(pk).not.toBe(key);
      expect(originalKey({ pk: { S: pk }, key: { S: JSON.stringify(key) } })).toBe(key);
    },
  );
});

describe('an item', () => {
  it('ends by exp, and one of another program by expiresAt, if it has a value', () => {
    const end = { exp: { N: '5000' }, expiresAt: { N: '9' } };
    expect(endOf({ ...end, value: { S: 'x' }, ver: { S: 'id' } })).toBe(5_000);
    expect(endOf({ value: { S: 'x' }, expiresAt: { N: '9' } })).toBe(9_000);
    expect(endOf({ value: { S: 'x' }, ver: { S: 'id' }, expiresAt: { N: '9' } })).toBe(0);
    expect(endOf({ expiresAt: { N: '9' } })).toBe(0);
  });

  it('is live until its end, and not at it', () => {
    const item = { value: 'x', ver: 'id', exp: 5_000 };
    expect([isLive(item, 4_999), isLive(item, 5_000), isLive(undefined, 0)]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('has a version if it has both of its parts', () => {
    expect(versionOf(undefined)).toBe('');
    expect(versionOf({ ver: 'id', n: 3 })).toBe('id 3');
    expect(versionOf({ ver: { S: 'id' }, n: { N: '3' } })).toBe('id 3');
    for (const half of [{}, { ver: 'id' }, { n: 3 }]) expect(versionOf(half)).toBe('?');
  });

  it('holds text or bytes, with types or without', () => {
    const bytes = Uint8Array.of(1, 2);
    expect(rawValue({ value: 'AQI=' }, 'k')).toBe('AQI=');
    expect(rawValue({ value: { S: 'AQI=' } }, 'k')).toBe('AQI=');
    expect(rawValue({ value: { B: 'AQI=' } }, 'k')).toEqual(Buffer.from(bytes));
    expect(rawValue({ value: bytes }, 'k')).toBe(bytes);
    for (const value of [5, { N: '5' }, true, { L: [] }])
      expect(() => rawValue({ value }, 'k')).toThrow(expect.objectContaining({ code: 'CORRUPT' }));
  });
});

describe('an inspection of a table', () => {
  const version = { ver: { S: 'id' }, n: { N: '12' }, expiresAt: { N: '9' } };
  const value = { ...version, pk: { S: 'a:value' }, value: { S: '"é"' }, exp: { N: '5000' } };
  const items: readonly Item[] = [
    { ...value, entry: { S: '[1]' } },
    { ...value, pk: { S: 'a:bytes' }, value: { B: 'AQI=' } },
    { ...value, pk: { S: 'a:pointer' }, value: { BOOL: true } },
    { ...version, pk: { S: 'a:tombstone' } },
    { ...value, pk: { S: 'b:list' }, value: { L: [] } },
    { ...value, pk: { S: 'b:number' }, value: { N: '5' } },
    { pk: { S: 'b:no version' }, value: { S: 'x' }, entry: { S: 'y' } },
    { pk: { S: 'b:half' }, ver: { S: 'id' }, expiresAt: { N: '9' } },
    { pk: { S: 'b:other half' }, n: { N: '1' }, expiresAt: { N: '9' } },
    { pk: { S: 'b:no end' }, ver: { S: 'id' }, n: { N: '1' } },
    { pk: { S: 'b:foreign pointer' }, value: { BOOL: true } },
  ];
  function open() {
    const asked: unknown[] = [];
    let isClosed = false;
    const database: Database = {
      place: { table: 't' },
      async send(operation, request) {
        asked.push(request);
        if (operation === 'scan') return { Items: items.slice() };
        const found = items.find(({ pk }) => Object(pk).S === Object(request.Key).pk);
        return found ? { Item: found } : {};
      },
      warm: async () => {},
      close() {
        isClosed = true;
      },
    };
    return { inspection: inspectTable(database, 't'), asked, isClosed: () => isClosed };
  }
  const all = async (start: string, pageSize?: number) => {
    const { inspection, asked } = open();
    const records: StoredRecord[] = [];
    for await (const page of inspection.pages(start, pageSize)) records.push(...page);
    return { records, asked };
  };

  it('tells values, tombstones and the items of other programs apart', async () => {
    const { records } = await all('');
    const kinds = records.map(({ key, kind }) => [key, kind]);
    expect(Object.fromEntries(kinds)).toEqual({
      ...{ 'a:value': 'value', 'a:bytes': 'value', 'a:pointer': 'value' },
      ...{ 'a:tombstone': 'tombstone', 'b:list': 'foreign', 'b:number': 'foreign' },
      'b:no version': 'foreign',
      ...{ 'b:half': 'foreign', 'b:other half': 'foreign', 'b:no end': 'foreign' },
      'b:foreign pointer': 'foreign',
    });
  });

  it('shows what an item holds', async () => {
    const { inspection } = open();
    const common = { expiresAt: 5_000, collectedAt: 9_000, version: 'id 12', kind: 'value' };
    const none = { envelope: undefined, raw: undefined };
    expect(await inspection.read('a:value')).toEqual({
      ...{ ...common, key: 'a:value', envelope: '[1]', raw: '"é"' },
      // Names and texts by their bytes, numbers by half a byte a digit and one more.
      bytes:
        'pkvernexpiresAtvalueexpentry'.length + 'a:value'.length + 'id'.length + 2 + 2 + 4 + 3 + 3,
    });
    const bytes = await inspection.read('a:bytes');
    expect(bytes).toMatchObject({ ...common, envelope: undefined, raw: Buffer.from([1, 2]) });
    expect(bytes).not.toHaveProperty('isPointer');
    expect(await inspection.read('a:pointer')).toMatchObject({
      ...common,
      ...none,
      isPointer: true,
    });
    const tombstone = { ...common, ...none, kind: 'tombstone', expiresAt: 0 };
    expect(await inspection.read('a:tombstone')).toMatchObject(tombstone);
    const foreign = { ...none, kind: 'foreign', expiresAt: 0, collectedAt: undefined };
    expect(await inspection.read('b:no version')).toMatchObject(foreign);
    expect(await inspection.read('b:foreign pointer')).not.toHaveProperty('isPointer');
    expect(await inspection.read('none')).toBeUndefined();
  });

  it('counts what a type of DynamoDB other than text, number and bytes holds as JSON', async () => {
    const { inspection } = open();
    const sizeOf = async (key: string) => (await inspection.read(key))?.bytes ?? 0;
    const withoutValue = 'pkvernexpiresAtvalueexp'.length + 'id'.length + 2 + 2 + 3;
    expect(await sizeOf('a:bytes')).toBe(withoutValue + 'a:bytes'.length + 2);
    expect(await sizeOf('b:list')).toBe(withoutValue + 'b:list'.length + '{"L":[]}'.length);
  });

  it('shows the keys that begin as asked, in pages of at most 1,000 items', async () => {
    const { records, asked } = await all('a:', 5_000);
    expect(records.map(({ key }) => key)).toEqual([
      'a:value',
      'a:bytes',
      'a:pointer',
      'a:tombstone',
    ]);
    expect(asked).toMatchObject([{ TableName: 't', Limit: 1_000 }]);
    expect((await all('', 7)).asked).toMatchObject([{ Limit: 7 }]);
  });

  it('closes its connection at its end', async () => {
    const { inspection, isClosed } = open();
    expect(isClosed()).toBe(false);
    await inspection.close();
    expect(isClosed()).toBe(true);
  });
});
