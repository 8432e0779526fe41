import { isFresh } from '../../model/snapshot.js';
import type { Exchange, Kit } from '../kit.js';
import type { Call, Wanted } from '../loading/call.js';
import { canRefresh } from '../loading/origin-request.js';
import {
  hasOwnTags,
  isEdge,
  isHitCurrent,
  isUnchanged,
  versionsBeside,
} from '../loading/response-tags.js';
import { emptyIndex, readIndex, readStored, variantOf } from '../loading/url-index.js';
import { freshPageFor } from '../pages/page-for.js';
import type { Page, Stored } from '../pages/stored.js';
import { isCredentialed } from '../rules/judge.js';
import { select } from '../rules/vary.js';
import { type Found, PageFinder, tagsToRead } from './find-page.js';
import { leave, pass, passUnstorable } from './pass.js';
import { reply } from './reply.js';

/**
 * Answers a GET from the cache, or from a load that others may share. Promises instead of `await`, because most requests
 * wait for one read only.
 */
export function answerGet(
  kit: Kit,
  exchange: Exchange,
  key: string,
  isAgain = false,
): Promise<Response> {
  const known = kit.indexes.get(key);
  const hasCredentials = isCredentialed(exchange.headers);
  const visit = { key, hasCredentials, isAgain, index: known ?? emptyIndex(key) };
  if (known) return answerVariant(kit, exchange, visit);
  const reading = readIndex(kit, key);
  if (!hasCredentials) return answerVariant(kit, exchange, { ...visit, reading });
  return reading.then((index) =>
    index
      ? answerVariant(kit, exchange, { ...visit, index })
      : pass(kit, exchange, { key, fwd: 'request', reason: 'unreadable' }),
  );
}

function answerVariant(
  kit: Kit,
  exchange: Exchange,
  visit: Pick<Wanted, 'key' | 'hasCredentials' | 'isAgain' | 'index' | 'reading'>,
): Promise<Response> {
  const { key, index } = visit;
  const { headers, route } = exchange;
  const selected = select(headers, index.names);
  if (!selected) return pass(kit, exchange, { key, fwd: 'request', reason: 'vary' });
  const address = variantOf(kit, key, selected);
  const variant = address.key;
  const now = kit.now();
  if (kit.unstorable.isKnown(variant, now)) return passUnstorable(kit, exchange, key, variant);
  const wanted = { ...visit, variant, address, selected, isAlone: false, isBehind: false };
  return visit.hasCredentials || kit.unstorable.isLikely(route, now)
    ? answerAlone(kit, exchange, wanted)
    : answerWanted(kit, exchange, wanted);
}

/** Answers a request that no other one may wait for, unless its variant is stored. */
async function answerAlone(kit: Kit, exchange: Exchange, wanted: Wanted): Promise<Response> {
  const { key, hasCredentials } = wanted;
  const { isReadable, value } = await readStored(kit, wanted.address);
  const isShared = value?.kind === 'page' && value.isPublic;
  if (hasCredentials && (!isReadable || (value && !isShared)))
    return pass(kit, exchange, { key, fwd: 'request', reason: 'credentials' });
  return answerWanted(kit, exchange, { ...wanted, isAlone: value === undefined });
}

function answerWanted(kit: Kit, exchange: Exchange, wanted: Wanted): Promise<Response> {
  const { key, variant, isAlone, hasCredentials } = wanted;
  const waiting = kit.gates.get(variant);
  if (isAlone && waiting)
    return hasCredentials
      ? pass(kit, exchange, { key, fwd: 'miss', reason: 'credentials' })
      : passUnstorable(kit, exchange, key, variant);
  if (waiting?.isReleased) return pass(kit, exchange, { key, fwd: 'miss', reason: 'stream' });
  if (kit.readsPlainly && !waiting && !isAlone) return answerPlainly(kit, exchange, wanted);
  const finder = new PageFinder(kit, exchange, wanted);
  // Otherwise once nothing stored is served, which most requests never learn.
  if (waiting || isAlone || hasOwnTags(kit)) finder.enter();
  if (isEdge(kit)) finder.call.beside = versionsBeside(kit, key, wanted.index.tags);
  return finder.find().then((found) => finish(kit, exchange, finder, found));
}

/** Most requests end in the turn of their read, without all that a load needs. */
function answerPlainly(kit: Kit, exchange: Exchange, wanted: Wanted): Promise<Response> {
  const { lookup, unstorable } = kit;
  const { headers, route } = exchange;
  const { key, variant, address } = wanted;
  const policy = { tags: tagsToRead(kit, wanted), forceFresh: false, caller: undefined };
  return lookup.readWatched(address, policy, (read) => {
    const { snapshot } = read;
    if (isFresh(snapshot)) {
      const now = kit.now();
      // Checked by the schema of the key.
      const page = freshPageFor(headers, key, snapshot.entry.value as Stored, now);
      if (page) {
        lookup.hit(variant, snapshot, now);
        unstorable.stored(variant, route, now);
        return reply(kit, exchange, page, { state: 'fresh' });
      }
    }
    const finder = new PageFinder(kit, exchange, wanted);
    return finder.proceed(read).then((found) => finish(kit, exchange, finder, found));
  });
}

function finish(
  kit: Kit,
  exchange: Exchange,
  finder: PageFinder,
  found: Found,
): Response | Promise<Response> {
  const { call } = finder;
  const { key, isAgain } = call.wanted;
  if (found.type === 'own')
    return leave(kit, exchange, { key, fwd: found.fwd, reason: call.refusal }, found.response);
  if (found.type === 'nothing') return pass(kit, exchange, { key, fwd: found.fwd });
  const { value, source } = found;
  const { route } = exchange;
  if (value.kind === 'moved')
    return isAgain
      ? pass(kit, exchange, { key, fwd: 'vary-miss' })
      : answerGet(kit, exchange, key, true);
  if (value.kind === 'pass') return pass(kit, exchange, { key, fwd: 'miss', reason: value.reason });
  if (value.kind !== 'page') return pass(kit, exchange, { key, fwd: 'miss' });
  if (source.state !== 'loaded') kit.unstorable.stored(call.wanted.variant, route, kit.now());
  if (call.hasNewTags) preload(kit, exchange, call.wanted);
  const respondNow = (isUncertain: boolean) =>
    reply(kit, exchange, value, { ...source, isUncertain, isStored: call.isStored });
  if (!call.beside) return respondNow(false);
  if (source.state === 'loaded')
    return isCurrent(kit, call, value).then((isSame) => respondNow(!isSame));
  // No edge keeps any other one: nobody has compared its versions.
  if (source.state !== 'fresh' || !found.versions) return respondNow(true);
  return isHitCurrent(kit, found.versions, call.beside).then((isSame) => respondNow(!isSame));
}

const isCurrent = (kit: Kit, { starts, wanted, carried }: Call, page: Page) =>
  isUnchanged(kit, wanted.key, page.tags ?? [], new Map([...starts.versions, ...(carried ?? [])]));

/** Loads a response again whose tags are known now, so that it can be stored. */
function preload(kit: Kit, exchange: Exchange, wanted: Wanted): void {
  const index = kit.indexes.get(wanted.key) ?? wanted.index;
  const behind = { ...wanted, index, isBehind: true };
  if (canRefresh(kit, exchange, behind))
    kit.background(new PageFinder(kit, exchange, behind).preload());
}
