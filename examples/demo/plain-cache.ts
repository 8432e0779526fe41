import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import {
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
} from '@aws-sdk/lib-dynamodb';

/** The contestant: get, load, set and delete, as one writes them in an afternoon with the AWS SDK. */
export class PlainCache {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;

  constructor(tableName: string, config: DynamoDBClientConfig) {
    this.#client = DynamoDBDocumentClient.from(new DynamoDBClient(config));
    this.#table = tableName;
  }

  async wrap<T>(key: string, ttlSeconds: number, load: () => Promise<T>): Promise<T> {
    const cached = await this.get<T>(key);
    if (cached !== undefined) return cached;
    const value = await load();
    await this.set(key, value, ttlSeconds);
    return value;
  }

  async get<T>(key: string): Promise<T | undefined> {
    const { Item } = await this.#client.send(
      new GetCommand({ TableName: this.#table, Key: { pk: key } }),
    );
    // DynamoDB deletes expired items within days only, so that a read has to look.
    return Item && Item.expiresAt > Date.now() ? JSON.parse(Item.value) : undefined;
  }

  async set(key: string, value: unknown, ttlSeconds: number): Promise<void> {
    const Item = {
      pk: key,
      value: JSON.stringify(value),
      expiresAt: Date.now() + ttlSeconds * 1_000,
    };
    await this.#client.send(new PutCommand({ TableName: this.#table, Item }));
  }

  async del(key: string): Promise<void> {
    await this.#client.send(new DeleteCommand({ TableName: this.#table, Key: { pk: key } }));
  }
}
