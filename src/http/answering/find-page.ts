import type { LoadContext } from '../../engine/loading/load-context.js';
import type { Entry } from '../../model/entry.js';
import type { Accepts, WrapOptions } from '../../model/policy.js';
import type { Exchange, Kit } from '../kit.js';
import { Call, type Wanted } from '../loading/call.js';
import { PageLoad } from '../loading/load-page.js';
import { hasOwnTags, isCarriedStill } from '../loading/response-tags.js';
import { carriesUrl } from '../loading/url-index.js';
import type { Source } from '../pages/outgoing.js';
import { ageOf, freshLeft, recordKey, type Stored } from '../pages/stored.js';
import { type RequestDirectives, requestDirectives } from '../rules/freshness.js';
import { isCredentialed } from '../rules/judge.js';
import { matches } from '../rules/vary.js';

/** The result of a lookup for one request. */
export type Found =
  /** A record. `state` says how it came about, if it is a response. */
  | { readonly type: 'record'; readonly value: Stored; readonly source: Source }
  /** The response to this request alone. */
  | { readonly type: 'own'; readonly response: Response; readonly fwd: string }
  /** The load of another request failed, or cannot be shared. */
  | { readonly type: 'nothing'; readonly fwd: string };

/** The window of the service's call covers that of every response, which decides itself. */
const ANY_WINDOW = '31d';

/** Looks one variant up, or loads it: a `wrap` whose caller may refuse what is stored. */
export class PageFinder {
  readonly #kit: Kit;
  readonly #exchange: Exchange;
  readonly #call: Call;
  readonly #asked: RequestDirectives | undefined;
  /** The last record that was accepted, and how. */
  #accepted: { value: unknown; state: 'fresh' | 'stale' | 'last-good' } | undefined;
  #fwd = 'miss';

  constructor(kit: Kit, exchange: Exchange, wanted: Wanted) {
    this.#kit = kit;
    this.#exchange = exchange;
    this.#call = new Call(wanted);
    const { honourRequest } = kit.settings;
    this.#asked = honourRequest ? requestDirectives(exchange.request.headers) : undefined;
  }

  get call(): Call {
    return this.#call;
  }

  /** @throws The error of the origin, for the request that it was asked for. */
  async find(): Promise<Found> {
    const { gate, variant } = this.#call.wanted;
    const leave = () => this.#kit.gates.leave(variant, gate);
    const loading = this.#wrap();
    const streamed = this.#call.streamed.then((response) => ({ response }));
    const ended = loading.then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    let first = await Promise.race([ended, streamed, gate.released]);
    // Another load has released the gate. This one may still end either way.
    if (first === 'released' && this.#call.hasLed) first = await Promise.race([ended, streamed]);
    this.#call.isAnswered = true;
    const isStreamed = first !== 'released' && 'response' in first;
    // Until the body has been read nobody else may wait for it.
    if (isStreamed) void ended.then(leave);
    else leave();
    if (first === 'released' || 'response' in first) {
      this.#kit.background(ended);
      if (first === 'released') return { type: 'nothing', fwd: this.#fwd };
      return { type: 'own', response: first.response, fwd: this.#fwd };
    }
    return 'value' in first ? this.#found(first.value) : this.#failed(first.error);
  }

  /** Loads in the background, as a refresh does. */
  async preload(): Promise<void> {
    await this.#wrap();
  }

  #wrap(): Promise<Stored> {
    const { variant, isAlone } = this.#call.wanted;
    const load = (context: LoadContext<Stored>): Promise<Stored> =>
      new PageLoad(this.#kit, this.#exchange, this.#call, context).run();
    return this.#kit.cache.wrap(recordKey(variant), this.#policy(isAlone), load);
  }

  #policy(isAlone: boolean): WrapOptions & { accepts: Accepts } {
    const { wrapOptions, settings } = this.#kit;
    const { key, index, selected } = this.#call.wanted;
    const url = carriesUrl(this.#kit, selected) ? [key] : [];
    const canRefresh = this.#exchange.refresh !== undefined;
    return {
      ...wrapOptions,
      // The load decides about the times. These let it.
      ttl: '1d',
      staleIfError: ANY_WINDOW,
      tags: [...url, ...settings.tags, ...(hasOwnTags(this.#kit) ? index.tags : [])],
      lease: isAlone ? false : wrapOptions.lease,
      earlyRefresh: canRefresh && !isAlone ? wrapOptions.earlyRefresh : 0,
      accepts: (entry, state) => this.#accepts(entry, state),
    };
  }

  #accepts(entry: Entry, state: 'fresh' | 'stale' | 'last-good'): boolean {
    // Checked by the schema of the key.
    const refused = this.#refusal(entry.value as Stored, state);
    if (refused) this.#fwd = refused;
    else {
      this.#accepted = { value: entry.value, state };
      if (state !== 'last-good') this.#call.isServed = true;
    }
    return !refused;
  }

  /** The reason why the record does not answer this request, as `Cache-Status` names it. */
  #refusal(value: Stored, state: 'fresh' | 'stale' | 'last-good'): string | undefined {
    const { headers } = this.#exchange.request;
    if (value.key !== this.#call.wanted.key) return 'uri-miss';
    if (value.kind === 'pass') return state === 'last-good' ? 'stale' : undefined;
    if (value.kind !== 'page') return 'uri-miss';
    if (!matches(headers, value.vary)) return 'vary-miss';
    if (!value.isPublic && isCredentialed(headers)) return 'request';
    const now = this.#kit.now();
    const leftMs = freshLeft(value, now);
    if (state === 'last-good') return leftMs + value.errorMs > 0 ? undefined : 'stale';
    if (state === 'stale' && this.#exchange.refresh === undefined) return 'stale';
    if (leftMs + value.staleMs <= 0) return 'stale';
    const isWanted = this.#asked?.accepts(ageOf(value, now), leftMs) ?? true;
    return isWanted ? undefined : 'request';
  }

  async #found(value: Stored): Promise<Found> {
    const { own, hasLed, refusal } = this.#call;
    const accepted = this.#accepted;
    if (accepted && accepted.value === value) {
      // The 5xx that it replaces.
      if (own) own.body?.cancel().catch(() => {});
      return { type: 'record', value, source: { state: accepted.state } };
    }
    if (hasLed && refusal === undefined) {
      const state = this.#call.hasAdopted ? 'fresh' : 'loaded';
      return { type: 'record', value, source: { state, fwd: this.#fwd } };
    }
    const { headers } = this.#exchange.request;
    const isMine =
      value.kind !== 'page' ||
      (value.key === this.#call.wanted.key &&
        matches(headers, value.vary) &&
        (value.isPublic || !isCredentialed(headers)));
    if (!isMine) return { type: 'nothing', fwd: 'vary-miss' };
    const { gate } = this.#call.wanted;
    if (value.kind === 'page' && !(await isCarriedStill(this.#kit, value, gate)))
      return { type: 'nothing', fwd: this.#fwd };
    return { type: 'record', value, source: { state: 'joined', fwd: this.#fwd } };
  }

  #failed(error: unknown): Found {
    const { own, hasLed } = this.#call;
    if (own) return { type: 'own', response: own, fwd: this.#fwd };
    // Another request's error may be about its user.
    if (!hasLed) return { type: 'nothing', fwd: this.#fwd };
    throw error;
  }
}
