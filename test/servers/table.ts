import { randomUUID } from 'node:crypto';
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DynamoDBClient,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';

/** The servers of the tests accept any region, any letters and digits. */
export const region = 'us-east-1';
export const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };

/** An SDK client for a server of the tests. The caller destroys it. */
export function createClient(endpoint: string): DynamoDBClient {
  return new DynamoDBClient({ endpoint, region, credentials });
}

/** A table name that no other test has: all test files share one DynamoDB Local. */
export function freshTableName(): string {
  return `cache-${randomUUID()}`;
}

/** Creates the cache's table and returns its name. Without TTL, which dynalite does not know. */
export async function createCacheTable(
  endpoint: string,
  tableName: string = freshTableName(),
): Promise<string> {
  const client = createClient(endpoint);
  try {
    await createTable(client, {
      TableName: tableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    });
  } finally {
    client.destroy();
  }
  return tableName;
}

/** Creates any table and waits until it can be used. */
export async function createTable(
  client: DynamoDBClient,
  input: CreateTableCommandInput,
): Promise<void> {
  const { TableDescription } = await client.send(new CreateTableCommand(input));
  if (TableDescription?.TableStatus === 'ACTIVE') return;
  await waitUntilTableExists(
    { client, minDelay: 0.02, maxDelay: 0.2, maxWaitTime: 10 },
    { TableName: input.TableName },
  );
}
