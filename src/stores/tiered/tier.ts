import type { CacheStore } from '../../model/cache-store.js';
import { CacheError, invalid } from '../../model/errors.js';

const NEEDED = ['getVersioned', 'setIfUnchanged', 'add', 'delByPattern', 'clear'] as const;

/** A store that can be a tier: it compares versions, and knows patterns. */
export type Tier = CacheStore & Required<Pick<CacheStore, (typeof NEEDED)[number]>>;

/** @throws CacheError `INVALID_OPTION` when there are less than two, or one of them cannot be a tier. */
export function checkedTiers(stores: readonly CacheStore[]): [Tier, Tier, ...Tier[]] {
  const [first, second, ...others] = Array.isArray(stores) ? stores.map(checkedTier) : [];
  if (first && second) return [first, second, ...others];
  throw invalid('tiers', stores?.length ?? stores, 'two or more stores, the nearest first');
}

function checkedTier(store: CacheStore): Tier {
  const missing = NEEDED.filter((member) => typeof store?.[member] !== 'function');
  if (missing.length === 0) return store as Tier;
  const message = `The tier "${store?.name}" has no ${missing.join(', ')}: give a store that compares versions, such as those of this package.`;
  throw new CacheError('INVALID_OPTION', message, { subject: 'tiers' });
}
