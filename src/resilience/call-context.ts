import type { AsyncResource } from 'node:async_hooks';

let Resource: typeof AsyncResource | undefined;

/**
 * The caller's asynchronous context (its AsyncLocalStorage stores, its trace), for code that a shared timer runs later.
 * AsyncResource.bind would cost several times more, because it defines properties on a new function each time.
 */
export function callContext(): AsyncResource {
  Resource ??= process.getBuiltinModule('node:async_hooks').AsyncResource;
  return new Resource('CacheCall');
}
