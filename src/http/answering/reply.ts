import type { Exchange, Kit } from '../kit.js';
import { respond, type Source } from '../pages/outgoing.js';
import type { Page } from '../pages/stored.js';

const OUTCOMES = {
  fresh: 'hit',
  stale: 'stale',
  'last-good': 'stale',
  loaded: 'miss',
  joined: 'joined',
} as const;

/** Answers a request with a response that was stored, or that a load has brought. */
export function reply(kit: Kit, exchange: Exchange, page: Page, source: Source): Response {
  const { outgoing } = kit;
  const response = respond(page, source, { asked: exchange, now: kit.now(), outgoing });
  return kit.report(exchange, response, { key: page.key, outcome: OUTCOMES[source.state] });
}
