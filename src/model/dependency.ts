import type { CacheVersion } from './cache-store.js';
import type { FAILED } from './failed.js';

/** A record whose version an entry depends on, besides its own key: a tag by its name, or the prefix, which is null. */
export type DependencyName = string | null;

/** The versions in force when a load began. An entry is valid while every one of them is still in force. */
export type DependencyVersions = readonly (readonly [
  name: DependencyName,
  version: CacheVersion,
])[];

/** The tags among an entry's dependencies. The prefix is always first, and most entries have nothing else. */
export const tagsAmong = (versions: DependencyVersions): string[] =>
  versions.length > 1 ? versions.flatMap(([name]) => name ?? []) : [];

/** No record where one is needed to prove anything: it equals no version that an entry carries. */
export const MISSING: unique symbol = Symbol('missing');

/** A dependency's version; `MISSING`; or `FAILED` when the store could not be read. */
export type ReadVersion = CacheVersion | typeof MISSING | typeof FAILED;
export type ReadDependencyVersions = readonly (readonly [
  name: DependencyName,
  version: ReadVersion,
])[];
