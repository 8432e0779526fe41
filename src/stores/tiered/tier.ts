import type { CacheStore } from '../../model/cache-store.js';
import { CacheError, invalid } from '../../model/errors.js';
import { givenObject } from '../../model/given.js';
import { innermost } from '../../serializers/serializer.js';

const NEEDED = ['getVersioned', 'setIfUnchanged', 'add', 'delByPattern', 'clear'] as const;

/** A store that can be a tier, because it compares versions and deletes by pattern. */
export type Tier = CacheStore & Required<Pick<CacheStore, (typeof NEEDED)[number]>>;

/**
 * @throws CacheError `INVALID_OPTION` for fewer than two stores, one that cannot be a tier, different serializers, or
 * `options` that are no object.
 */
export function checkedTiers(
  stores: readonly CacheStore[],
  options: object,
): [Tier, Tier, ...Tier[]] {
  givenObject(options);
  const [first, second, ...others] = Array.isArray(stores) ? stores.map(checkedTier) : [];
  if (first && second) {
    const tiers: [Tier, Tier, ...Tier[]] = [first, second, ...others];
    checkSerializers(tiers);
    return tiers;
  }
  throw invalid('tiers', stores?.length ?? stores, 'two or more stores, the fastest first');
}

/** Different serializers would give a value another type, depending on the tier that answers. */
function checkSerializers(tiers: readonly Tier[]): void {
  const last = serializerOf(tiers.at(-1));
  for (const tier of tiers) {
    const own = serializerOf(tier);
    if (own === undefined || last === undefined || own === last) continue;
    const message = `The tier "${tier.name}" has the serializer "${own}", but the last tier has "${last}": give all tiers the same.`;
    throw new CacheError('INVALID_OPTION', message, { subject: 'tiers' });
  }
}

/**
 * The name of the serializer that decides what values come back as, if the store exposes it, as the stores of this
 * package do. Compression and encryption around it make no difference.
 */
const serializerOf = (store: CacheStore | undefined): string | undefined =>
  innermost(Object(Object(store).serializer)).name;

function checkedTier(store: CacheStore): Tier {
  const missing = NEEDED.filter((member) => typeof store?.[member] !== 'function');
  // It has every method that a tier needs.
  if (missing.length === 0) return store as Tier;
  const message = `The tier "${store?.name}" has no ${missing.join(', ')}: give a store that compares versions, such as those of this package.`;
  throw new CacheError('INVALID_OPTION', message, { subject: 'tiers' });
}
