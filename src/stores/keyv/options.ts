import type { Clock } from '../../model/time.js';
import type { Serializer } from '../../serializers/serializer.js';

export interface KeyvCacheStoreOptions {
  /** Default: JSON. Keyv's own serialization adds another layer around it. */
  readonly serializer?: Serializer | undefined;
  /** The clock that decides when values expire. Default: the system clock. */
  readonly clock?: Clock | undefined;
}
