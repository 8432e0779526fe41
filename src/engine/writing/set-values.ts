import type { AnyKey, CacheKey } from '../../model/cache-key.js';
import type { DependencyVersions } from '../../model/dependency.js';
import { givenList, givenObject } from '../../model/given.js';
import type { WrapOptions } from '../../model/policy.js';
import type { PolicyOf } from '../../model/resolve-policy.js';
import type { Address } from '../../model/snapshot.js';
import type { Duration } from '../../model/time.js';
import { ignoreRejection } from '../../util/promises.js';
import type { InFlightTracker } from '../inflight/in-flight.js';
import type { VersionTracker } from '../reading/version-tracker.js';
import type { EntryWriter, Write } from './entry-writer.js';
import type { Invalidation } from './invalidation.js';

interface Parts {
  readonly addressOf: (key: AnyKey) => Address;
  readonly policyOf: PolicyOf;
  readonly versions: VersionTracker;
  readonly inFlight: InFlightTracker;
  readonly invalidation: Invalidation;
  readonly writer: EntryWriter;
}

/** A ttl, or a ttl and tags. */
export type SetPolicy = Duration | Pick<WrapOptions, 'ttl' | 'tags'>;

/** One value of `setMany`. For a typed key use `entry`, so that a wrong value does not compile. */
export interface SetEntry {
  readonly key: AnyKey;
  readonly value: unknown;
  /** Default: the key's ttl, else `CacheConfig.defaultTTL`. */
  readonly ttl?: SetPolicy | undefined;
}

/**
 * One value of `setMany`, checked against the type of its key.
 *
 * @example
 * ```ts
 * import { type CacheService, createCacheKey, entry } from '@glasswork/cache';
 *
 * const nameOf = createCacheKey('name', (id: number) => `name:${id}`).of<string>();
 * const ageOf = createCacheKey('age', (id: number) => `age:${id}`).of<number>();
 *
 * const setUser = (cache: CacheService, id: number) =>
 *   cache.setMany([entry(nameOf(id), 'Ada'), entry(ageOf(id), 36, '5m')]);
 * ```
 */
export const entry = <T>(key: CacheKey<T>, value: NoInfer<T>, ttl?: SetPolicy): SetEntry => ({
  key,
  value,
  ttl,
});

type Prepared = Omit<Write, 'versions'> & { readonly versions: DependencyVersions | undefined };

/** Writes without a condition. Resolves to true if the store wrote all values. */
export async function setAll(parts: Parts, entries: readonly SetEntry[]): Promise<boolean> {
  const list = givenList(entries, 'entries').map((each) => givenObject(each, 'entry'));
  const prepared = await Promise.all(list.map((each) => prepare(parts, each)));
  const ready = prepared.filter((write): write is Write => write.versions !== undefined);
  const written = ready.length === 0 || (await parts.writer.write(ready));
  const storageKeys = new Set(ready.map(({ address }) => address.storageKey));
  parts.inFlight.invalidateReads(({ storageKey }) => storageKeys.has(storageKey));
  return written && ready.length === prepared.length;
}

/** Invalidates running loads, whose values would be older. Returns no versions if the value must not be written. */
async function prepare(
  { addressOf, policyOf, invalidation, versions }: Parts,
  { key, value, ttl }: SetEntry,
): Promise<Prepared> {
  const [address, policy] = [addressOf(key), policyOf(key, ttl)];
  // A value without its await, which the write refuses.
  ignoreRejection(value);
  const invalidating = invalidation.invalidateInFlight(
    ({ storageKey }) => storageKey === address.storageKey,
  );
  // A value that an older write could still replace is not written. An event has reported the reason.
  const current = await invalidating.then(
    async () => versions.ensure(await versions.current([null, ...policy.tags])),
    () => undefined,
  );
  return { address, value, policy, versions: current, loadMs: 0 };
}
