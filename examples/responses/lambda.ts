import { CacheService, DynamoDBCacheStore } from '@glasswork/cache';
import { cloudFront } from '@glasswork/cache/cloudfront';
import { afterResponse } from '@glasswork/cache/lambda';
import { handle } from 'hono/aws-lambda';
import { createApp } from './app.js';
import { Products } from './products.js';

const { CACHE_TABLE = 'cache', DISTRIBUTION_ID } = process.env;

const after = await afterResponse();
/** Optional: a CloudFront distribution in front of the API, which every invalidation purges too. */
const edge = DISTRIBUTION_ID ? cloudFront({ distributionId: DISTRIBUTION_ID }) : undefined;
export const cache = new CacheService(new DynamoDBCacheStore({ tableName: CACHE_TABLE }), {
  keyPrefix: 'shop',
  waitUntil: after.waitUntil,
  deadline: after.deadline,
  onInvalidate: edge?.onInvalidate,
});

/** For an HTTP API of API Gateway and for a function URL: Hono takes the events of both. */
export const handler = after.handler(handle(createApp(cache, new Products(), edge?.tagHeader)));
