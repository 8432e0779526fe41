import type { CacheVersion } from './cache-store.js';
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

/** The versions that were in force when a load began: an entry is valid as long as they all still are. */
export interface Marks {
  readonly prefix: CacheVersion;
  readonly tags: readonly (readonly [tag: string, version: CacheVersion])[];
}

export type Freshness = 'fresh' | 'stale' | 'expired';

const NO_TAGS: Marks['tags'] = [];

/**
 * What the service puts into a store: one value with everything that decides whether it may be served. Its own
 * properties are what is written, with one letter each, because every item pays for them; the getters are what the
 * code reads. All but the value is immutable, so a store in this process need only copy the value.
 */
export class Entry {
  readonly c: number;
  readonly s: number | undefined;
  readonly e: number;
  readonly d: number | undefined;
  readonly p: CacheVersion | undefined;
  readonly t: Marks['tags'] | undefined;
  readonly v: unknown;

  constructor(fields: Pick<Entry, 'c' | 's' | 'e' | 'd' | 'p' | 't'>, value: unknown) {
    this.c = fields.c;
    this.s = fields.s;
    this.e = fields.e;
    this.d = fields.d;
    this.p = fields.p;
    this.t = fields.t;
    this.v = value;
  }

  get value(): unknown {
    return this.v;
  }
  get createdAt(): number {
    return this.c;
  }
  get staleAt(): number | undefined {
    return this.s;
  }
  get expiresAt(): number {
    return this.e;
  }
  /** How long its load took, milliseconds: what early refresh reckons with. */
  get loadMs(): number {
    return this.d ?? 0;
  }
  get prefix(): CacheVersion {
    return this.p ?? '';
  }
  get tags(): Marks['tags'] {
    return this.t ?? NO_TAGS;
  }
}

/** @throws CacheError `UNSERIALIZABLE` for undefined, which means a miss, and for what no serializer can write. */
export function createEntry(
  key: string,
  value: unknown,
  times: { createdAt: number; staleAt: number | undefined; expiresAt: number; loadMs: number },
  marks: Marks,
): Entry {
  if (value === undefined || typeof value === 'function' || typeof value === 'symbol') {
    throw new CacheError(
      'UNSERIALIZABLE',
      `The value of "${key}" is ${typeof value}, which cannot be cached: use plain data, null for "there is none".`,
      { subject: key },
    );
  }
  const fields = {
    c: times.createdAt,
    s: times.staleAt,
    e: times.expiresAt,
    d: times.loadMs || undefined,
    p: marks.prefix || undefined,
    t: marks.tags.length > 0 ? marks.tags : undefined,
  };
  return new Entry(fields, value);
}

/** The entry in what a store returned, or undefined when something else was written there. */
export function readEntry(record: unknown): Entry | undefined {
  if (record instanceof Entry) return record;
  if (typeof record !== 'object' || record === null) return undefined;
  const { c, s, e, d, p, t, v } = record as Partial<Entry>;
  const valid =
    typeof c === 'number' &&
    typeof e === 'number' &&
    (s === undefined || typeof s === 'number') &&
    (d === undefined || typeof d === 'number') &&
    (p === undefined || typeof p === 'string') &&
    (t === undefined || isTags(t)) &&
    v !== undefined;
  return valid ? new Entry({ c, s, e, d, p, t }, v) : undefined;
}

function isTags(tags: unknown): tags is Marks['tags'] {
  const isPair = (pair: unknown) =>
    Array.isArray(pair) && pair.length === 2 && pair.every((part) => typeof part === 'string');
  return Array.isArray(tags) && tags.every(isPair);
}

/** The one place that says whether an entry may be used: live before its time, not at it. */
export function freshness(
  entry: { readonly staleAt: number | undefined; readonly expiresAt: number },
  now: number,
): Freshness {
  if (now >= entry.expiresAt) return 'expired';
  return entry.staleAt !== undefined && now >= entry.staleAt ? 'stale' : 'fresh';
}
