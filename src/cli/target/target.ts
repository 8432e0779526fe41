import type { CacheService } from '../../cache-service.js';
import type { CacheStore } from '../../model/cache-store.js';
import type { KeySpace } from '../../model/key-space.js';
import type { StoreInspection } from '../../stores/stored-record.js';

/** A store that a command works on, with the keys of one service in it. */
export interface Target {
  readonly kind: 'dynamodb' | 'redis' | 's3';
  /** As in `table "cache" in eu-central-1`. */
  readonly title: string;
  readonly keys: KeySpace;
  /** Opened when it is first used. */
  readonly store: CacheStore;
  /** A service with the prefix, which prints nothing by itself. */
  readonly service: CacheService;
  readonly inspection: StoreInspection;
  close(): Promise<void>;
}
