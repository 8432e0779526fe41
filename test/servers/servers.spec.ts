import { once } from 'node:events';
import { connect } from 'node:net';
import { DescribeTableCommand, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeWithDynamoDBLocal } from './available.js';
import { type Dynalite, startDynalite } from './dynalite.js';
import { createCacheTable, createClient } from './table.js';

describe('dynalite', () => {
  let server: Dynalite;
  beforeAll(async () => {
    server = await startDynalite();
  });
  afterAll(() => server.stop());

  it('holds the cache table', () => checkTable(server.endpoint));

  it('survives a client that hangs up', async () => {
    const { hostname, port } = new URL(server.endpoint);
    const socket = connect(Number(port), hostname);
    const head = ['POST / HTTP/1.1', 'Host: test', 'Content-Length: 9', 'Expect: 100-continue'];
    socket.write(`${head.join('\r\n')}\r\n\r\n`);
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1.1 100 /);
    socket.destroy();
    expect((await fetch(server.endpoint)).status).toBe(200);
  });
});

describeWithDynamoDBLocal('DynamoDB Local', (endpoint) => {
  it('holds the cache table', () => checkTable(endpoint));
});

async function checkTable(endpoint: string): Promise<void> {
  const TableName = await createCacheTable(endpoint);
  const client = createClient(endpoint);
  const { Table } = await client.send(new DescribeTableCommand({ TableName }));
  expect(Table?.TableStatus).toBe('ACTIVE');
  expect(Table?.BillingModeSummary?.BillingMode).toBe('PAY_PER_REQUEST');
  const Item = { pk: { S: 'key' }, value: { S: 'held' } };
  await client.send(new PutItemCommand({ TableName, Item }));
  const read = await client.send(new GetItemCommand({ TableName, Key: { pk: { S: 'key' } } }));
  expect(read.Item).toEqual(Item);
  client.destroy();
}
