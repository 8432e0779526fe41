import { CacheService, combine, DynamoDBCacheStore } from '@glasswork/cache';
import { type AfterResponse, afterResponse } from '@glasswork/cache/lambda';
import { emf } from '@glasswork/cache/metrics';

const { TABLE = '', ENDPOINT = '', ORIGIN = '', MODE } = process.env;

const metrics = emf({ namespace: 'Test/Cache' });
const after = await afterResponse({
  mode: MODE as AfterResponse['mode'] | undefined,
  onEvent: metrics,
  atEnd: metrics.flush,
});
const store = new DynamoDBCacheStore({
  tableName: TABLE,
  endpoint: ENDPOINT,
  region: 'us-east-1',
  timeouts: { connect: '1m', request: '1m', total: '1m' },
});
const cache = new CacheService(store, {
  waitUntil: after.waitUntil,
  deadline: after.deadline,
  onEvent: combine(metrics),
});

/** Every value is stale a millisecond after its load, so each invocation but the first starts a refresh. */
export const handler = after.handler(async (event: { key: string }, _context: object) =>
  cache.wrap(event.key, { ttl: '1d', staleTTL: '1ms' }, async () => (await fetch(ORIGIN)).text()),
);
