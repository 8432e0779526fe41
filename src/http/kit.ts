import type { CacheService } from '../cache-service.js';
import { PARTS, type ServiceParts } from '../engine/assemble.js';
import { Lookup } from '../engine/lookup.js';
import { invalid } from '../model/errors.js';
import type { ResponseOutcome } from '../model/events.js';
import { givenObject } from '../model/given.js';
import type { ResolvedPolicy } from '../model/policy.js';
import type { Address } from '../model/snapshot.js';
import { uniqueId } from '../util/unique-id.js';
import { edgeTagCheck, isEdgeHeader } from './edge-tags.js';
import { type ResponseCacheOptions, type ResponseSettings, responseSettings } from './options.js';
import { Gates } from './pages/gates.js';
import type { Outgoing } from './pages/outgoing.js';
import { Remembered } from './pages/remembered.js';
import type { Index } from './pages/stored.js';
import { Unstorable } from './pages/unstorable.js';
import type { RouteTimes } from './rules/freshness.js';

/** One request, and who answers it. */
export interface Exchange {
  readonly request: Request;
  /** Taken from the request once, like its headers, because undici checks its receiver at each reading. */
  readonly method: string;
  readonly headers: Headers;
  readonly next: (request: Request) => Response | Promise<Response>;
  /** True if `next` can be called only once for a request. */
  readonly isNextOnce?: boolean;
  /** Answers a request after the response has left. Undefined if nobody can. */
  readonly refresh: ((request: Request) => Response | Promise<Response>) | undefined;
  /** For events. Default: the path. */
  readonly route: string | undefined;
}

/** The parts of one response cache. */
export interface Kit {
  readonly cache: CacheService;
  readonly parts: ServiceParts;
  readonly settings: ResponseSettings;
  readonly lookup: Lookup;
  /** The policy of every lookup. The response decides about its times, so this one's let any through. */
  readonly policy: ResolvedPolicy;
  /** True if a fresh response that this process holds answers every request that matches it. */
  readonly servesLocally: boolean;
  /** The same for a response in the store: no load needs to know of the request before the read. */
  readonly readsPlainly: boolean;
  readonly route: RouteTimes;
  readonly outgoing: Outgoing;
  /** The first variants of URLs that were asked for lately, so that their keys are put together once. */
  readonly firsts: Remembered<Address>;
  /** The indexes that this process knows. They may be outdated: a variant is checked before it is served. */
  readonly indexes: Remembered<Index>;
  readonly unstorable: Unstorable;
  /** True if loads take a lease, so that processes wait for each other. */
  readonly isLeased: boolean;
  /** Tags that responses have had lately: their versions are read before each load. */
  readonly recentTags: Remembered<true>;
  readonly gates: Gates;
  /** Keys for which a response cache inside this one answers. */
  readonly inner: Remembered<true>;
  /** The value of the header by which this cache knows its own refreshes. */
  readonly mark: string;
  now(): number;
  /** Keeps the process alive until the work has ended. Its failure is an event. */
  background(work: Promise<unknown>): void;
  /** Emits the event of a request, and returns its response. */
  report(exchange: Exchange, response: Response, outcome: Outcome): Response;
}

/** How a request was answered, for its event. */
interface Outcome {
  readonly key: string | undefined;
  readonly outcome: ResponseOutcome;
  readonly reason?: string | undefined;
}

/** Covers the window of every response. */
const ANY_WINDOW = '31d';

/** A refresh carries it, so that the response caches on its way pass it on. */
export const MARK = 'x-glasswork-refresh';
/** Nobody outside this process knows it, so no client can pass the cache. */
let secret: string | undefined;

let isMarking = false;

/** Marks a request as a refresh. */
export function setMark(headers: Headers, { mark }: Kit): void {
  isMarking = true;
  headers.set(MARK, mark);
}

/** The mark of a refresh by any response cache of this process. It is looked for once one has been sent. */
export function markIn(headers: Headers): string | undefined {
  const mark = isMarking ? headers.get(MARK) : null;
  return mark?.startsWith(`${secret}.`) ? mark : undefined;
}

/** @throws CacheError `INVALID_OPTION` or `INVALID_DURATION` that names the option. */
export function createKit(cache: CacheService, options: ResponseCacheOptions): Kit {
  // A service of another version of this package has no such parts.
  const parts: ServiceParts | undefined = Object(cache)[PARTS];
  if (!parts) throw invalid('cache', cache, 'a CacheService of this version of the package');
  const settings = responseSettings(givenObject(options), parts.access.can.keepsLarge);
  const { ttl, staleTTL, staleIfError, jitter, earlyRefresh, lease } = options;
  const { softTimeout, hardTimeout, waitUntil } = options;
  const times = parts.policyOf('', { ttl, staleTTL, staleIfError, earlyRefresh, lease, waitUntil });
  secret ??= uniqueId();
  const { can } = parts.access;
  const isPlain =
    !settings.honourRequest &&
    times.earlyRefresh === 0 &&
    // An edge keeps a hit longer than this process trusts its versions, so they are read from the store.
    !isEdgeHeader(settings.tagHeader ?? '');
  return {
    cache,
    parts,
    settings,
    servesLocally: isPlain && can.holdsLocally,
    readsPlainly: isPlain && !can.hasTiers && !settings.tagsOf && !settings.tagHeader,
    lookup: new Lookup(parts),
    policy: parts.policyOf('', {
      ...{ jitter, earlyRefresh, lease, softTimeout, hardTimeout, waitUntil },
      ...{ ttl: '1d', staleIfError: ANY_WINDOW, tags: settings.tags },
    }),
    route: {
      ttl: ttl === undefined ? undefined : times.ttl,
      staleTTL: times.staleTTL,
      staleIfError: times.staleIfError,
    },
    outgoing: {
      tagHeader: settings.tagHeader,
      prefix: parts.keys.prefix,
      fitsEdge: edgeCheckOf(parts),
    },
    firsts: new Remembered(1_000),
    indexes: new Remembered(1_000),
    unstorable: new Unstorable(),
    isLeased: times.lease?.misses === true && parts.access.can.leases,
    recentTags: new Remembered(16),
    gates: new Gates(),
    inner: new Remembered(1_000),
    mark: `${secret}.${uniqueId()}`,
    now: () => parts.clock.now(),
    background(work) {
      parts.background.run({ policy: times, callers: [] }, () => work.then(() => []));
    },
    report({ request, route }, response, { key, outcome, reason }) {
      const { status } = response;
      const named = route ?? pathOf(request.url);
      const event = { type: 'response', route: named, key, outcome, status } as const;
      parts.emit(reason ? { ...event, reason } : event);
      return response;
    },
  };
}

/** One check for all routes of a service, because tags of two routes may collide. */
const edgeChecks = new WeakMap<ServiceParts, Outgoing['fitsEdge']>();

function edgeCheckOf(parts: ServiceParts): Outgoing['fitsEdge'] {
  const check = edgeChecks.get(parts) ?? edgeTagCheck((problem) => parts.emit(problem));
  edgeChecks.set(parts, check);
  return check;
}

const pathOf = (url: string): string => /^[^:]*:\/\/[^/]*([^?#]*)/.exec(url)?.[1] ?? '';
