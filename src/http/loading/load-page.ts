import {
  detailsOf,
  type LoadContext,
  type LoadDetails,
} from '../../engine/loading/load-context.js';
import { type Exchange, type Kit, setMark } from '../kit.js';
import { pageFor } from '../pages/page-for.js';
import { entryTimes, freshLeft, type Index, type Page, type Stored } from '../pages/stored.js';
import { PASS_MS } from '../pages/unstorable.js';
import { isCredentialed, type Judged, judge } from '../rules/judge.js';
import { hashOf } from '../rules/vary.js';
import { contentLength, readAtOnce, readWhole, relay, streamOf } from './body.js';
import type { Call } from './call.js';
import {
  awaited,
  isOf,
  isOnlyIfCached,
  loadRequest,
  mergedResponse,
  refreshRequest,
} from './origin-request.js';
import { pageOf } from './page-of.js';
import { carryTags, keptTags, ownTags, startingVersions, tagsOf } from './response-tags.js';
import { addToIndex, isFull, readFirst, readIndex } from './url-index.js';

/** The origin answered with a 5xx, which counts as a failed load. */
class OriginError extends Error {
  override readonly name = 'OriginError';
}

/** One load of a response: asks the origin, decides if the response is stored, and under which times and tags. */
export class PageLoad {
  readonly #kit: Kit;
  readonly #exchange: Exchange;
  readonly #call: Call;
  readonly #context: LoadContext<Stored>;
  readonly #details: LoadDetails;
  readonly #isBehind: boolean;
  #index: Index;

  constructor(kit: Kit, exchange: Exchange, call: Call, context: LoadContext<Stored>) {
    this.#kit = kit;
    this.#exchange = exchange;
    this.#call = call;
    this.#context = context;
    this.#details = detailsOf(context);
    this.#isBehind = call.isServed;
    this.#index = call.wanted.index;
    if (!this.#isBehind) call.hasLed = true;
    // Nobody joins a load that adds tags, not even none.
    if (call.wanted.isAlone) this.#details.carry([]);
  }

  async run(): Promise<Stored> {
    const { wanted, isAnswered } = this.#call;
    if (isAnswered && !this.#isBehind) {
      // The client did not wait for this load, and has asked the origin itself.
      this.#context.skip();
      return { kind: 'pass', key: wanted.key, reason: 'stream' };
    }
    if (!this.#isBehind && isOnlyIfCached(this.#kit, this.#exchange)) {
      this.#context.skip();
      return { kind: 'pass', key: wanted.key, reason: 'only-if-cached' };
    }
    if (this.#details.isReadable) {
      const found = await this.#lookAgain();
      if (found) return found;
      // Nothing is written otherwise, and a store that does not answer need not be asked again.
      this.#call.starts = await startingVersions(this.#kit, wanted.key, this.#index.tags);
    }
    let stored = this.#usable(this.#context.staleValue);
    const send = this.#send();
    const request = this.#awaited(stored);
    const requestedMs = this.#kit.now();
    let answer = await (send ?? this.#exchange.next)(request);
    if (answer.status === 304 && stored && !isOf(stored, answer)) {
      // It is about another representation, and must not update the stored one (RFC 9111, section 4.3.4).
      if (!send && this.#exchange.isNextOnce) return this.#failToValidate(stored);
      stored = undefined;
      answer = await (send ?? this.#exchange.next)(this.#awaited(undefined));
    }
    const receivedMs = this.#kit.now();
    if (answer.status >= 500) {
      this.#keep(answer);
      throw new OriginError(`The origin answered with status ${answer.status}.`);
    }
    const response = answer.status === 304 && stored ? mergedResponse(stored, answer) : answer;
    if (this.#kit.inner.get(wanted.key)) return this.#refuse(response, 'nested');
    const { status, headers } = response;
    const judged = judge({ request, status, headers, requestedMs, receivedMs }, this.#kit.route);
    if (judged.refusal) return this.#refuse(response, judged.refusal);
    if (judged.vary.length > 0 && isFull(this.#index, judged.vary, receivedMs))
      return this.#refuse(response, 'variants');
    const tags = tagsOf(this.#kit, request, response, keptTags(this.#kit, stored, answer));
    if (!tags) return this.#refuse(response, 'tags');
    return this.#read(tags, response, judged, receivedMs);
  }

  /**
   * The origin cannot be asked again, and nothing has come that could be sent. If the stored response cannot replace it, it
   * is dropped, because its validator would get the same answer each time.
   */
  #failToValidate(stored: Page): Stored {
    const failed = new Response(null, { status: 502 });
    if (freshLeft(stored, this.#kit.now()) + (stored.errorMs ?? 0) <= 0)
      return this.#refuse(failed, 'status');
    this.#keep(failed);
    throw new OriginError('The origin answered with a 304 about another response.');
  }

  /**
   * Reads the index before the origin is asked: another process may know that the URL varies by more headers. A URL's first
   * response is stored before anybody knows by which it varies; it may be the wanted one.
   */
  async #lookAgain(): Promise<Stored | undefined> {
    const { key, index, reading, selected } = this.#call.wanted;
    const first = selected.length > 0 && !this.#isBehind ? this.#firstVariant(key) : undefined;
    this.#index = (await (reading ?? readIndex(this.#kit, key))) ?? index;
    if (this.#index.names.some((name) => !index.names.includes(name))) {
      this.#context.skip();
      return { kind: 'moved', key };
    }
    const page = await first;
    if (!page) return undefined;
    this.#details.setTimes(entryTimes(page, this.#kit.now()));
    this.#call.hasAdopted = true;
    return page;
  }

  async #firstVariant(key: string): Promise<Page | undefined> {
    const page = this.#usable(await readFirst(this.#kit, key));
    // Its other tags were not read before, so this load could not carry them.
    if (!page || ownTags(this.#kit, page).length > 0) return undefined;
    return freshLeft(page, this.#kit.now()) > 0 ? page : undefined;
  }

  /** The stored response if it was selected by the same header values. */
  #usable(value: Stored | undefined): Page | undefined {
    return pageFor(this.#exchange.headers, this.#call.wanted.key, value);
  }

  /** Undefined: `next`. A load that may outlast its response must not use it if it ends with its request. */
  #send(): Exchange['refresh'] {
    const { refresh, isNextOnce } = this.#exchange;
    const outlasts = isNextOnce && this.#kit.policy.softTimeout && this.#context.staleValue;
    return this.#isBehind || outlasts ? refresh : undefined;
  }

  #awaited(stored: Page | undefined): Request {
    const load = { kit: this.#kit, key: this.#call.wanted.key };
    return awaited(this.#request(stored), load, this.#exchange.request);
  }

  #request(stored: Page | undefined): Request {
    if (this.#isBehind) return refreshRequest(this.#kit, this.#exchange, this.#index.names, stored);
    const request = loadRequest(this.#exchange, stored);
    if (this.#send()) setMark(request.headers, this.#kit);
    return request;
  }

  async #read(
    tags: readonly string[],
    response: Response,
    judged: Judged,
    receivedMs: number,
  ): Promise<Stored> {
    const most = this.#kit.settings.maxBodyBytes;
    const length = contentLength(response.headers);
    if ((length ?? 0) > most) return this.#refuse(response, 'large');
    // No Response with status 204 can be made anew with a body, not even with an empty one.
    if (!response.body && length) return this.#refuse(response, 'incomplete');
    let bytes: Uint8Array | undefined = Buffer.alloc(0);
    if (response.body) {
      const isAwaited = length !== undefined || this.#isBehind;
      const body = await (isAwaited ? readWhole : readAtOnce)(response.body, most);
      if (body.isWhole) bytes = body.bytes;
      else if (body.next) bytes = await this.#stream(response, relay(body, most));
      else return this.#refuse(new Response(streamOf(body), response), 'large');
      if (!bytes) return this.#refuse(undefined, 'large');
    }
    if (bytes.length !== (length ?? bytes.length))
      return this.#refuse(new Response(Buffer.from(bytes), response), 'incomplete');
    const { key } = this.#call.wanted;
    const { tagHeader } = this.#kit.settings;
    return this.#store(pageOf(response, judged, { key, tags, bytes, receivedMs, tagHeader }));
  }

  #stream(response: Response, { stream, rest }: ReturnType<typeof relay>): typeof rest {
    this.#call.stream(new Response(stream, response));
    return rest;
  }

  async #store(page: Page): Promise<Stored> {
    const { key } = this.#call.wanted;
    if (!this.#details.isReadable) return page;
    const times = entryTimes(page, this.#kit.now());
    if (times.ttl <= 0) this.#context.skip();
    else this.#details.setTimes(times);
    const untilMs = this.#kit.now() + times.ttl;
    const tags = ownTags(this.#kit, page);
    const added = { selected: page.vary ?? [], tags, untilMs };
    this.#kit.background(addToIndex(this.#kit, key, added));
    const carried = await carryTags(this.#kit, this.#details, tags, this.#call.starts);
    this.#call.carried = carried;
    const { waiting } = this.#call;
    if (waiting) waiting.gate.last = carried && { page, carried };
    if (!carried) {
      this.#context.skip();
      this.#call.hasNewTags = true;
    }
    this.#call.isStored = carried !== undefined && times.ttl > 0;
    const { variant } = this.#call.wanted;
    this.#kit.unstorable.stored(variant, this.#exchange.route, this.#kit.now());
    return page;
  }

  /**
   * Leaves the response to its own request, at once. Requests that wait for the load learn that nothing is shared.
   *
   * A client can invent header values, so nothing is written for a variant that is not known to exist; but with leases
   * something is written for each load anyway, and without it the waiting processes would load one after the other.
   */
  #refuse(response: Response | undefined, reason: string): Stored {
    const { key, variant, selected, isAlone } = this.#call.wanted;
    const { headers, route } = this.#exchange;
    this.#call.refusal = reason;
    const hashes = this.#index.variants.map(([hash]) => hash);
    const isWorth =
      this.#kit.isLeased || selected.length === 0 || hashes.includes(hashOf(selected));
    // The reason may be the user.
    if (isAlone && isCredentialed(headers)) this.#context.skip();
    else {
      this.#kit.unstorable.refused(variant, route, reason, this.#kit.now());
      if (isWorth) this.#details.setTimes({ ttl: PASS_MS, staleTTL: undefined, staleIfError: 0 });
      else this.#context.skip();
    }
    if (this.#isBehind) response?.body?.cancel().catch(() => {});
    else if (response && isAlone) this.#call.give(response);
    else if (response) this.#call.stream(response);
    return { kind: 'pass', key, reason };
  }

  /** Keeps the response of a failed load for its client. */
  #keep(response: Response): void {
    const { isAnswered } = this.#call;
    if (this.#isBehind || isAnswered) response.body?.cancel().catch(() => {});
    else this.#call.own = response;
  }
}
