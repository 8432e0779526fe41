import type { CacheService } from '../../cache-service.js';
import { invalidateResponses } from '../../engine/writing/invalidate-responses.js';
import { withTimeout } from '../../model/time.js';
import { createKit, type Exchange, isMarked, type Kit, MARK } from '../kit.js';
import type { Wanted } from '../loading/call.js';
import { awaited, canRefresh, outerOf } from '../loading/origin-request.js';
import {
  hasOwnTags,
  isEdge,
  isHitCurrent,
  isUnchanged,
  versionsBeside,
} from '../loading/response-tags.js';
import {
  emptyIndex,
  mayHaveVariants,
  readIndex,
  readStored,
  variantKey,
} from '../loading/url-index.js';
import type { ResponseCacheOptions } from '../options.js';
import { respond, type Source } from '../pages/outgoing.js';
import { pageFor } from '../pages/page-for.js';
import { freshLeft, type Page, recordKey } from '../pages/stored.js';
import { nameRequest } from '../response-key.js';
import { requestDirectives } from '../rules/freshness.js';
import { isCredentialed } from '../rules/judge.js';
import { select } from '../rules/vary.js';
import { type Found, isWanted, PageFinder } from './find-page.js';
import { localPage } from './local-page.js';
import { leave, pass, passUnstorable } from './pass.js';

/** The longest wait for the invalidation by an unsafe request, milliseconds. It goes on afterwards. */
const INVALIDATION_MS = 5_000;

/** Methods that change nothing (RFC 9110, section 9.2.1), so their responses invalidate nothing. */
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY']);

/** Answers requests from the cache or from their origin. */
export type Answer = (exchange: Exchange) => Promise<Response>;

/** @throws CacheError `INVALID_OPTION` or `INVALID_DURATION` that names the option. */
export function createAnswer(cache: CacheService, options: ResponseCacheOptions): Answer {
  const kit = createKit(cache, options);
  return async (exchange) => {
    const { request } = exchange;
    const mark = request.headers.get(MARK);
    const { method } = request;
    const { key, reason: unnamed } = nameRequest(request, kit.settings);
    if (mark !== null && isMarked(mark)) return passRefresh(kit, exchange, mark, key);
    if (!SAFE.has(method)) return answerUnsafe(kit, exchange, key);
    if (method !== 'GET' && method !== 'HEAD')
      return pass(kit, exchange, { key: undefined, fwd: 'method' });
    if (key === undefined) return pass(kit, exchange, { key, fwd: 'bypass', reason: unnamed });
    const outer = outerOf(kit, key, request);
    if (outer === kit || kit.inner.get(key)) return exchange.next(request);
    if (outer) return passInside(kit, exchange, key, outer);
    const reason = passReason(kit, request);
    if (reason) return pass(kit, exchange, { key, fwd: 'request', reason });
    if (method === 'HEAD') return answerHead(kit, exchange, key);
    const held = localPage(kit, request, key, kit.now());
    const page = held instanceof Promise ? await held : held;
    return page ? reply(kit, exchange, page, { state: 'fresh' }) : answerGet(kit, exchange, key);
  };
}

/** A refresh of this cache goes to the origin. That of another one passes, still marked. */
function passRefresh(kit: Kit, { request, next }: Exchange, mark: string, key = '') {
  if (mark !== kit.mark) return next(request);
  const headers = new Headers(request.headers);
  headers.delete(MARK);
  return next(awaited(new Request(request.url, { headers }), { kit, key }, request));
}

/**
 * Passes the request of a load of the same record, by a response cache around this one, which from then on leaves the key
 * to this one: it knows neither the tags nor the times of this route.
 */
function passInside(kit: Kit, exchange: Exchange, key: string, outer: Kit): Promise<Response> {
  outer.inner.set(key, true);
  return pass(kit, exchange, { key, fwd: 'bypass', reason: 'nested' });
}

/** The reason why a request neither gets a stored response nor leads a load that others share. */
function passReason({ settings }: Kit, request: Request): string | undefined {
  const { headers } = request;
  if (headers.has('range')) return 'range';
  if (headers.has('if-match') || headers.has('if-unmodified-since')) return 'condition';
  if (headers.has('content-length') || headers.has('transfer-encoding')) return 'body';
  if (settings.honourRequest && requestDirectives(headers).isNoStore) return 'no-store';
  return undefined;
}

/** A successful unsafe request invalidates the responses of its URL (RFC 9111, section 4.4), if there are any. */
async function answerUnsafe(
  kit: Kit,
  exchange: Exchange,
  key: string | undefined,
): Promise<Response> {
  const response = await exchange.next(exchange.request);
  const isSuccess = response.status >= 200 && response.status < 400;
  if (isSuccess && key !== undefined) {
    // A failure is an event, and no reason to fail a request that has succeeded.
    const work = invalidateIfCached(kit, key).catch(() => {});
    kit.background(work);
    await withTimeout(work, INVALIDATION_MS, () => {});
  }
  return leave(kit, exchange, { key, fwd: 'method' }, response);
}

async function invalidateIfCached(kit: Kit, key: string): Promise<void> {
  const isKnown = kit.gates.isBusy(key) || kit.indexes.get(key) !== undefined;
  const records = [recordKey(key), recordKey(variantKey(key, []))];
  const { reader, addressOf } = kit.parts;
  const [found, hasVariants] = isKnown
    ? [[], true]
    : await Promise.all([reader.readMany(records.map(addressOf), []), mayHaveVariants(kit, key)]);
  // An expired one may still replace a failed response.
  if (hasVariants || found.some(({ entry }) => entry)) await invalidateResponses(kit.parts, [key]);
}

/** HEAD is answered from the response to GET. A HEAD that misses passes, because its response is none to a GET. */
async function answerHead(kit: Kit, exchange: Exchange, key: string): Promise<Response> {
  const { request } = exchange;
  const index = kit.indexes.get(key) ?? (await readIndex(kit, key));
  const selected = index && select(request.headers, index.names);
  const entry = selected && (await kit.cache.getEntry(recordKey(variantKey(key, selected))));
  const page = entry?.state === 'fresh' && pageFor(request, key, entry.value);
  const now = kit.now();
  return page && freshLeft(page, now) > 0 && isWanted(kit, request.headers, page, now)
    ? reply(kit, exchange, page, { state: 'fresh', isUncertain: isEdge(kit) })
    : pass(kit, exchange, { key, fwd: 'miss' });
}

async function answerGet(kit: Kit, exchange: Exchange, key: string): Promise<Response> {
  const { headers } = exchange.request;
  const hasCredentials = isCredentialed(headers);
  // Twice, because the first try may find that the URL varies by more headers than was known.
  for (let tries = 0; tries < 2; tries++) {
    const remembered = kit.indexes.get(key);
    let reading = remembered ? undefined : readIndex(kit, key);
    let index = remembered ?? emptyIndex(key);
    if (reading && hasCredentials) {
      const read = await reading;
      if (!read) return pass(kit, exchange, { key, fwd: 'request', reason: 'unreadable' });
      index = read;
      reading = undefined;
    }
    const selected = select(headers, index.names);
    if (!selected) return pass(kit, exchange, { key, fwd: 'request', reason: 'vary' });
    const variant = variantKey(key, selected);
    if (kit.unstorable.isKnown(variant, kit.now()))
      return passUnstorable(kit, exchange, key, variant);
    let isAlone = false;
    if (hasCredentials) {
      const { isReadable, value } = await readStored(kit, variant);
      const isShared = value?.kind === 'page' && value.isPublic;
      if (!isReadable || (value && !isShared))
        return pass(kit, exchange, { key, fwd: 'request', reason: 'credentials' });
      isAlone = value === undefined;
    } else if (kit.unstorable.isLikely(exchange.route, kit.now()))
      isAlone = (await readStored(kit, variant)).value === undefined;
    const waiting = kit.gates.get(variant);
    if (isAlone && waiting)
      return hasCredentials
        ? pass(kit, exchange, { key, fwd: 'miss', reason: 'credentials' })
        : passUnstorable(kit, exchange, key, variant);
    if (waiting?.isReleased) return pass(kit, exchange, { key, fwd: 'miss', reason: 'stream' });
    const wanted: Wanted = {
      ...{ key, variant, index, selected, hasCredentials, isAlone, isBehind: false },
      readIndex: () => reading ?? readIndex(kit, key),
    };
    const finder = new PageFinder(kit, exchange, wanted);
    // Otherwise once nothing stored is served, which most requests never learn.
    if (waiting || isAlone || hasOwnTags(kit)) finder.enter();
    if (isEdge(kit)) finder.call.beside = versionsBeside(kit, key, index.tags);
    const found = await finder.find();
    if (found.type === 'record' && found.value.kind === 'moved') continue;
    return finish(kit, exchange, finder, found);
  }
  return pass(kit, exchange, { key, fwd: 'vary-miss' });
}

function finish(
  kit: Kit,
  exchange: Exchange,
  finder: PageFinder,
  found: Found,
): Response | Promise<Response> {
  const { call } = finder;
  const { key } = call.wanted;
  if (found.type === 'own')
    return leave(kit, exchange, { key, fwd: found.fwd, reason: call.refusal }, found.response);
  if (found.type === 'nothing') return pass(kit, exchange, { key, fwd: found.fwd });
  const { value, source } = found;
  const { route } = exchange;
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

function reply(kit: Kit, exchange: Exchange, page: Page, source: Source): Response {
  const { request } = exchange;
  const response = respond(page, source, { request, now: kit.now(), outgoing: kit.outgoing });
  return kit.report(exchange, response, { key: page.key, outcome: OUTCOMES[source.state] });
}

const isCurrent = (kit: Kit, { starts, wanted, carried }: PageFinder['call'], page: Page) =>
  isUnchanged(kit, wanted.key, page.tags, new Map([...starts.versions, ...(carried ?? [])]));

const OUTCOMES = {
  fresh: 'hit',
  stale: 'stale',
  'last-good': 'stale',
  loaded: 'miss',
  joined: 'joined',
} as const;

/** Loads a response again whose tags are known now, so that it can be stored. */
function preload(kit: Kit, exchange: Exchange, wanted: Wanted): void {
  const index = kit.indexes.get(wanted.key) ?? wanted.index;
  const behind = { ...wanted, index, isBehind: true };
  if (canRefresh(kit, exchange, behind))
    kit.background(new PageFinder(kit, exchange, behind).preload());
}
