import type { CacheService } from '../../cache-service.js';
import { invalidateResponses } from '../../engine/writing/invalidate-responses.js';
import { withTimeout } from '../../model/time.js';
import { createKit, type Exchange, type Kit, MARK, markIn } from '../kit.js';
import { awaited, outerOf } from '../loading/origin-request.js';
import { isEdge } from '../loading/response-tags.js';
import { mayHaveVariants, readIndex, variantOf } from '../loading/url-index.js';
import type { ResponseCacheOptions } from '../options.js';
import { freshPageFor } from '../pages/page-for.js';
import { type Page, recordAddress, recordKey } from '../pages/stored.js';
import { nameRequest } from '../response-key.js';
import { requestDirectives } from '../rules/freshness.js';
import { select } from '../rules/vary.js';
import { answerGet } from './answer-get.js';
import { isWanted } from './find-page.js';
import { localPage } from './local-page.js';
import { leave, pass } from './pass.js';
import { reply } from './reply.js';

/** The longest wait for the invalidation by an unsafe request, milliseconds. It goes on afterwards. */
const INVALIDATION_MS = 5_000;

/** Methods that change nothing (RFC 9110, section 9.2.1), so their responses invalidate nothing. */
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY']);

/** Answers requests from the cache or from their origin. */
export type Answer = (exchange: Exchange) => Response | Promise<Response>;

/** @throws CacheError `INVALID_OPTION` or `INVALID_DURATION` that names the option. */
export function createAnswer(cache: CacheService, options: ResponseCacheOptions): Answer {
  const kit = createKit(cache, options);
  return (exchange) => {
    const { request, method, headers } = exchange;
    const mark = markIn(headers);
    const { key, reason: unnamed } = nameRequest(request, kit.settings);
    if (mark) return passRefresh(kit, exchange, mark, key);
    if (!SAFE.has(method)) return answerUnsafe(kit, exchange, key);
    if (method !== 'GET' && method !== 'HEAD')
      return pass(kit, exchange, { key: undefined, fwd: 'method' });
    if (key === undefined) return pass(kit, exchange, { key, fwd: 'bypass', reason: unnamed });
    const outer = outerOf(kit, key, request);
    if (outer === kit || kit.inner.get(key)) return exchange.next(request);
    if (outer) return passInside(kit, exchange, key, outer);
    const reason = passReason(kit, headers);
    if (reason) return pass(kit, exchange, { key, fwd: 'request', reason });
    if (method === 'HEAD') return answerHead(kit, exchange, key);
    const proceed = (page: Page | undefined) =>
      page ? reply(kit, exchange, page, { state: 'fresh' }) : answerGet(kit, exchange, key);
    const held = localPage(kit, headers, key);
    return held instanceof Promise ? held.then(proceed) : proceed(held);
  };
}

/** A refresh of this cache goes to the origin. That of another one passes, still marked. */
function passRefresh(kit: Kit, exchange: Exchange, mark: string, key = '') {
  const { request, next } = exchange;
  if (mark !== kit.mark) return next(request);
  const headers = new Headers(exchange.headers);
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
function passReason({ settings }: Kit, headers: Headers): string | undefined {
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
  const { reader, keys } = kit.parts;
  const records = [recordAddress(keys, key), variantOf(kit, key, [])];
  const [found, hasVariants] = isKnown
    ? [[], true]
    : await Promise.all([reader.readMany(records, []), mayHaveVariants(kit, key)]);
  // An expired one may still replace a failed response.
  if (hasVariants || found.some(({ entry }) => entry)) await invalidateResponses(kit.parts, [key]);
}

/** HEAD is answered from the response to GET. A HEAD that misses passes, because its response is none to a GET. */
async function answerHead(kit: Kit, exchange: Exchange, key: string): Promise<Response> {
  const { headers } = exchange;
  const index = kit.indexes.get(key) ?? (await readIndex(kit, key));
  const selected = index && select(headers, index.names);
  const entry =
    selected && (await kit.cache.getEntry(recordKey(variantOf(kit, key, selected).key)));
  const now = kit.now();
  const page = entry?.state === 'fresh' && freshPageFor(headers, key, entry.value, now);
  return page && isWanted(kit, headers, page, now)
    ? reply(kit, exchange, page, { state: 'fresh', isUncertain: isEdge(kit) })
    : pass(kit, exchange, { key, fwd: 'miss' });
}
