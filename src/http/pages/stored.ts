import { createCacheKey, type StandardSchemaV1 } from '../../model/cache-key.js';
import type { KeySpace } from '../../model/key-space.js';
import type { ResolvedPolicy } from '../../model/policy.js';
import type { Address } from '../../model/snapshot.js';
import { isObject } from '../../util/deep-freeze.js';
import { FIELD_NAME } from '../../util/field-name.js';
import type { Lifetime } from '../rules/freshness.js';
import { FIELD_VALUE, NOT_STORED } from '../rules/judge.js';
import type { Selected } from '../rules/vary.js';

/**
 * A stored response. Times are epoch milliseconds and milliseconds. A member that is absent stands for zero, false or none,
 * because most responses have few of them, and each hit parses those that it has.
 */
export interface Page extends Partial<Lifetime> {
  readonly kind: 'page';
  readonly freshMs: number;
  /** The key of the URL, so that a record under a wrong key answers nobody. */
  readonly key: string;
  readonly status: number;
  /** Header fields by lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body as text if it is valid UTF-8, else in base64. Neither for a response without a body. */
  readonly text?: string | undefined;
  readonly base64?: string | undefined;
  /** The header values of the request that selected this response. */
  readonly vary?: Selected;
  readonly tags?: readonly string[];
  readonly receivedMs: number;
  /** True if the response says that it may be reused for requests with credentials. */
  readonly isPublic?: boolean;
  /** True if the response itself says how long it is fresh. */
  readonly isExplicit?: boolean;
}

/** Stands at the place of a response that may not be stored: requests pass, and none waits for another's load. */
export interface Pass {
  readonly kind: 'pass';
  readonly key: string;
  readonly reason: string;
}

/** Tells the callers of a load that the response belongs under another key: its URL varies by more headers. */
export interface Moved {
  readonly kind: 'moved';
  readonly key: string;
}

/** The index of a URL whose responses vary or have tags of their own. */
export interface Index {
  readonly kind: 'index';
  readonly key: string;
  /** All header names by which its responses have varied. */
  readonly names: readonly string[];
  /** The tags of its last response. */
  readonly tags: readonly string[];
  /** The stored variants, by hash, and when each may be forgotten. */
  readonly variants: readonly (readonly [hash: string, untilMs: number])[];
}

export type Stored = Page | Pass | Moved | Index;

/** A stored name: in lower case, so that it has one form. */
const STORED_NAME = /^[a-z0-9_!#$%&'*+.^`|~-]+$/;
/** Statuses that a `Response` must not have a body with. */
const BODILESS: ReadonlySet<number> = new Set([204, 205]);
/** Statuses that answer only a request with a range or a condition. */
const PARTIAL: ReadonlySet<number> = new Set([206, 304]);

/** The last time that a Date holds, epoch milliseconds. A larger number has no form that a directive may have. */
const LAST_DATE_MS = 8.64e15;

/** How long a response with a validator is kept after its windows, so that it can be revalidated. */
const LONGEST_KEPT_MS = 86_400_000;

/** Accepts only records that can be answered with as they are, because a store may hold anything. */
const schema: StandardSchemaV1<unknown, Stored> = {
  '~standard': {
    version: 1,
    vendor: '@glasswork/cache',
    validate: (value) =>
      isStored(value) ? { value } : { issues: [{ message: 'it is no response that can be sent' }] },
  },
};

/** A key of the service whose value is a record of the response cache. */
export const recordKey = /* @__PURE__ */ createCacheKey('response', (key: string) => key, {
  schema,
});

/** The same key for the engine. */
export const recordAddress = (keys: KeySpace, key: string): Address => ({
  key,
  storageKey: keys.key(key),
  schema,
});

/** True for a record that can be answered with as it is. */
export function isStored(value: unknown): value is Stored {
  if (!isObject(value)) return false;
  // Only the names are claimed. Each member is unknown until it is checked.
  const record = value as { readonly [name in keyof Page | keyof Index | 'reason']?: unknown };
  if (!isText(record.key)) return false;
  if (record.kind === 'pass') return typeof record.reason === 'string';
  if (record.kind === 'index')
    return (
      isTexts(record.names) &&
      record.names.every((name) => FIELD_NAME.test(name)) &&
      isTexts(record.tags) &&
      isPairs(record.variants, (hash, until) => isText(hash) && isTime(until))
    );
  if (record.kind !== 'page') return false;
  const { status, text, base64 } = record;
  const hasBody = text !== undefined || base64 !== undefined;
  return (
    typeof status === 'number' &&
    Number.isInteger(status) &&
    status >= 200 &&
    status < 500 &&
    !PARTIAL.has(status) &&
    !(hasBody && BODILESS.has(status)) &&
    areFields(record.headers) &&
    (text === undefined || isText(text)) &&
    (base64 === undefined || (isText(base64) && base64.length % 4 === 0)) &&
    (record.vary === undefined || isPairs(record.vary, isSelected)) &&
    (record.tags === undefined || isTexts(record.tags)) &&
    isTime(record.receivedMs) &&
    isTime(record.freshMs) &&
    isTimeIfAny(record.ageMs) &&
    Number(record.ageMs ?? 0) >= 0 &&
    isTimeIfAny(record.staleMs) &&
    isTimeIfAny(record.errorMs) &&
    isFlag(record.isPublic) &&
    isFlag(record.isExplicit)
  );
}

const isFlag = (value: unknown): boolean => value === undefined || typeof value === 'boolean';
const isSelected = (name: unknown, field: unknown): boolean =>
  isText(name, FIELD_NAME) && (field === null || isText(field));
const isText = (value: unknown, form?: RegExp): value is string =>
  typeof value === 'string' && (form?.test(value) ?? true);
const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((each) => typeof each === 'string');
/** Checks that no name is one of those that are never stored, because such a field could split a response. */
function areFields(value: unknown): boolean {
  if (!isObject(value) || Array.isArray(value)) return false;
  // Each value is unknown until it is checked.
  const fields = value as Readonly<Record<string, unknown>>;
  return Object.keys(fields).every(
    (name) => STORED_NAME.test(name) && !NOT_STORED.has(name) && isText(fields[name], FIELD_VALUE),
  );
}
const isTime = (value: unknown): boolean =>
  typeof value === 'number' && Math.abs(value) <= LAST_DATE_MS;
const isTimeIfAny = (value: unknown): boolean => value === undefined || isTime(value);
const isPairs = (value: unknown, isPair: (first: unknown, second: unknown) => boolean): boolean =>
  Array.isArray(value) &&
  value.every((pair) => Array.isArray(pair) && pair.length === 2 && isPair(pair[0], pair[1]));

/** How long ago the origin generated the response, milliseconds. Never negative, although clocks differ. */
export const ageOf = ({ receivedMs, ageMs = 0 }: Page, now: number): number =>
  ageMs + Math.max(now - receivedMs, 0);

/** How long the response is fresh from now on, milliseconds. Negative if it is stale. */
export const freshLeft = ({ receivedMs, freshMs }: Page, now: number): number =>
  freshMs - Math.max(now - receivedMs, 0);

export const headerOf = ({ headers }: Pick<Page, 'headers'>, name: string): string | undefined =>
  headers[name];

/** The times of the response's entry from now on, milliseconds. */
export function entryTimes(
  page: Page,
  now: number,
): Pick<ResolvedPolicy, 'ttl' | 'staleTTL' | 'staleIfError'> {
  const { staleMs = 0, errorMs = 0, freshMs } = page;
  const leftMs = freshLeft(page, now);
  const ttl = Math.max(leftMs + staleMs, 0);
  const isValidated = 'etag' in page.headers || 'last-modified' in page.headers;
  const keptMs = isValidated ? Math.min(Math.max(freshMs, 60_000), LONGEST_KEPT_MS) : 0;
  return {
    ttl,
    staleTTL: staleMs > 0 ? Math.max(leftMs, 0) : undefined,
    staleIfError: Math.max(errorMs - staleMs, keptMs),
  };
}
