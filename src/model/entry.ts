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
  /** From here on the value is stale: still served, and refreshed. Undefined when it never is. */
  readonly staleAt: number | undefined;
  readonly expiresAt: number;
  readonly tags: readonly string[];
}

export type Freshness = 'fresh' | 'stale' | 'expired';

/** Its number counts the layouts of an entry: one of another layout is read as a record is, property by property. */
const BRAND = /* @__PURE__ */ Symbol.for('@glasswork/cache/Entry/1');

type EntryFields = Omit<Entry, 'value' | 'promise' | '@glasswork/cache'>;

/**
 * The service's record in a store: one value with everything that decides whether it may be served. All but the
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

  get '@glasswork/cache'(): symbol {
    return BRAND;
  }

  /** Of the value; made once, for an entry that a store shares is given again and again. */
  get promise(): Promise<unknown> {
    this.#promise ??= Promise.resolve(this.value);
    return this.#promise;
  }
}

/** An entry of another copy of this package is one as well: `import` and `require` may find one each. */
export const isEntry = (value: unknown): value is Entry =>
  value instanceof Entry ||
  (isObject(value) && (value as Partial<Entry>)['@glasswork/cache'] === BRAND);

/** @throws CacheError `UNSERIALIZABLE` for undefined, which means a miss, and for what no serializer can write. */
export function createEntry(key: string, fields: EntryFields, value: unknown): Entry {
  checkStorable(key, value);
  return new Entry(fields, value);
}

/**
 * All of an entry but its value, as text in one line. A store keeps it apart from the value, so that a serializer sees
 * the values of callers alone. Undefined for what is no entry of the service.
 */
export function envelopeOf(stored: unknown): string | undefined {
  if (!isEntry(stored)) return undefined;
  const { createdAt, staleAt = null, expiresAt, loadMs, versions } = stored;
  return JSON.stringify([createdAt, staleAt, expiresAt, loadMs, versions]);
}

/** The part that goes through the serializer: the value alone. */
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
  const message = `What surrounds the value of "${key}" is no entry of this package: what else writes to this store?`;
  throw new CacheError('CORRUPT', message, { subject: key, cause });
}

/** The entry in what a store returned, or undefined when something else was written there. */
export function readEntry(record: unknown): Entry | undefined {
  if (isEntry(record)) return record;
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
