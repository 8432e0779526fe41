import type { DependencyName, ReadVersion } from '../../model/dependency.js';
import type { Address } from '../../model/snapshot.js';
import type { Gate, Starts, Versions } from '../pages/gates.js';
import type { Index } from '../pages/stored.js';
import type { Selected } from '../rules/vary.js';

/** The variant of a URL that one request asks for. */
export interface Wanted {
  readonly key: string;
  /** The key of the variant. */
  readonly variant: string;
  readonly address: Address;
  /** The index of the URL as this process knows it. It may be outdated. */
  readonly index: Index;
  /** The request's values of the headers in the index. */
  readonly selected: Selected;
  /** The read of the index that is under way, if this process did not know it. */
  readonly reading?: Promise<Index | undefined>;
  /** True if the request has credentials, so that it gets only what says that it may be shared. */
  readonly hasCredentials: boolean;
  /** True for a load that no other request joins, because its request has credentials. */
  readonly isAlone: boolean;
  /** True after a first try, which found that the URL varies by more headers than was known. */
  readonly isAgain: boolean;
  /** True for a load after a response, as if the caller had been served already. */
  readonly isBehind: boolean;
}

/** A load that a call waits for. */
export interface Waiting {
  readonly gate: Gate;
  /** Resolves to the response if the client gets it before its load has ended. */
  readonly streamed: Promise<Response>;
}

const NONE: Starts = { versions: new Map(), generation: undefined };

/** The call of one request: what its load, if it ran one, leaves for it alone. */
export class Call {
  readonly wanted: Wanted;
  /** Undefined as long as nothing has to be waited for but the store. */
  waiting: Waiting | undefined;
  /** True once this call's own load has begun for a client that waits, rather than one that it joined. */
  hasLed = false;
  /** True once the client has been served from the cache, so that a load runs in the background. */
  isServed: boolean;
  /** True once the client has its answer, so that nobody takes another one. */
  isAnswered = false;
  /** The response of a failed load, for this request alone unless the last good one replaces it. */
  own: Response | undefined;
  /** The reason why it was not stored. */
  refusal: string | undefined;
  /** True if the load has found the response in the cache, under the key of the URL's first variant. */
  hasAdopted = false;
  /** True once the response has been given to the store. */
  isStored = false;
  /** True if only its new tags kept the response from being stored, so that the next load can store it. */
  hasNewTags = false;
  /** With an edge: the versions in the store, from when the lookup began. */
  beside: Promise<ReadonlyMap<DependencyName, ReadVersion>> | undefined;
  /** The versions from before the load. */
  starts: Starts = NONE;
  /** The versions of the tags that its own load's response brought. Undefined if one of them is not known. */
  carried: Versions | undefined;
  #stream: (response: Response) => void = () => {};

  constructor(wanted: Wanted) {
    this.wanted = wanted;
    this.isServed = wanted.isBehind;
  }

  /** Begins to wait for a load, of this call or of another one. */
  enter(gate: Gate): Waiting {
    const streamed = new Promise<Response>((resolve) => {
      this.#stream = resolve;
    });
    this.waiting = { gate, streamed };
    return this.waiting;
  }

  /** Answers the client now, and lets nobody wait for the rest of the load. */
  stream(response: Response): void {
    this.give(response);
    this.waiting?.gate.release();
  }

  /** Answers the client now. A body that nobody takes is cancelled. */
  give(response: Response): void {
    if (this.isAnswered) void response.body?.cancel().catch(() => {});
    else this.#stream(response);
  }
}
