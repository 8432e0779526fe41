import { type CacheService, createCacheKey } from '@glasswork/cache';
import * as v from 'valibot';

const FlagsSchema = v.object({ newCheckout: v.boolean() });
export type FeatureFlags = v.InferOutput<typeof FlagsSchema>;

/** Stale after a minute: served immediately, and refreshed in the background. Expired after five. */
const flagsKey = createCacheKey('feature-flags', () => 'config:feature-flags', {
  schema: FlagsSchema,
  ttl: '5m',
  staleTTL: '1m',
});

/** The function that reads the flags, with the cache around it. The last good flags replace a failing load for a day. */
export function createFeatureFlags(cache: CacheService, url: string) {
  return cache.memoize(
    flagsKey,
    async ({ signal }) => {
      const response = await fetch(url, { signal });
      if (!response.ok) throw new Error(`The flag service answered ${response.status}`);
      return v.parse(FlagsSchema, await response.json());
    },
    { staleIfError: '1d', hardTimeout: '2s' },
  );
}
