import { invalid } from '../model/errors.js';
import type { CacheListener } from '../model/events.js';
import { givenObject } from '../model/given.js';
import { fieldsOf } from './fields.js';
import type { LoggerOptions } from './loggers.js';

/**
 * Publishes every event on a channel of `node:diagnostics_channel`, for tools that are not given the service. Without a
 * subscriber an event costs a comparison.
 *
 * Any code of the process may subscribe, so keys and tags are left out, and an error is only its `code`, unless
 * `{ keys: true }` asks for the event as the service has it.
 *
 * @param name default `@glasswork/cache`.
 * @example
 * ```ts
 * import { subscribe } from 'node:diagnostics_channel';
 * import { CacheService, DynamoDBCacheStore } from '@glasswork/cache';
 * import { diagnosticsChannel } from '@glasswork/cache/metrics';
 *
 * export const cache = new CacheService(new DynamoDBCacheStore({ tableName: 'my-cache' }), {
 *   onEvent: diagnosticsChannel(),
 * });
 * subscribe('@glasswork/cache', (event) => console.log(event));
 * ```
 */
export function diagnosticsChannel(
  name = '@glasswork/cache',
  options: LoggerOptions = {},
): CacheListener {
  const { keys = false } = givenObject(options);
  if (typeof name !== 'string') throw invalid('name', name, 'a string');
  const channel = process.getBuiltinModule('node:diagnostics_channel').channel(name);
  const listener: CacheListener = (event) => {
    if (channel.hasSubscribers) channel.publish(keys ? event : fieldsOf(event, false));
  };
  return Object.assign(listener, { storeCalls: true });
}
