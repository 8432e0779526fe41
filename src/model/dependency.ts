import type { CacheVersion } from './cache-store.js';
import type { FAILED } from './failed.js';

/**
 * A record whose version an entry depends on, besides its own key: a tag, by its name, or the prefix, which is null.
 */
export type DependencyName = string | null;

/** The versions at the start of a load. An entry is valid until one of them changes. */
export type DependencyVersions = readonly (readonly [
  name: DependencyName,
  version: CacheVersion,
])[];

/** The tags among an entry's dependencies. The prefix always comes first, and most entries have no tags. */
export const tagsAmong = (versions: DependencyVersions): string[] =>
  versions.length > 1 ? versions.flatMap(([name]) => name ?? []) : [];

/** Stands for a missing version record. It proves nothing, so it equals no version in an entry. */
export const MISSING: unique symbol = Symbol('missing');

/** A dependency's version; `MISSING`; or `FAILED` if the store could not be read. */
export type ReadVersion = CacheVersion | typeof MISSING | typeof FAILED;
export type ReadDependencyVersions = readonly (readonly [
  name: DependencyName,
  version: ReadVersion,
])[];
