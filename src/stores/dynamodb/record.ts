import { builtin } from '../../aws/builtin.js';
import type { CacheVersion } from '../../model/cache-store.js';
import type { Raw } from '../../serializers/serializer.js';
import type { Item } from './database.js';
import { foreign } from './error.js';

/**
 * The attributes of an item. Every expression names them by alias, because DynamoDB reserves words such as VALUE.
 *
 * - `pk` the key; if it is too long, its start and a hash, and `key` holds the original as JSON
 * - `value` the serializer's output, S or B; `true` in a pointer, whose value the overflow store holds under the item's
 *   version; absent in a tombstone, which records only that the key was invalidated
 * - `entry` the service's data about a value: its times, and the versions that it depends on
 * - `exp` when the value expires, epoch milliseconds
 * - `expiresAt` when DynamoDB may delete the item, epoch seconds: its TTL attribute
 * - `ver`, `n` the version: a fresh id with each write, and a counter that only grows
 */
export function aliasesIn(expressions: string): Record<string, string> {
  // DynamoDB rejects a request with an alias that no expression uses.
  const names = expressions.match(/#\w+/g) ?? [];
  return Object.fromEntries(names.map((alias) => [alias, alias.slice(1)]));
}

/** DynamoDB's limit on a partition key, bytes. */
const LONGEST_KEY_BYTES = 2048;
const READABLE_CHARACTERS = 256;
const HASHED = /~[0-9a-f]{64}$/;

/**
 * The partition key of a cache key: the key itself if DynamoDB allows it, else its readable start and its hash. A key
 * that looks like such a hash is hashed, too, so nobody can construct a key that collides with another.
 */
export function partitionKey(key: string): string {
  if (
    key !== '' &&
    key.isWellFormed() &&
    Buffer.byteLength(key) <= LONGEST_KEY_BYTES &&
    !HASHED.test(key)
  ) {
    return key;
  }
  // UTF-16, because UTF-8 encodes all lone surrogates alike.
  const hash = builtin.crypto().createHash('sha256').update(key, 'utf16le').digest('hex');
  return `${key.slice(0, READABLE_CHARACTERS).toWellFormed()}~${hash}`;
}

/** The plain value of an attribute, with or without DynamoDB's type around it. Document clients remove the type. */
export function plain(value: unknown): unknown {
  const { S, N, B, BOOL } = Object(value);
  return S ?? N ?? B ?? BOOL ?? value;
}

/**
 * The key that an item was written under. The original of a hashed key is JSON, which can hold half a surrogate pair.
 * `key` may belong to another program, so it counts only if it leads to the item's own partition key.
 */
export function originalKey({ pk, key }: Item): string {
  const name = String(plain(pk));
  if (key === undefined) return name;
  try {
    const original: unknown = JSON.parse(String(plain(key)));
    return typeof original === 'string' && partitionKey(original) === name ? original : name;
  } catch {
    return name;
  }
}

/** The value's expiry, epoch milliseconds; 0 for a tombstone. Items of other programs have only `expiresAt`. */
export function endOf(item: Item): number {
  const seconds = item.value && !item.ver ? plain(item.expiresAt) : 0;
  return Number(plain(item.exp) ?? Number(seconds) * 1000);
}

/** True for an item whose value has not expired. */
export const isLive = (item: Item | undefined, now: number): item is Item =>
  item !== undefined && now < endOf(item);

/** True for an item whose value is in the overflow store. */
export const isPointer = ({ value }: Item): boolean => plain(value) === true;

/** The id of the write that made the item. */
export const idOf = ({ ver }: Item): string => String(plain(ver));

/** The serializer's output. @throws CacheError `CORRUPT` for an attribute of any other type. */
export function rawValue(item: Item, key: string): string | Uint8Array {
  const value = plain(item.value);
  const { B, N } = Object(item.value);
  // From the lean transport, bytes come as base64, and numbers as text.
  if (typeof value === 'string' && N === undefined)
    return B === undefined ? value : Buffer.from(value, 'base64');
  // The SDK returns binary attributes as Uint8Array, perhaps of another realm.
  if (ArrayBuffer.isView(value)) return value as Uint8Array;
  throw foreign(key);
}

/** The size of an item without its key, value and entry, bytes: names, version and times. */
const OVERHEAD_BYTES = 150;

/** The parts of an item with a value besides the value itself. */
interface Content {
  readonly key: string;
  readonly pk: string;
  readonly envelope: string | undefined;
  /** When the value expires, epoch milliseconds. */
  readonly exp: number;
}

/** The update expression that sets a value (`true`: a pointer), and the size of the item afterwards, bytes. */
export function valueChange(
  raw: Raw | true,
  { key, pk, envelope, exp }: Content,
): { expression: string; values: Item; bytes: number } {
  const isHashed = pk !== key;
  const set = `SET #value = :value, #exp = :exp,${isHashed ? ' #key = :key,' : ''}`;
  const values = {
    ':value': raw,
    ':exp': exp,
    ...(envelope && { ':entry': envelope }),
    ...(isHashed && { ':key': JSON.stringify(key) }),
  };
  const bytes =
    OVERHEAD_BYTES +
    Buffer.byteLength(envelope ?? '') +
    2 * Buffer.byteLength(key) +
    (raw === true ? 1 : Buffer.byteLength(raw));
  // A value without an entry must not inherit the entry of the previous value.
  const expression = envelope ? `${set} #entry = :entry,` : `REMOVE #entry ${set}`;
  return { expression, values, bytes };
}

/** The version of an absent item. */
export const ABSENT: CacheVersion = '';
/** The version of an item that another program wrote. */
export const UNVERSIONED: CacheVersion = '?';

/** The id and the counter, if the item has both. */
export function versionOf(item: Item | undefined): CacheVersion {
  if (!item) return ABSENT;
  return item.ver && item.n ? `${plain(item.ver)} ${plain(item.n)}` : UNVERSIONED;
}
