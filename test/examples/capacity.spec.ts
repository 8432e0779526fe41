import {
  BatchGetItemCommand,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Item,
  itemBytes,
  readUnits,
  usdPerMillionRequests,
  writeUnits,
} from '../../examples/demo/capacity.js';
import { countUnits, type Meter } from '../../examples/demo/metered-dynalite.js';
import { type Dynalite, startDynalite } from '../servers/dynalite.js';
import { createCacheTable, createClient } from '../servers/table.js';

/** An item of `bytes`: 2 + 1 of the key, 5 of the name `value`, and the text. */
const itemOf = (bytes: number, pk = 'a') => ({
  pk: { S: pk },
  value: { S: 'x'.repeat(bytes - 8) },
});

describe('the size of an item', () => {
  it.each<[string, Item | undefined, number]>([
    ['names and values', { pk: { S: 'abc' }, value: { S: 'hello' } }, 2 + 3 + 5 + 5],
    ['UTF-8, not characters', { pk: { S: 'é' }, name: { S: '€' } }, 2 + 2 + 4 + 3],
    ['raw bytes, not base64', { b: { B: 'AAECAw==' } }, 1 + 4],
    ['a byte for two digits, and one more', { n: { N: '1234' } }, 1 + 2 + 1],
    ['an odd digit as a byte', { n: { N: '123' } }, 1 + 2 + 1],
    ['no zeros at the ends', { n: { N: '1200' } }, 1 + 1 + 1],
    ['a sign', { n: { N: '-12' } }, 1 + 1 + 1 + 1],
    ['milliseconds', { exp: { N: '1700000000123' } }, 3 + 7 + 1],
    ['nothing', undefined, 0],
  ])('counts %s', (_what, item, bytes) => {
    expect(itemBytes(item)).toBe(bytes);
  });

  it('refuses what it cannot count', () => {
    expect(() => itemBytes({ list: { L: [] } } as unknown as Item)).toThrow(/type L/);
  });
});

describe('units', () => {
  it('are half a step of 4 KB a read, and a whole one when consistent', () => {
    expect(readUnits(undefined, false)).toBe(0.5);
    expect(readUnits(undefined, true)).toBe(1);
    expect(readUnits(itemOf(4_096), false)).toBe(0.5);
    expect(readUnits(itemOf(4_097), false)).toBe(1);
    expect(readUnits(itemOf(8_193), true)).toBe(3);
  });

  it('are steps of 1 KB of the larger of before and after a write', () => {
    expect(writeUnits(undefined, itemOf(1_024))).toBe(1);
    expect(writeUnits(undefined, itemOf(1_025))).toBe(2);
    expect(writeUnits(itemOf(5_000), itemOf(10))).toBe(5);
    expect(writeUnits(undefined, undefined)).toBe(1);
  });

  it('cost what on-demand tables cost', () => {
    // 2,000 reads at 0.125 and 400 writes at 0.625 USD a million: 0.00025 + 0.00025 USD for 1,000 requests.
    const units = { readUnits: 2_000, writeUnits: 400 };
    expect(usdPerMillionRequests(units, 1_000)).toBeCloseTo(0.5, 10);
    expect(usdPerMillionRequests({ readUnits: 0.5, writeUnits: 0 }, 1)).toBeCloseTo(0.0625, 10);
  });
});

describe('the meter of dynalite', () => {
  let meter: Meter;
  let dynalite: Dynalite;
  let client: DynamoDBClient;
  let TableName: string;
  beforeAll(async () => {
    meter = countUnits();
    dynalite = await startDynalite();
    TableName = await createCacheTable(dynalite.endpoint);
    client = createClient(dynalite.endpoint);
  });
  afterAll(() => {
    client?.destroy();
    return dynalite?.stop();
  });

  it('counts reads by item, whatever is asked of it', async () => {
    await client.send(new PutItemCommand({ TableName, Item: itemOf(4_097, 'r') }));
    meter.take();
    const Key = { pk: { S: 'r' } };
    await client.send(new GetItemCommand({ TableName, Key, ProjectionExpression: 'pk' }));
    expect(meter.take()).toEqual({ readUnits: 1, writeUnits: 0 });
    await client.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }));
    expect(meter.take()).toEqual({ readUnits: 2, writeUnits: 0 });
    const Keys = [Key, { pk: { S: 'absent' } }, { pk: { S: 'absent too' } }];
    await client.send(new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys } } }));
    expect(meter.take()).toEqual({ readUnits: 1 + 0.5 + 0.5, writeUnits: 0 });
    expect(meter.take()).toEqual({ readUnits: 0, writeUnits: 0 });
  });

  it('counts each table apart', async () => {
    const other = await createCacheTable(dynalite.endpoint);
    const Key = { pk: { S: 'absent' } };
    meter.take();
    for (const name of [TableName, other, other]) {
      await client.send(new GetItemCommand({ TableName: name, Key }));
    }
    expect(meter.take(other)).toEqual({ readUnits: 1, writeUnits: 0 });
    expect(meter.take(other)).toEqual({ readUnits: 0, writeUnits: 0 });
    expect(meter.take()).toEqual({ readUnits: 0.5, writeUnits: 0 });
  });

  it('counts writes by the larger item, refused ones too', async () => {
    const Key = { pk: { S: 'w' } };
    await client.send(new PutItemCommand({ TableName, Item: itemOf(2_049, 'w') }));
    expect(meter.take()).toEqual({ readUnits: 0, writeUnits: 3 });
    const UpdateExpression = 'REMOVE #value';
    const ExpressionAttributeNames = { '#value': 'value' };
    await client.send(
      new UpdateItemCommand({ TableName, Key, UpdateExpression, ExpressionAttributeNames }),
    );
    expect(meter.take()).toEqual({ readUnits: 0, writeUnits: 3 });

    await client.send(new PutItemCommand({ TableName, Item: itemOf(1_025, 'w') }));
    meter.take();
    const ConditionExpression = 'attribute_not_exists(pk)';
    const refused = client.send(
      new PutItemCommand({ TableName, Item: itemOf(9_000, 'w'), ConditionExpression }),
    );
    await expect(refused).rejects.toThrow(/conditional/);
    expect(meter.take()).toEqual({ readUnits: 0, writeUnits: 2 });
    const absent = client.send(
      new DeleteItemCommand({
        TableName,
        Key: { pk: { S: 'none' } },
        ConditionExpression: 'attribute_exists(pk)',
      }),
    );
    await expect(absent).rejects.toThrow(/conditional/);
    expect(meter.take()).toEqual({ readUnits: 0, writeUnits: 1 });
    await client.send(new DeleteItemCommand({ TableName, Key }));
    expect(meter.take()).toEqual({ readUnits: 0, writeUnits: 2 });
  });
});
