import { CacheService, DynamoDBCacheStore } from '@glasswork/cache';
import { afterResponse } from '@glasswork/cache/lambda';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { createFeatureFlags } from './flags.js';

const { CACHE_TABLE = 'cache', FLAGS_URL = 'https://flags.example.com/' } = process.env;

const after = await afterResponse();
export const cache = new CacheService(new DynamoDBCacheStore({ tableName: CACHE_TABLE }), {
  keyPrefix: 'shop',
  waitUntil: after.waitUntil,
  deadline: after.deadline,
});
const featureFlags = createFeatureFlags(cache, FLAGS_URL);

/**
 * GET answers by the flags. The flag service sends a POST when a flag has changed: the cached flags are stale from then
 * on in all sandboxes. The next request still gets them, and its refresh runs after the response.
 */
export const handler = after.handler(
  async (event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> => {
    if (event.requestContext.http.method === 'POST') {
      await featureFlags.expire();
      return { statusCode: 204 };
    }
    const { newCheckout } = await featureFlags();
    return { statusCode: 200, body: newCheckout ? 'The new checkout' : 'The old checkout' };
  },
);
