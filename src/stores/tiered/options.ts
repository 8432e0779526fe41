import type { Clock, Duration } from '../../model/time.js';
import type { InvalidationChannel } from './invalidation-channel.js';

export interface TieredCacheStoreOptions {
  /**
   * The longest that a tier above the last keeps a copy. Another process may serve an invalidated value for as long.
   * Default 5 s.
   */
  readonly upperTTL?: Duration | undefined;
  /**
   * Carries invalidations to the first tiers of other processes, such as `invalidations()` of a `RedisCacheStore`.
   * Another process then follows within a second, whatever `upperTTL` is, and an invalidation that cannot be published
   * rejects. It takes a second connection. Default: none.
   */
  readonly channel?: InvalidationChannel | undefined;
  /** The source of time. Default: the system clock. */
  readonly clock?: Clock | undefined;
}
