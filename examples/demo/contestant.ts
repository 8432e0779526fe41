import { type CacheConfig, CacheService } from '@glasswork/cache';
import { LOCAL } from '../api/local.js';
import { dynamoDBStore } from './dynamodb-store.js';
import { PlainCache } from './plain-cache.js';
import { TABLES } from './tables.js';

/** `leased` is `ours` with a lease for misses: of all processes one loads, and the others wait for its value. */
export type Kind = 'plain' | 'ours' | 'leased';

/** The operations that every contestant has. */
export interface Contestant {
  wrap<T>(key: string, ttlSeconds: number, load: () => Promise<T>): Promise<T>;
  del(key: string): Promise<void>;
}

export function createContestant(
  kind: Kind,
  endpoint: string,
  config: CacheConfig = {},
): Contestant {
  if (kind === 'plain') return new PlainCache(TABLES.plain, { endpoint, ...LOCAL });
  return new CacheService(dynamoDBStore(endpoint, TABLES.ours), {
    ...config,
    keyPrefix: kind,
    lease: kind === 'leased' ? true : undefined,
  });
}
