import type { Exchange, Kit } from '../kit.js';
import { isOnlyIfCached } from '../loading/origin-request.js';
import { isEdge, tagsOf } from '../loading/response-tags.js';
import { passOn } from '../pages/outgoing.js';
import { isCredentialed, judge } from '../rules/judge.js';

/** Why a request passes the cache: `fwd` for `Cache-Status` (RFC 9211), and the reason for its event. */
interface Passing {
  readonly key: string | undefined;
  readonly fwd: string;
  readonly reason?: string | undefined;
}

const ask = (kit: Kit, exchange: Exchange): Response | Promise<Response> =>
  isOnlyIfCached(kit, exchange)
    ? new Response(null, { status: 504 })
    : exchange.next(exchange.request);

/** Answers a request from the origin, past the cache. */
export async function pass(kit: Kit, exchange: Exchange, passing: Passing): Promise<Response> {
  return leave(kit, exchange, passing, await ask(kit, exchange));
}

/** Passes a request whose response can hardly be stored, and learns from it if that has changed. */
export async function passUnstorable(
  kit: Kit,
  exchange: Exchange,
  key: string,
  variant: string,
): Promise<Response> {
  const { request, headers: asked, route } = exchange;
  const requestedMs = kit.now();
  const response = await ask(kit, exchange);
  const { status, headers } = response;
  const receivedMs = kit.now();
  // A 304 does not describe the response that the client has, and a failure does not describe the next one.
  if (status !== 304 && status < 500 && !isCredentialed(asked)) {
    const answered = { request, status, headers, requestedMs, receivedMs };
    const { refusal } = judge(answered, kit.route);
    kit.unstorable.passed(variant, route, refusal, receivedMs);
  }
  return leave(kit, exchange, { key, fwd: 'miss', reason: 'passing' }, response);
}

/** The origin's response, on its way out past the cache. */
export function leave(
  kit: Kit,
  exchange: Exchange,
  { key, fwd, reason }: Passing,
  response: Response,
): Response {
  const tags = isEdge(kit) ? (tagsOf(kit, exchange.request, response) ?? []) : [];
  const passed = passOn(response, fwd, { key, tags }, kit.outgoing);
  return kit.report(exchange, passed, { key, outcome: 'pass', reason });
}
