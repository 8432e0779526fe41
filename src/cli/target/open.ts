import type { Command } from 'commander';
import { keySpace } from '../../model/key-space.js';
import { type Place, storeKind } from '../options.js';
import { openTable } from './dynamodb.js';
import { openRedis } from './redis.js';
import { openBucket } from './s3.js';
import type { Target } from './target.js';

/** Opens the store that the options name. @throws UsageError or CacheError `INVALID_OPTION`. */
export async function openTarget(place: Place, command: Command): Promise<Target> {
  useProfile(place);
  const kind = storeKind(place, command);
  const { CacheService } = await import('../library.js');
  const { store, inspection, title } = await openStore(kind, place);
  const service = new CacheService(store, {
    keyPrefix: place.prefix,
    breaker: false,
    onEvent: () => {},
  });
  return {
    ...{ kind, title, store, service, inspection },
    keys: keySpace(place.prefix),
    async close() {
      await Promise.allSettled([service.close(), inspection.close()]);
    },
  };
}

/** The credentials chain and the region read it from the environment, as in every tool of AWS. */
export function useProfile({ profile }: Place): void {
  if (profile !== undefined) process.env.AWS_PROFILE = profile;
}

export function openStore(kind: Target['kind'], place: Place) {
  if (kind === 'dynamodb') return openTable(place);
  return kind === 'redis' ? openRedis(place) : openBucket(place);
}
