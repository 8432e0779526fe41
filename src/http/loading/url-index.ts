import { firstVariantKey } from '../../model/response-key.js';
import { type Address, isServable, type Snapshot } from '../../model/snapshot.js';
import { LONGEST_LIFE_MS } from '../../model/time.js';
import type { Kit } from '../kit.js';
import { type Index, recordAddress, recordKey, type Stored } from '../pages/stored.js';
import { hashOf, type Selected } from '../rules/vary.js';
import { isEdge } from './response-tags.js';

/** The most variants of a URL. Requests for further ones are loaded each time, because a client can invent header values. */
const MOST_VARIANTS = 64;
/** Longer keys are put together each time, because a client can invent them. Characters. */
const LONGEST_REMEMBERED = 256;
/** An index outlives its variants, because an unsafe request looks for them there, seconds. */
const INDEX_TTL = 30 * 86_400;
const LONGEST_INDEX_TTL = LONGEST_LIFE_MS / 1000;

export const emptyIndex = (key: string): Index => ({
  kind: 'index',
  key,
  names: [],
  tags: [],
  variants: [],
});

/** The variant for these header values. Responses that vary by nothing are under the hash sign alone. */
export function variantOf({ parts, firsts }: Kit, key: string, selected: Selected): Address {
  const first = firstVariantKey(key);
  if (selected.length > 0) return recordAddress(parts.keys, first + hashOf(selected));
  const known = firsts.get(key);
  if (known) return known;
  const address = recordAddress(parts.keys, first);
  if (key.length <= LONGEST_REMEMBERED) firsts.set(key, address);
  return address;
}

/**
 * True if a variant carries the tag of its URL, which is then read with it. The first one is deleted by its own record
 * instead, so that most hits take one read. But other processes would still serve their copies of it in upper tiers, stores
 * without conditions would take it from a load under way, and with an edge the tag is compared anyway.
 */
export const carriesUrl = (kit: Kit, selected: Selected): boolean => {
  const { fences, hasTiers } = kit.parts.access.can;
  return selected.length > 0 || !fences || hasTiers || isEdge(kit);
};

/** The stored record, and whether the store could be read at all. */
export async function readStored({ parts }: Kit, address: Address): Promise<Read> {
  const [snapshot] = await parts.reader.readMany([address], []);
  return readOf(snapshot);
}

/**
 * The first variant if it is fresh, to copy it to another one. A stale one may have been invalidated softly, which its copy
 * would not know. Read consistently, because the copy carries the current version of the URL's tag.
 */
export async function readFirst(kit: Kit, key: string): Promise<Stored | undefined> {
  const { entry, state } = await kit.parts.reader.readConsistent(variantOf(kit, key, []), []);
  // Checked by the schema of the key.
  return state === 'fresh' ? (entry?.value as Stored | undefined) : undefined;
}

/**
 * True if variants of the URL may be cached although its index is not: a full store may have evicted that. It would serve no
 * variant without the record of the tag that all of them carry.
 */
export async function mayHaveVariants({ parts }: Kit, key: string): Promise<boolean> {
  if (parts.access.can.isDurable) return false;
  const [read] = await parts.versions.read([[key]]);
  return typeof read?.[1] === 'string';
}

interface Read {
  readonly isReadable: boolean;
  readonly value: Stored | undefined;
}

function readOf(snapshot: Snapshot | undefined): Read {
  const isReadable = snapshot !== undefined && snapshot.reason !== 'unreadable';
  // Checked by the schema of the key.
  const value = snapshot && isServable(snapshot) ? (snapshot.entry.value as Stored) : undefined;
  return { isReadable, value };
}

/**
 * The index in the store, empty if there is none. Undefined if the store cannot be read. Remembers it.
 *
 * A copy in an upper tier may be older than the variants of other processes, so the last tier is read.
 */
export async function readIndex(kit: Kit, key: string): Promise<Index | undefined> {
  const { isReadable, value } = await readLastTier(kit, key);
  if (!isReadable) return undefined;
  const index = value?.kind === 'index' && value.key === key ? value : emptyIndex(key);
  kit.indexes.set(key, index);
  return index;
}

const readLastTier = async (kit: Kit, key: string): Promise<Read> => {
  const { reader, access, keys } = kit.parts;
  const address = recordAddress(keys, key);
  return access.can.hasTiers ? readOf(await reader.read(address, [])) : readStored(kit, address);
};

/** True if the URL has as many variants as it may have, and this is none of them. */
export function isFull(index: Index, selected: Selected, now: number): boolean {
  const hash = hashOf(selected);
  const live = index.variants.filter(([, untilMs]) => untilMs > now);
  return live.length >= MOST_VARIANTS && !live.some(([each]) => each === hash);
}

/** One variant of a URL. */
interface Variant {
  readonly selected: Selected;
  readonly tags: readonly string[];
  /** Until when its response is cached, epoch milliseconds. */
  readonly untilMs: number;
}

/**
 * Adds a variant, its header names and its tags. The write is conditional: if another process has changed the index
 * meanwhile, this change is lost, which costs one more load later.
 */
export async function addToIndex(
  kit: Kit,
  key: string,
  { selected, tags, untilMs }: Variant,
): Promise<void> {
  const now = kit.now();
  const added = (before: Index): Index => ({
    kind: 'index',
    key,
    names: [...new Set([...before.names, ...selected.map(([name]) => name)])].sort(),
    tags,
    variants:
      selected.length === 0
        ? before.variants
        : [
            ...before.variants.filter(([hash, until]) => until > now && hash !== hashOf(selected)),
            [hashOf(selected), untilMs] as const,
          ].slice(-MOST_VARIANTS),
  });
  const known = kit.indexes.get(key) ?? emptyIndex(key);
  const next = added(known);
  kit.indexes.set(key, next);
  if (isSame(known, next, now)) return;
  const policy = {
    ttl: ttlOf(next, now),
    forceFresh: true,
    lease: false,
    staleIfError: 0,
  } as const;
  const written = await kit.cache.wrap(recordKey(key), policy, ({ staleValue }) => {
    const isIndex = staleValue?.kind === 'index' && staleValue.key === key;
    return added(isIndex ? staleValue : known);
  });
  if (written.kind === 'index') kit.indexes.set(key, written);
}

/** Twice the life of its variants, because their times are written again only when half of them is over. Seconds. */
function ttlOf({ variants }: Index, now: number): number {
  const lifeMs = Math.max(0, ...variants.map(([, untilMs]) => untilMs - now));
  return Math.min(INDEX_TTL + lifeMs / 500, LONGEST_INDEX_TTL);
}

/**
 * True if a write would change nothing but the time of a variant, which is written again only when half of it is over. A new
 * header name comes with a new variant.
 */
function isSame(before: Index, after: Index, now: number): boolean {
  const until = new Map(before.variants);
  return (
    before.tags.join('\n') === after.tags.join('\n') &&
    after.variants.every(
      ([hash, untilMs]) => untilMs - (until.get(hash) ?? 0) < (untilMs - now) / 2,
    )
  );
}
