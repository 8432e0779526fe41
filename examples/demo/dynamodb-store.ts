import { DynamoDBCacheStore } from '@glasswork/cache';
import { LOCAL } from '../api/local.js';

/** A table of the embedded DynamoDB. */
export const dynamoDBStore = (endpoint: string, tableName: string): DynamoDBCacheStore =>
  new DynamoDBCacheStore({
    ...{ endpoint, tableName, region: LOCAL.region },
    credentials: async () => LOCAL.credentials,
  });
