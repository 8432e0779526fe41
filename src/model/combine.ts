import { safeListener } from './event-log.js';
import type { CacheListener } from './events.js';
import { checkFunction } from './given.js';

/**
 * Makes one listener of many, for `CacheConfig.onEvent`. Each receives every event, in this order. The errors of one do
 * not reach the others.
 *
 * @throws CacheError `INVALID_OPTION` for a listener that is no function.
 *
 * @example
 * ```ts
 * import { CacheService, combine, consoleReporter, DynamoDBCacheStore } from '@glasswork/cache';
 *
 * let misses = 0;
 * const cache = new CacheService(new DynamoDBCacheStore({ tableName: 'my-cache' }), {
 *   onEvent: combine(consoleReporter(), (event) => {
 *     if (event.type === 'miss') misses++;
 *   }),
 * });
 * ```
 */
export function combine(...listeners: readonly CacheListener[]): CacheListener {
  for (const listener of listeners) checkFunction(listener, 'listener');
  const all = listeners.map((listener) => ({
    notify: safeListener(listener),
    storeCalls: listener.storeCalls === true,
  }));
  const storeCalls = all.some((listener) => listener.storeCalls);
  const combined: CacheListener = (event) => {
    for (const listener of all) {
      if (event.type !== 'store' || listener.storeCalls) listener.notify(event);
    }
  };
  return Object.assign(combined, { storeCalls });
}
