import { invalid } from '../../model/errors.js';
import type { Clock } from '../../model/time.js';
import type { SyncSerializer } from '../../serializers/serializer.js';

export interface MemoryCacheStoreOptions {
  /** The most records to hold. Default 10,000. */
  maxEntries?: number;
  /** The most bytes to hold, as an estimate for keys, values and the records around them. Default 64 MiB. */
  maxBytes?: number;
  /** It must return no promises, because reads do not wait. Default: JSON. */
  serializer?: SyncSerializer;
  /**
   * True: all readers share one deeply frozen value instead of a copy each. Hits copy nothing, and a caller that tries
   * to change the value gets a `TypeError`. A value that contains a `Map`, a `Set`, a `Date`, bytes or a class instance
   * cannot be frozen, so each reader still gets a copy of it. Default false.
   */
  frozen?: boolean;
  /** The source of time. Default: the system clock. */
  clock?: Clock;
}

/** @throws CacheError `INVALID_OPTION` for a limit that is not a number above zero. */
export function bound(value: number, option: string): number {
  if (value > 0) return value;
  throw invalid(option, value, 'a number above zero');
}
