import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import { answerParent, type Cost, costOf } from './answer.js';

const { ENDPOINT: endpoint = '', TABLE: TableName } = process.env;
const client = DynamoDBDocumentClient.from(new DynamoDBClient({ endpoint }));

async function get(key: string): Promise<unknown> {
  const { Item } = await client.send(new GetCommand({ TableName, Key: { pk: `bench:${key}` } }));
  return JSON.parse(Item?.value);
}

const calls = {
  plainHits: ({ key, calls }: { key: string; calls: number }): Promise<Cost> =>
    costOf(calls, () => get(key)),
  bursts: ({ keys, calls }: { keys: string[]; calls: number }): Promise<Cost> =>
    costOf(calls, () => Promise.all(keys.map(get))),
};
export type WarmSdkCalls = typeof calls;

answerParent(calls);
