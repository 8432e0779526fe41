import type { CacheVersion } from '../../model/cache-store.js';
import type { DependencyVersions } from '../../model/dependency.js';
import { FAILED } from '../../model/failed.js';
import type { KeySpace } from '../../model/key-space.js';
import type { StoreAccess } from '../store-access.js';
import { changeRecord, knownRecord, unusedVersion } from './version-record.js';

/**
 * The generation of all tags of a prefix, for loads that learn the tags of their value only at its end.
 *
 * A tag without a record has not been invalidated while such a load ran, unless its store has evicted the record of the
 * invalidation. So in such a store each invalidation of any tag first begins a generation:
 *
 *     load             reads generation 1 ──── loads ──── red has no record: adds it ── reads generation 2: not cached
 *     invalidateTags        generation 2 ── red is v2
 *     the store                               evicts red
 *
 * In this order on both sides: if the load reads generation 1 after it has added the record, the invalidation changes the
 * record afterwards.
 */
interface Parts {
  readonly access: StoreAccess;
  readonly keys: KeySpace;
}

const recordOf = ({ keys }: Parts): string => keys.record('tags', '');

/** Where records may be evicted and can be added. Elsewhere no load asks for a generation. */
const isNeeded = ({ access: { can } }: Parts): boolean => !can.isDurable && can.leases;

/**
 * Begins a generation for the change of these tags, if the store needs it.
 *
 * @throws CacheError `NOT_CONFIRMED`.
 */
export async function beginGeneration(
  parts: Parts,
  tags: readonly string[],
  operation: string,
): Promise<void> {
  if (tags.length === 0 || !isNeeded(parts)) return;
  const write = () =>
    parts.access.confirm(operation, tags.join(', '), (store) =>
      changeRecord(store, recordOf(parts)),
    );
  await write().catch(write);
}

/** The current generation. Undefined if it cannot be read, and where the store needs none. */
export async function readGeneration(parts: Parts): Promise<CacheVersion | undefined> {
  if (!isNeeded(parts)) return undefined;
  const version = await parts.access.attempt('read version', undefined, (store) =>
    knownRecord(store, recordOf(parts)),
  );
  return version === FAILED ? undefined : version;
}

/**
 * The versions of tags without a record. Undefined if one of them may have been invalidated since the generation was read.
 */
export async function unusedVersions(
  parts: Parts,
  tags: readonly string[],
  generation: CacheVersion | undefined,
): Promise<DependencyVersions | undefined> {
  if (tags.length === 0) return [];
  const { isDurable } = parts.access.can;
  if (!isDurable && generation === undefined) return undefined;
  const read = await Promise.all(tags.map((tag) => readUnused(parts, tag)));
  const versions = read.flatMap((each) => (each ? [each] : []));
  const isKnown = versions.length === tags.length;
  return isKnown && (await readGeneration(parts)) === generation ? versions : undefined;
}

async function readUnused(
  { access, keys }: Parts,
  tag: string,
): Promise<DependencyVersions[number] | undefined> {
  const version = await access.attempt('create version', tag, (store) =>
    unusedVersion(store, keys.record('tag', tag), access.can.isDurable),
  );
  return version === FAILED || version === undefined ? undefined : [tag, version];
}
