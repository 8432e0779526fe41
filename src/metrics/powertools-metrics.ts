import { invalid } from '../model/errors.js';
import type { CacheListener } from '../model/events.js';
import type { FlushingListener } from './emf.js';
import { Totals, type Unit } from './totals.js';

/** The members in use of `Metrics` from `@aws-lambda-powertools/metrics`. */
export interface PowertoolsMetrics {
  addMetric(name: string, unit: Unit, value: number): void;
  publishStoredMetrics(): void;
}

/**
 * The same metrics as `emf` through Powertools' `Metrics`, with its namespace and dimensions. `flush` adds what has been
 * summed up and publishes it.
 *
 * @throws CacheError `INVALID_OPTION` if the argument has no `addMetric`.
 * @example
 * ```ts
 * import { Metrics } from '@aws-lambda-powertools/metrics';
 * import { CacheService, DynamoDBCacheStore } from '@glasswork/cache';
 * import { afterResponse } from '@glasswork/cache/lambda';
 * import { powertoolsMetrics } from '@glasswork/cache/metrics';
 *
 * const metrics = powertoolsMetrics(new Metrics({ namespace: 'MyShop', serviceName: 'catalogue' }));
 * const after = await afterResponse({ onEvent: metrics, atEnd: metrics.flush });
 * export const cache = new CacheService(new DynamoDBCacheStore({ tableName: 'my-cache' }), {
 *   waitUntil: after.waitUntil,
 *   onEvent: metrics,
 * });
 * ```
 */
export function powertoolsMetrics(metrics: PowertoolsMetrics): FlushingListener {
  if (typeof metrics?.addMetric !== 'function')
    throw invalid('metrics', metrics, "Powertools' Metrics");
  const totals = new Totals();
  const flush = () => {
    const taken = totals.take();
    for (const { name, unit, value } of taken) {
      for (const each of [value].flat()) metrics.addMetric(name, unit, each);
    }
    if (taken.length > 0) metrics.publishStoredMetrics();
  };
  const listener: CacheListener = (event) => totals.record(event);
  return Object.assign(listener, { storeCalls: true, flush });
}
