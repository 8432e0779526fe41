import type { CacheStats } from '../model/event-log.js';
import { checkStore } from '../resilience/check-store.js';
import { PARTS, type ServiceParts } from './assemble.js';

/** The part of a `CacheService` that is about the service itself: its start, its counts, its health and its end. */
export class Lifecycle {
  readonly #parts: ServiceParts;
  #closing: Promise<void> | undefined;

  protected constructor(parts: ServiceParts) {
    this.#parts = parts;
    // Not a member of the class: its computed name would keep bundlers from leaving the class out.
    Object.defineProperty(this, PARTS, { value: parts });
  }

  /**
   * Counts since the creation of the service: `hits`, `staleHits`, `misses`, `joins`, `loads`, `loadErrors`,
   * `refreshes`, `fills`, `refusals`, `staleServed`, `invalidations`, `corrupt`, `storeErrors` and others.
   */
  stats(): CacheStats {
    return this.#parts.stats();
  }

  /**
   * Opens the store's connections ahead of the first call, if the store can. Await it while a Lambda function
   * initialises, because it then has its full CPU. Never rejects: a failure is a `store-error` event.
   *
   * @example
   * ```ts
   * import { CacheService, DynamoDBCacheStore } from '@glasswork/cache';
   *
   * const cache = new CacheService(new DynamoDBCacheStore({ tableName: 'my-cache' }));
   * await cache.warm();
   * export const handler = () => cache.wrap('rates', '1h', async () => ({ EUR: 1 }));
   * ```
   */
  async warm(): Promise<void> {
    await this.#parts.access.attempt('warm', undefined, async (store) => store.warm?.());
  }

  /**
   * Proves that the store can do what this service needs: it reads, fills, fences, invalidates and removes a probe
   * record with a new name under `keyPrefix`, and a probe tag. Both live for at most a minute. It ignores the breaker,
   * emits no events, and touches none of your records. Use it in a deployment's smoke test.
   *
   * @throws CacheError with the first fault: the step, the reason, and what to do. `code` is the cause's:
   * `STORE_FAILED`, `TIMEOUT`, `NO_CREDENTIALS`, `MISSING_PEER`, …
   *
   * @example
   * ```ts
   * import { CacheService, DynamoDBCacheStore } from '@glasswork/cache';
   *
   * const cache = new CacheService(new DynamoDBCacheStore({ tableName: 'my-cache' }));
   * await cache.check();
   * ```
   */
  async check(): Promise<void> {
    const { access, keys } = this.#parts;
    await (access.store.check?.(keys.prefix) ?? checkStore(access.store, keys.prefix));
  }

  /**
   * Resolves once the background work has ended that is pending now: refreshes, fills, and loads that `softTimeout` left.
   * Await it in tests and before a process ends.
   */
  settled(): Promise<void> {
    return this.#parts.background.settled();
  }

  /**
   * Ends the service: aborts the loads that callers wait for, waits up to 5 seconds for background work, and closes the
   * store. The caller of an aborted load gets the last good value if `staleIfError` allows it, else `LOAD_FAILED`. No
   * event reports a failure afterwards. Close when no call is under way, so that none is aborted.
   *
   * @throws The store's error while it closes.
   */
  close(): Promise<void> {
    this.#closing ??= this.#parts.shutdown.run(this.#parts);
    return this.#closing;
  }

  /** The same as `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The same as `warm()`, under the name that Glasswork calls. */
  onModuleInit(): Promise<void> {
    return this.warm();
  }

  /** The same as `close()`, under the name that Glasswork calls. */
  onModuleDestroy(): Promise<void> {
    return this.close();
  }
}
