import { DynamoDBCacheStore } from '@glasswork/cache';
import { LOCAL } from '../api/local.js';

/**
 * A table of the embedded DynamoDB. It shares this machine with all that asks it, so on a busy one it gets as much time as
 * the service allows.
 */
export const dynamoDBStore = (endpoint: string, tableName: string): DynamoDBCacheStore =>
  new DynamoDBCacheStore({
    ...{ endpoint, tableName, region: LOCAL.region },
    credentials: async () => LOCAL.credentials,
    timeouts: { request: '2.4s', total: '4.8s' },
  });
