import { isObject } from '../util/deep-freeze.js';
import type { DependencyVersions } from './dependency.js';
import { CacheError } from './errors.js';
import { checkStorable } from './storable.js';

/** A cached value with its times (epoch milliseconds) and tags. */
export interface CacheEntry<T> {
  readonly value: T;
  /** Stale values are still served, and refreshed. */
  readonly state: 'fresh' | 'stale';
  readonly createdAt: number;
  /** From this time on the value is stale: still served, and refreshed. Undefined for a value that is never stale. */
  readonly staleAt: number | undefined;
  readonly expiresAt: number;
  readonly tags: readonly string[];
}

export type Freshness = 'fresh' | 'stale' | 'expired';

/**
 * The number counts the layouts of an entry. An entry of another layout is read property by property, like a record.
 */
const BRAND = /* @__PURE__ */ Symbol.for('@glasswork/cache/Entry/1');

type EntryFields = Omit<Entry, 'value' | 'promise' | '@glasswork/cache'>;

/**
 * A record of the service in a store: a value with the data that decides if it may be served. Everything except the
 * value is immutable, so a store in this process needs to copy only the value.
 */
export class Entry {
  readonly createdAt: number;
  readonly staleAt: number | undefined;
  readonly expiresAt: number;
  /** The duration of the load, milliseconds, for early refresh. */
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

  get '@glasswork/cache'(): symbol {
    return BRAND;
  }

  /** A promise of the value. Made once, because a shared entry is returned many times. */
  get promise(): Promise<unknown> {
    this.#promise ??= Promise.resolve(this.value);
    return this.#promise;
  }
}

/** True also for an entry of another copy of this package, because `import` and `require` may load one each. */
export const isEntry = (value: unknown): value is Entry =>
  value instanceof Entry ||
  // Only the brand is read, from an object of any kind.
  (isObject(value) && (value as Partial<Entry>)['@glasswork/cache'] === BRAND);

/**
 * @throws CacheError `UNSERIALIZABLE` for undefined, which means a miss, and for values that no serializer can write.
 */
export function createEntry(key: string, fields: EntryFields, value: unknown): Entry {
  checkStorable(key, value);
  return new Entry(fields, value);
}

/**
 * An entry without its value, as one line of text. A store keeps it apart from the value, so that a serializer sees
 * only the values of callers. Undefined for anything but an entry of the service.
 */
export function envelopeOf(stored: unknown): string | undefined {
  if (!isEntry(stored)) return undefined;
  const { createdAt, staleAt = null, expiresAt, loadMs, versions } = stored;
  return JSON.stringify([createdAt, staleAt, expiresAt, loadMs, versions]);
}

/** The part that goes through the serializer: the value without its entry. */
export const bareValue = (stored: unknown): unknown => (isEntry(stored) ? stored.value : stored);

/** The entry of an envelope, around the value. @throws CacheError `CORRUPT`. */
export function withEnvelope(envelope: string, value: unknown, key: string): Entry {
  let cause: unknown;
  try {
    const [createdAt, staleAt, expiresAt, loadMs, versions] = JSON.parse(envelope);
    const times = { createdAt, staleAt: staleAt ?? undefined, expiresAt, loadMs };
    const entry = readEntry({ ...times, versions, value });
    if (entry) return new Entry(entry, value);
  } catch (error) {
    cause = error;
  }
  const message = `The entry around the value of "${key}" is not one of this package: does another program write to this store?`;
  throw new CacheError('CORRUPT', message, { subject: key, cause });
}

/** The entry in a store's record, or undefined if the record holds something else. */
export function readEntry(record: unknown): Entry | undefined {
  if (isEntry(record)) return record;
  // Every member is checked below, because a store may hold anything.
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
  // Checked above, member by member.
  return valid ? (entry as Entry) : undefined;
}

/** The prefix comes first; all others are tags. */
const isDependency = (dependency: unknown, i: number): boolean =>
  Array.isArray(dependency) &&
  (i === 0 ? dependency[0] === null : typeof dependency[0] === 'string') &&
  typeof dependency[1] === 'string';

/** The times of an entry that decide its freshness. */
interface Times {
  readonly createdAt?: number;
  readonly staleAt?: number | undefined;
  readonly expiresAt: number;
}

/** The only place that decides if an entry may be used. At `expiresAt` exactly it has expired. */
export function freshness(entry: Times, now: number): Freshness {
  if (now >= entry.expiresAt) return 'expired';
  const { staleAt } = entry;
  if (staleAt === undefined) return 'fresh';
  // Written out, because V8 inlines only so much into a hit. Without a creation the comparison is false.
  return now >= staleAt || staleAt <= (entry.createdAt as number) ? 'stale' : 'fresh';
}

/** The entry, stale from its creation on even by a clock that is behind, with the same value, expiry and versions. */
export const expiredSoftly = ({ createdAt, expiresAt, loadMs, versions, value }: Entry): Entry =>
  new Entry({ createdAt, staleAt: createdAt, expiresAt, loadMs, versions }, value);
