import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';

const { ENDPOINT: endpoint = '', TABLE: TableName } = process.env;
const client = DynamoDBDocumentClient.from(new DynamoDBClient({ endpoint }));

export async function handler(): Promise<unknown> {
  const { Item } = await client.send(new GetCommand({ TableName, Key: { pk: 'bench:item:0' } }));
  return JSON.parse(Item?.value);
}
