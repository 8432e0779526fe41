import type { LoadDetails } from '../../engine/loading/load-context.js';
import { areInForce } from '../../engine/reading/entry-validator.js';
import { readGeneration, unusedVersions } from '../../engine/reading/tag-generation.js';
import type { DependencyName, DependencyVersions, ReadVersion } from '../../model/dependency.js';
import { checkedTags } from '../../model/policy-rules.js';
import { isEdgeHeader, isSpaced } from '../edge-tags.js';
import type { Kit } from '../kit.js';
import { carriedWith, type Gate, type Starts, type Versions } from '../pages/gates.js';
import type { Page } from '../pages/stored.js';
import { splitList } from '../rules/cache-control.js';

/** True if the tags of a response are known only once it is there. */
export const hasOwnTags = ({ settings }: Kit): boolean =>
  settings.tagsOf !== undefined || settings.tagHeader !== undefined;

/** The tags of a response that the options do not name, so that no lookup reads their versions by itself. */
export const ownTags = ({ settings }: Kit, { tags = [] }: Page): string[] =>
  tags.filter((tag) => !settings.tags.includes(tag));

/**
 * The versions that a load starts from, of the tags that its response may have: those of its URL's last response and of
 * other recent ones, and the generation of all others. With an edge also of the URL and the prefix, which are compared
 * before the response leaves.
 */
export async function startingVersions(
  kit: Kit,
  key: string,
  known: readonly string[],
): Promise<Starts> {
  const names = new Set<DependencyName>();
  if (hasOwnTags(kit)) for (const tag of [...known, ...kit.recentTags.keys()]) names.add(tag);
  if (isEdge(kit)) for (const name of [null, key, ...kit.settings.tags]) names.add(name);
  const [versions, generation] = await Promise.all([
    readVersions(kit, [...names]),
    hasOwnTags(kit) ? readGeneration(kit.parts) : undefined,
  ]);
  return { versions, generation };
}

async function readVersions(kit: Kit, names: readonly DependencyName[]): Promise<Versions> {
  const read = await kit.parts.versions.read(names.map((name) => [name]));
  return new Map(
    read.flatMap(([name, version]) => (typeof version === 'string' ? [[name, version]] : [])),
  );
}

/** The tags of the stored response that a 304 does not name, because it repeats few fields (RFC 9110, section 15.4.5). */
export const keptTags = (
  { settings: { tagHeader } }: Kit,
  stored: Page | undefined,
  { status, headers }: Response,
): readonly string[] =>
  stored && status === 304 && tagHeader !== undefined && !headers.has(tagHeader)
    ? (stored.tags ?? [])
    : [];

/**
 * All tags of a response: of the options, their function and the header. Undefined if the function throws or returns
 * anything but strings, because such a response could not be invalidated.
 *
 * @param kept tags of the response that it does not name.
 */
export function tagsOf(
  kit: Kit,
  request: Request,
  response: Response,
  kept: readonly string[] = [],
): string[] | undefined {
  const { tags, tagsOf: own, tagHeader } = kit.settings;
  const field = (tagHeader && response.headers.get(tagHeader)) ?? '';
  const named = isSpaced(tagHeader) ? field.split(/[\s,]+/).filter(Boolean) : splitList(field);
  try {
    const found = own ? checkedTags(own(request, response)) : [];
    return [...new Set([...tags, ...found, ...named, ...kept])];
  } catch {
    return undefined;
  }
}

/**
 * Gives the entry the tags of its response, with the versions from before the load. Resolves to undefined if one of them
 * is not known: then an invalidation may have come between, and the response must not be stored.
 *
 * A tag without a record has never been invalidated, or not for longer than any load takes, or its record was evicted:
 * see `unusedVersions`.
 */
export async function carryTags(
  kit: Kit,
  details: LoadDetails,
  tags: readonly string[],
  { versions, generation }: Starts,
): Promise<Versions | undefined> {
  for (const tag of tags) kit.recentTags.set(tag, true);
  const known = tags.flatMap((tag) => {
    const version = versions.get(tag);
    return version === undefined ? [] : [[tag, version] as const];
  });
  const others = tags.filter((tag) => !versions.has(tag));
  const unused = await unusedVersions(kit.parts, others, generation);
  if (!unused) return undefined;
  const carried = [...known, ...unused];
  if (carried.length > 0) details.carry(carried);
  return new Map(carried);
}

/**
 * True if a response that another request has loaded is still current. Its own tags were not known when this request
 * joined the load, so nobody has compared their versions.
 */
export async function isCarriedStill(
  kit: Kit,
  page: Page,
  gate: Gate | undefined,
): Promise<boolean> {
  const own = ownTags(kit, page);
  const carried = gate && carriedWith(gate, page);
  const current = carried && (await readVersions(kit, own));
  return own.every((tag) => carried?.has(tag) && carried.get(tag) === current?.get(tag));
}

/** True if a CDN reads the tag header, so that responses are kept where no version is compared. */
export const isEdge = ({ settings }: Kit): boolean =>
  settings.tagHeader !== undefined && isEdgeHeader(settings.tagHeader);

/** True if nothing that the response depends on has changed since its load began. */
export async function isUnchanged(
  kit: Kit,
  key: string,
  tags: readonly string[],
  starts: Versions,
): Promise<boolean> {
  const names = [null, key, ...tags];
  if (!names.every((name) => starts.has(name))) return false;
  const ends = await readVersions(kit, names);
  return names.every((name) => starts.get(name) === ends.get(name));
}

/**
 * The versions that a stored response of the URL may carry, from the store. A lookup takes those that this process
 * remembers (`versionTTL`, `tagTTL`), but an edge keeps the response for longer than that. Read beside the lookup, so that
 * a store that batches sends one request.
 */
export const versionsBeside = async (
  kit: Kit,
  key: string,
  tags: readonly string[],
): Promise<ReadonlyMap<DependencyName, ReadVersion>> => {
  const names = [null, key, ...kit.settings.tags, ...tags];
  return new Map(await kit.parts.versions.read(names.map((name) => [name])));
};

/** True if a hit carries the versions that the store has. `beside` lacks tags that the index did not name. */
export async function isHitCurrent(
  kit: Kit,
  carried: DependencyVersions,
  beside: ReturnType<typeof versionsBeside>,
): Promise<boolean> {
  const known = await beside;
  const others = carried.map(([name]) => name).filter((name) => !known.has(name));
  const current = new Map([...known, ...(await readVersions(kit, others))]);
  return areInForce(carried, (name) => current.get(name));
}
