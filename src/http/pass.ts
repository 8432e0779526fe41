import { isCredentialed, judge } from './judge.js';
import type { Exchange, Kit } from './kit.js';
import { passOn } from './outgoing.js';
import { isEdge, tagsOf } from './response-tags.js';

/** Answers a request from the origin, past the cache. */
export async function pass(
  kit: Kit,
  exchange: Exchange,
  key: string | undefined,
  fwd: string,
  reason?: string,
): Promise<Response> {
  const { request, next } = exchange;
  return leave(kit, exchange, key, fwd, await next(request), reason);
}

/** Passes a request whose response can hardly be stored, and learns from it if that has changed. */
export async function passUnstorable(
  kit: Kit,
  exchange: Exchange,
  key: string,
  variant: string,
): Promise<Response> {
  const { request, next, route } = exchange;
  const requestedMs = kit.now();
  const response = await next(request);
  const { status, headers } = response;
  const receivedMs = kit.now();
  // A 304 and a failure do not tell if the next response can be stored.
  if (status !== 304 && status < 500 && !isCredentialed(request.headers)) {
    const judged = judge({ request, status, headers, requestedMs, receivedMs }, kit.route);
    const refusal = 'refusal' in judged ? judged.refusal : undefined;
    kit.unstorable.passed(variant, route, refusal, receivedMs);
  }
  return leave(kit, exchange, key, 'miss', response, 'passing');
}

/** The origin's response, on its way out past the cache. */
export function leave(
  kit: Kit,
  exchange: Exchange,
  key: string | undefined,
  fwd: string,
  response: Response,
  reason?: string,
): Response {
  const tags = isEdge(kit) ? (tagsOf(kit, exchange.request, response) ?? []) : [];
  const passed = passOn(response, fwd, { key, tags }, kit.outgoing);
  return kit.report(exchange, key, 'pass', passed, reason);
}
