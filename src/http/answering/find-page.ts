import type { LoadContext } from '../../engine/loading/load-context.js';
import type { DependencyVersions } from '../../model/dependency.js';
import type { Entry } from '../../model/entry.js';
import type { Caller, ResolvedPolicy } from '../../model/policy.js';
import type { Exchange, Kit } from '../kit.js';
import { Call, type Waiting, type Wanted } from '../loading/call.js';
import { PageLoad } from '../loading/load-page.js';
import { isCarriedStill } from '../loading/response-tags.js';
import { carriesUrl } from '../loading/url-index.js';
import type { Source } from '../pages/outgoing.js';
import { pageFor } from '../pages/page-for.js';
import { ageOf, freshLeft, type Page, recordKey, type Stored } from '../pages/stored.js';
import { requestDirectives } from '../rules/freshness.js';
import { matches } from '../rules/vary.js';

/** The result of a lookup for one request. */
export type Found =
  /** A record. `state` says how it came about, if it is a response. */
  | {
      readonly type: 'record';
      readonly value: Stored;
      readonly source: Source;
      /** The versions that a hit carries. */
      readonly versions?: DependencyVersions;
    }
  /** The response to this request alone. */
  | { readonly type: 'own'; readonly response: Response; readonly fwd: string }
  /** The load of another request failed, or cannot be shared. */
  | { readonly type: 'nothing'; readonly fwd: string };

/** False if the directives of the request refuse the page, and the cache obeys them. */
export const isWanted = ({ settings }: Kit, headers: Headers, page: Page, now: number): boolean =>
  !settings.honourRequest ||
  requestDirectives(headers).accepts(ageOf(page, now), freshLeft(page, now));

interface Asking {
  readonly loading: Promise<Stored>;
  readonly resolve: (found: Promise<Found>) => void;
}

/** Looks one variant up, or loads it: a `wrap` whose caller may refuse what is stored. */
export class PageFinder implements Caller {
  readonly #kit: Kit;
  readonly #exchange: Exchange;
  readonly #call: Call;
  /** The last record that was accepted, and how. */
  #accepted: { entry: Entry; state: 'fresh' | 'stale' | 'last-good' } | undefined;
  #fwd = 'miss';
  /** The call of `find`, while it waits for the store alone. No function, which V8 would keep until a full collection. */
  #asking: Asking | undefined;

  constructor(kit: Kit, exchange: Exchange, wanted: Wanted) {
    this.#kit = kit;
    this.#exchange = exchange;
    this.#call = new Call(wanted);
  }

  get call(): Call {
    return this.#call;
  }

  /** Begins to wait for a load. Other requests of this process then find this one's gate. */
  enter(): Waiting {
    const { variant, key } = this.#call.wanted;
    return this.#call.enter(this.#kit.gates.enter(variant, key));
  }

  /** @throws The error of the origin, for the request that it was asked for. */
  find(): Promise<Found> {
    const loading = this.#wrap();
    if (this.#call.waiting) return this.#wait(loading, this.#call.waiting);
    return new Promise((resolve) => {
      this.#asking = { loading, resolve };
      const served = (found: () => Found | Promise<Found>) => {
        if (this.#call.waiting) return;
        this.#call.isAnswered = true;
        resolve(found());
      };
      loading.then(
        (value) => served(() => this.#found(value)),
        (error: unknown) => served(() => this.#failed(error)),
      );
    });
  }

  async #wait(loading: Promise<Stored>, { gate, streamed }: Waiting): Promise<Found> {
    const { call } = this;
    const leave = () => this.#kit.gates.leave(call.wanted.variant, gate);
    const answered = streamed.then((response) => ({ response }));
    const ended = loading.then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    let first = await Promise.race([ended, answered, gate.released]);
    // Another load has released the gate. This one may still end either way.
    if (first === 'released' && call.hasLed) first = await Promise.race([ended, answered]);
    call.isAnswered = true;
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
    const load = (context: LoadContext<unknown>): Promise<Stored> => {
      // The schema of the key has checked its stale value.
      const own = context as LoadContext<Stored>;
      return new PageLoad(this.#kit, this.#exchange, this.#call, own).run();
    };
    // Its load and the schema of its key give nothing else.
    return this.#kit.lookup.wrap(
      recordKey(this.#call.wanted.variant),
      this.#policy(),
      load,
    ) as Promise<Stored>;
  }

  #policy(): ResolvedPolicy {
    const { policy } = this.#kit;
    const { key, index, selected, isAlone } = this.#call.wanted;
    const url = carriesUrl(this.#kit, selected) ? [key] : [];
    // The index has only tags that responses brought.
    const own = index.tags;
    return {
      ...policy,
      tags:
        url.length + own.length > 0 ? [...new Set([...url, ...policy.tags, ...own])] : policy.tags,
      lease: isAlone ? undefined : policy.lease,
      earlyRefresh: this.#exchange.refresh ? policy.earlyRefresh : 0,
      caller: this,
    };
  }

  accepts(entry: Entry, state: 'fresh' | 'stale' | 'last-good'): boolean {
    // Checked by the schema of the key.
    const refused = this.#refusal(entry.value as Stored, state);
    if (refused) this.#fwd = refused;
    else {
      this.#accepted = { entry, state };
      if (state !== 'last-good') this.#call.isServed = true;
    }
    return !refused;
  }

  misses(): void {
    if (this.#call.waiting || this.#call.wanted.isBehind) return;
    const waiting = this.enter();
    const asking = this.#asking;
    asking?.resolve(this.#wait(asking.loading, waiting));
  }

  /** The reason why the record does not answer this request, as `Cache-Status` names it. */
  #refusal(value: Stored, state: 'fresh' | 'stale' | 'last-good'): string | undefined {
    const { headers } = this.#exchange.request;
    if (value.key !== this.#call.wanted.key) return 'uri-miss';
    // A refresh would call `next` once more than its request may.
    const isLate = state === 'stale' && this.#exchange.refresh === undefined;
    if (value.kind === 'pass') return isLate || state === 'last-good' ? 'stale' : undefined;
    if (value.kind !== 'page') return 'uri-miss';
    if (!matches(headers, value.vary)) return 'vary-miss';
    if (!value.isPublic && this.#call.wanted.hasCredentials) return 'request';
    const now = this.#kit.now();
    const leftMs = freshLeft(value, now);
    if (state === 'last-good') return leftMs + value.errorMs > 0 ? undefined : 'stale';
    if (isLate || leftMs + value.staleMs <= 0) return 'stale';
    return isWanted(this.#kit, headers, value, now) ? undefined : 'request';
  }

  #found(value: Stored): Found | Promise<Found> {
    const { own, hasLed } = this.#call;
    const accepted = this.#accepted;
    if (accepted && accepted.entry.value === value) {
      // The 5xx that it replaces.
      if (own) own.body?.cancel().catch(() => {});
      const { entry, state } = accepted;
      return { type: 'record', value, source: { state }, versions: entry.versions };
    }
    if (hasLed) {
      const state = this.#call.hasAdopted ? 'fresh' : 'loaded';
      return { type: 'record', value, source: { state, fwd: this.#fwd } };
    }
    return this.#joined(value);
  }

  async #joined(value: Stored): Promise<Found> {
    const { wanted, waiting } = this.#call;
    if (value.kind === 'page') {
      const page = pageFor(this.#exchange.request, wanted.key, value);
      if (!page) return { type: 'nothing', fwd: 'vary-miss' };
      if (!(await isCarriedStill(this.#kit, page, waiting?.gate)))
        return { type: 'nothing', fwd: this.#fwd };
    }
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
