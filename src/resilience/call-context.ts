import type { AsyncResource } from 'node:async_hooks';

let Resource: typeof AsyncResource | undefined;

/**
 * The asynchronous context of the caller (its AsyncLocalStorage stores, its trace), for what a shared timer runs later.
 * Not AsyncResource.bind, which defines properties on a new function each time and costs several times more.
 */
export function callContext(): AsyncResource {
  Resource ??= process.getBuiltinModule('node:async_hooks').AsyncResource;
  return new Resource('CacheCall');
}
