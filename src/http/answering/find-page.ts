import type { LoadContext } from '../../engine/loading/load-context.js';
import type { Read } from '../../engine/lookup.js';
import type { DependencyVersions } from '../../model/dependency.js';
import type { Entry } from '../../model/entry.js';
import type { Caller, ResolvedPolicy } from '../../model/policy.js';
import type { Exchange, Kit } from '../kit.js';
import { Call, type Waiting, type Wanted } from '../loading/call.js';
import { PageLoad } from '../loading/load-page.js';
import { canRefresh } from '../loading/origin-request.js';
import { isCarriedStill } from '../loading/response-tags.js';
import { carriesUrl } from '../loading/url-index.js';
import type { Source } from '../pages/outgoing.js';
import { pageFor } from '../pages/page-for.js';
import { ageOf, freshLeft, type Page, type Stored } from '../pages/stored.js';
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

/** The tags whose versions are read with a variant. */
export function tagsToRead(kit: Kit, { key, index, selected }: Wanted): readonly string[] {
  const { tags } = kit.policy;
  const isUrlRead = carriesUrl(kit, selected);
  // The index has only tags that responses brought.
  if (!isUrlRead && index.tags.length === 0) return tags;
  return [...new Set([...(isUrlRead ? [key] : []), ...tags, ...index.tags])];
}

/** Looks one variant up, or loads it: a `wrap` whose caller may refuse what is stored. */
export class PageFinder implements Caller {
  readonly #kit: Kit;
  readonly #exchange: Exchange;
  readonly #call: Call;
  readonly #policy: ResolvedPolicy;
  /** The last record that was accepted, and how. */
  #accepted: { entry: Entry; state: 'fresh' | 'stale' | 'last-good' } | undefined;
  #fwd = 'miss';

  constructor(kit: Kit, exchange: Exchange, wanted: Wanted) {
    this.#kit = kit;
    this.#exchange = exchange;
    this.#call = new Call(wanted);
    this.#policy = this.#policyOf(wanted);
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
    const { waiting } = this.#call;
    if (waiting)
      return this.#wait(
        this.#readWatched((read) => this.#serve(read)),
        waiting,
      );
    return this.#readWatched((read) => this.proceed(read));
  }

  /** Goes on from a read whose watch ends in this turn. @throws The same as `find`. */
  proceed(read: Read): Promise<Found> {
    const loading = this.#serve(read);
    const { waiting } = this.#call;
    if (waiting) return this.#wait(loading, waiting);
    this.#call.isAnswered = true;
    return loading.then(
      (value) => this.#found(value),
      (error: unknown) => this.#failed(error),
    );
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
    await this.#readWatched((read) => this.#serve(read));
  }

  #readWatched<T>(proceed: (read: Read) => Promise<T>): Promise<T> {
    const { lookup } = this.#kit;
    return lookup.readWatched(this.#call.wanted.address, this.#policy, proceed);
  }

  /** Begins in its own turn to load what is not stored. */
  async #serve(read: Read): Promise<Stored> {
    const request = { address: this.#call.wanted.address, policy: this.#policy, ...read };
    // The load and the schema of the key give nothing else.
    return this.#kit.lookup.serveOrLoad(request, (context) => this.#load(context)) as Stored;
  }

  #load(context: LoadContext<unknown>): Promise<Stored> {
    // The schema of the key has checked its stale value.
    const own = context as LoadContext<Stored>;
    return new PageLoad(this.#kit, this.#exchange, this.#call, own).run();
  }

  #policyOf(wanted: Wanted): ResolvedPolicy {
    const { policy } = this.#kit;
    return {
      ...policy,
      tags: tagsToRead(this.#kit, wanted),
      lease: wanted.isAlone ? undefined : policy.lease,
      earlyRefresh: policy.earlyRefresh && this.#canRefresh() ? policy.earlyRefresh : 0,
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
    if (!this.#call.waiting && !this.#call.wanted.isBehind) this.enter();
  }

  /** The reason why the record does not answer this request, as `Cache-Status` names it. */
  #refusal(value: Stored, state: 'fresh' | 'stale' | 'last-good'): string | undefined {
    const { headers } = this.#exchange;
    if (value.key !== this.#call.wanted.key) return 'uri-miss';
    // A load after the response could store what this request must not get.
    if (value.kind === 'pass') return state === 'fresh' ? undefined : 'stale';
    if (value.kind !== 'page') return 'uri-miss';
    if (!matches(headers, value.vary)) return 'vary-miss';
    if (!value.isPublic && this.#call.wanted.hasCredentials) return 'request';
    const now = this.#kit.now();
    const leftMs = freshLeft(value, now);
    if (state === 'last-good') return leftMs + (value.errorMs ?? 0) > 0 ? undefined : 'stale';
    if (leftMs + (value.staleMs ?? 0) <= 0) return 'stale';
    if (state === 'stale' && !this.#canRefresh()) return 'stale';
    return isWanted(this.#kit, headers, value, now) ? undefined : 'request';
  }

  #canRefresh(): boolean {
    return canRefresh(this.#kit, this.#exchange, this.#call.wanted);
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
      const page = pageFor(this.#exchange.headers, wanted.key, value);
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
