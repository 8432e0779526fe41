import { builtin } from '../../aws/builtin.js';
import type { CacheVersion } from '../../cache-store.js';
import { CacheError } from '../../errors.js';
import type { AttributeValue, Item } from './database.js';

/**
 * The attributes of an item. Every expression names them by alias, because DynamoDB reserves words such as VALUE.
 *
 * - `pk` the key, or its start and a hash when it is too long; then `key` is the original
 * - `value` what the serializer wrote, S or B; absent in a marker, which says only that the key was invalidated
 * - `exp` when the value expires, epoch milliseconds
 * - `expiresAt` when DynamoDB may delete the item, epoch seconds: its TTL attribute
 * - `ver`, `n` the version: a fresh id with each write, and a counter that only grows
 */
const ALIASES = {
  '#pk': 'pk',
  '#key': 'key',
  '#value': 'value',
  '#exp': 'exp',
  '#ttl': 'expiresAt',
  '#ver': 'ver',
  '#n': 'n',
} as const;

/** The aliases that the expressions use: DynamoDB refuses one that none of them does. */
export function aliasesIn(...expressions: (string | undefined)[]): Record<string, string> {
  const names: Record<string, string> = {};
  for (const alias of expressions.join(' ').match(/#\w+/g) ?? []) {
    names[alias] = ALIASES[alias as keyof typeof ALIASES];
  }
  return names;
}

/** DynamoDB's limit on a partition key, bytes. */
const LONGEST_KEY_BYTES = 2048;
const READABLE_CHARACTERS = 256;
const LOOKS_HASHED = /~[0-9a-f]{64}$/;

/**
 * The partition key of a cache key: the key itself where that is possible, else a readable start and its hash. A key
 * that looks like one of those is hashed too, so no key can be made to meet another.
 */
export function partitionKey(key: string): string {
  const fits =
    key !== '' &&
    key.isWellFormed() &&
    (key.length * 3 <= LONGEST_KEY_BYTES || Buffer.byteLength(key) <= LONGEST_KEY_BYTES) &&
    !LOOKS_HASHED.test(key);
  if (fits) return key;
  // Not UTF-8, which would make one of all lone surrogates.
  const hash = builtin.crypto().createHash('sha256').update(key, 'utf16le').digest('hex');
  return `${key.slice(0, READABLE_CHARACTERS).toWellFormed()}~${hash}`;
}

/** The key that an item was written under. */
export const originalKey = (item: Item): string => text(item.key) ?? text(item.pk) ?? '';

const text = (value: AttributeValue | undefined): string | undefined =>
  value && 'S' in value ? value.S : undefined;

const number = (value: AttributeValue | undefined): number | undefined =>
  value && 'N' in value ? Number(value.N) : undefined;

/** Whether the item holds a value whose time has not come. A marker has no time; what others wrote knows seconds. */
export function isLive(item: Item | undefined, now: number): item is Item {
  if (!item) return false;
  const seconds = item.value && !item.ver ? number(item.expiresAt) : undefined;
  const exp = number(item.exp) ?? (seconds === undefined ? 0 : seconds * 1000);
  return now < exp;
}

/** What the serializer wrote. @throws CacheError `CORRUPT` for an attribute that no serializer writes. */
export function rawValue(item: Item, key: string): string | Uint8Array {
  const value = item.value as unknown as Record<string, unknown>;
  if (typeof value.S === 'string') return value.S;
  // Bytes from a client of the SDK, base64 from the lean transport.
  if (value.B instanceof Uint8Array) return value.B;
  if (typeof value.B === 'string') return Buffer.from(value.B, 'base64');
  throw new CacheError(
    'CORRUPT',
    `The item of "${key}" holds a value of type ${Object.keys(value)[0]}: what else writes to this table?`,
    { subject: key },
  );
}

/**
 * - absent: ''
 * - an item without a version, which something else wrote: '?'
 * - else the id and the counter
 */
export function versionOf(item: Item | undefined): CacheVersion {
  if (!item) return '';
  const [id, n] = [text(item.ver), number(item.n)];
  return id === undefined || n === undefined ? '?' : `${id} ${n}`;
}

/** The condition that holds as long as the item has the version. */
export function unchanged(version: CacheVersion): { condition: string; values: Item } {
  if (version === '') return { condition: 'attribute_not_exists(#pk)', values: {} };
  if (version === '?') {
    return { condition: 'attribute_exists(#pk) AND attribute_not_exists(#ver)', values: {} };
  }
  const [id = '', n = ''] = version.split(' ');
  return {
    condition: '#ver = :seenVer AND #n = :seenN',
    values: { ':seenVer': { S: id }, ':seenN': { N: n } },
  };
}
