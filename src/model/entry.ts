import type { DependencyVersions } from './dependency.js';
import { CacheError } from './errors.js';

/** A cached value with its times (epoch milliseconds) and tags. */
export interface CacheEntry<T> {
  readonly value: T;
  readonly createdAt: number;
  /** From here on the value is stale: still served, and refreshed. Undefined when it never is. */
  readonly staleAt: number | undefined;
  readonly expiresAt: number;
  readonly tags: readonly string[];
}

export type Freshness = 'fresh' | 'stale' | 'expired';

type EntryFields = Omit<Entry, 'value' | 'promise'>;

/**
 * What the service puts into a store: one value with everything that decides whether it may be served. All but the
 * value is immutable, so a store in this process need only copy the value.
 */
export class Entry {
  readonly createdAt: number;
  readonly staleAt: number | undefined;
  readonly expiresAt: number;
  /** How long its load took, milliseconds: what early refresh reckons with. */
  readonly loadMs: number;
  readonly versions: DependencyVersions;
  readonly value: unknown;
  #promise: Promise<unknown> | undefined;

  constructor(fields: EntryFields, value: unknown) {
    this.createdAt = fields.createdAt;
    this.staleAt = fields.staleAt;
    this.expiresAt = fields.expiresAt;
    this.loadMs = fields.loadMs;
    this.versions = fields.versions;
    this.value = value;
  }

  /** Of the value; made once, for an entry that a store shares is given again and again. */
  get promise(): Promise<unknown> {
    this.#promise ??= Promise.resolve(this.value);
    return this.#promise;
  }
}

/** @throws CacheError `UNSERIALIZABLE` for undefined, which means a miss, and for what no serializer can write. */
export function createEntry(key: string, fields: EntryFields, value: unknown): Entry {
  if (value !== undefined && typeof value !== 'function' && typeof value !== 'symbol') {
    return new Entry(fields, value);
  }
  throw new CacheError(
    'UNSERIALIZABLE',
    `The value of "${key}" is ${typeof value}: cache plain data, and null for "there is none".`,
    { subject: key },
  );
}

/** The entry in what a store returned, or undefined when something else was written there. */
export function readEntry(record: unknown): Entry | undefined {
  if (record instanceof Entry) return record;
  const entry = Object(record) as Partial<Entry>;
  const valid =
    typeof entry.createdAt === 'number' &&
    typeof entry.expiresAt === 'number' &&
    (entry.staleAt === undefined || typeof entry.staleAt === 'number') &&
    entry.value !== undefined &&
    // An entry without the prefix's version could not be cleared.
    Array.isArray(entry.versions) &&
    entry.versions.length > 0 &&
    entry.versions.every(isDependency);
  return valid ? (entry as Entry) : undefined;
}

/** The prefix comes first; all others are tags. */
const isDependency = (dependency: unknown, i: number): boolean =>
  Array.isArray(dependency) &&
  (i === 0 ? dependency[0] === null : typeof dependency[0] === 'string') &&
  typeof dependency[1] === 'string';

/** The one place that says whether an entry may be used: live before its time, not at it. */
export function freshness(
  entry: { readonly staleAt?: number | undefined; readonly expiresAt: number },
  now: number,
): Freshness {
  if (now >= entry.expiresAt) return 'expired';
  return entry.staleAt !== undefined && now >= entry.staleAt ? 'stale' : 'fresh';
}
