import type { CacheVersion } from '../model/cache-store.js';
import type { DependencyName } from '../model/dependency.js';
import { type Entry, freshness } from '../model/entry.js';
import { hardVersion, versionsOf } from '../model/version-line.js';
import type { StoredRecord } from '../stores/stored-record.js';
import { entryOf } from './entries.js';
import type { Target } from './target/target.js';

export type Verdict = 'fresh' | 'stale' | 'expired' | 'invalidated' | 'absent' | 'foreign';

/** A tag or the prefix, with the version that the entry carries and the current one. */
export interface Dependency {
  readonly kind: 'prefix' | 'tag';
  /** The tag, or the keyPrefix; empty for a service without one. */
  readonly name: string;
  readonly carried: CacheVersion;
  /** Undefined if the record is missing in a store that may evict records, so that nothing can match it. */
  readonly current: CacheVersion | undefined;
  /** `soft`: `expireTags` has changed it since, so that the entry is stale. `hard`: the entry is invalid. */
  readonly change: 'none' | 'soft' | 'hard';
}

/** The use that a service would make of a record, and why. */
export interface Explanation {
  readonly verdict: Verdict;
  readonly why: string;
  readonly entry: Entry | undefined;
  readonly dependencies: readonly Dependency[];
}

/** Reads the current version of a tag or the prefix. Undefined if its record is missing where it may be evicted. */
export type VersionReader = (name: DependencyName) => Promise<CacheVersion | undefined>;

/** Applies the rules of the service to a record that was just read. */
export async function explain(
  target: Target,
  record: StoredRecord | undefined,
  now: number,
  versions: VersionReader = versionReader(target),
): Promise<Explanation> {
  const none = { entry: undefined, dependencies: [] };
  if (!record) return { ...none, verdict: 'absent', why: 'the store has no record of the key' };
  const { kind } = record;
  if (kind === 'tombstone')
    return { ...none, verdict: 'absent', why: 'the key was invalidated, and not loaded since' };
  if (kind === 'token')
    return { ...none, verdict: 'absent', why: 'a caller missed the key, and has not filled it' };
  const entry = entryOf(record);
  if (kind === 'foreign' || !entry)
    return {
      ...none,
      verdict: 'foreign',
      why: 'no service wrote the record, so it counts as corrupt',
    };
  const dependencies = await Promise.all(
    entry.versions.map(async ([name, carried]): Promise<Dependency> => {
      const current = await versions(name);
      const common = { carried, current, change: changeOf(carried, current) };
      return name === null
        ? { ...common, kind: 'prefix', name: target.keys.prefix ?? '' }
        : { ...common, kind: 'tag', name };
    }),
  );
  const aged = freshness(entry, now);
  const changes = new Set(dependencies.map(({ change }) => change));
  const softened = aged === 'fresh' && changes.has('soft') ? 'stale' : aged;
  const verdict = changes.has('hard') ? 'invalidated' : softened;
  return { verdict, why: reasonFor(verdict, dependencies), entry, dependencies };
}

export function versionReader({ keys, inspection, store }: Target): VersionReader {
  return async (name) => {
    const record = name === null ? keys.record('prefix', '') : keys.record('tag', name);
    const found = await inspection.read(record);
    const isThere = store.durable || found?.kind === 'value';
    return isThere ? versionsOf(valueOfRecord(found), found?.version ?? '') : undefined;
  };
}

/** The value of a version record, which is always JSON. */
function valueOfRecord(record: StoredRecord | undefined): unknown {
  if (typeof record?.raw !== 'string') return undefined;
  try {
    return JSON.parse(record.raw);
  } catch {
    return undefined;
  }
}

function changeOf(carried: CacheVersion, current: CacheVersion | undefined): Dependency['change'] {
  if (current === carried) return 'none';
  return current !== undefined && hardVersion(current) === hardVersion(carried) ? 'soft' : 'hard';
}

function reasonFor(verdict: Verdict, dependencies: readonly Dependency[]): string {
  const changed = (change: Dependency['change']) =>
    dependencies
      .filter((dependency) => dependency.change === change)
      .map(changeText)
      .join(', ');
  if (verdict === 'invalidated') return changed('hard');
  if (verdict === 'expired') return 'its time is over, and it waits for its removal';
  if (verdict === 'fresh') return 'it is served';
  const soft = changed('soft');
  return `it is served, and refreshed${soft && `: ${soft}`}`;
}

function changeText({ kind, name, current, change }: Dependency): string {
  const what = kind === 'tag' ? `the tag "${name}"` : 'the prefix';
  if (current === undefined) return `the record of ${what} is missing`;
  if (change === 'soft') return `${what} was expired`;
  return `${what} was ${kind === 'tag' ? 'invalidated' : 'cleared'}`;
}
