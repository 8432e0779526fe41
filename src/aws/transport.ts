import { CacheError } from '../model/errors.js';
import {
  type Clock,
  type Duration,
  LONGEST_TIMER_MS,
  milliseconds,
  monotonic,
  pause,
  systemClock,
} from '../model/time.js';
import { Connections } from './connections.js';
import { exchange, type Failure } from './exchange.js';
import { type CredentialSource, findCredentials } from './kept-credentials.js';
import { refuseProxy } from './proxy.js';
import { outgoing } from './request.js';
import type { Answer, AwsResponse } from './response.js';
import { clockSkew, isExpired, longestPause } from './retry.js';
import { type Credentials, type SignableRequest, sign } from './signature.js';

export { type AwsResponse, errorMessage, errorType, parsed } from './response.js';

export interface AwsRequest {
  /** Default POST. */
  readonly method?: string | undefined;
  /** As it is sent, URI-encoded; default '/'. */
  readonly path?: string | undefined;
  /** As it is sent, without the question mark. */
  readonly query?: string | undefined;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  /**
   * - `always`: it may be sent again, whatever became of it.
   * - `unsent`: only when not a byte was sent, or the service said that it did not apply it.
   */
  readonly retry: 'always' | 'unsent';
  /** Asked right before each try: once it is true, the request is not sent any more. */
  readonly isLate?: (() => boolean) | undefined;
}

export interface AwsTransport {
  /**
   * Resolves with what the service answered in the end, its errors included.
   *
   * @throws CacheError `TIMEOUT` when a budget ran out, `STORE_FAILED` when the service could not be reached,
   * `NO_CREDENTIALS` when there is nothing to sign with.
   */
  send(request: AwsRequest): Promise<AwsResponse>;
  /**
   * Opens a connection and finds the credentials, ahead of the first request. It asks the service for nothing: what
   * answers an unsigned `GET /` (DynamoDB says that it is healthy) costs no capacity and needs no permission.
   *
   * @throws CacheError as `send` does.
   */
  warm(): Promise<void>;
  /** Closes every socket; requests under way fail. */
  close(): void;
}

export interface Timeouts {
  /** To connect, TLS included. Default 500 ms. */
  readonly connect?: Duration | undefined;
  /** One try, from its signature until its answer is read. Default 1 s. */
  readonly request?: Duration | undefined;
  /** All tries, with the pauses between them and the wait for credentials. Default 2 s. */
  readonly total?: Duration | undefined;
}

export interface TransportOptions {
  readonly service: string;
  readonly region: string;
  readonly endpoint: URL;
  readonly credentials: CredentialSource;
  readonly timeouts?: Timeouts | undefined;
  readonly clock?: Clock | undefined;
  /** The form in which a request is signed: `canonical`, unless all of them have it already, as DynamoDB's do. */
  readonly canonical?: (request: SignableRequest) => SignableRequest;
}

const TRIES = 3;

/**
 * By so much more than its time budget a try has lasted, milliseconds: the process was frozen, or blocked by its own
 * code. By the wall clock, since some systems stop the other one meanwhile.
 */
const SLEPT_MS = 1_000;

/**
 * How long a connection may idle, milliseconds, before it counts as dead: a peer or a freeze may have ended it. AWS's
 * SDK for Java draws the line at a minute, too. What may not be sent twice is not risked on one that idled for long.
 */
const LONGEST_IDLE_MS = { always: 60_000, unsent: 10_000 };

/** The lean way to an AWS service: signed requests over a keep-alive pool, within budgets, tried again where it is safe. */
export function createTransport({
  service,
  region,
  endpoint,
  credentials: source,
  timeouts = {},
  clock = systemClock,
  canonical = (request) => request,
}: TransportOptions): AwsTransport {
  const limit = (name: keyof Timeouts, standard: Duration) =>
    Math.min(milliseconds(timeouts[name] ?? standard, `timeouts.${name}`), LONGEST_TIMER_MS);
  const limits = {
    connect: limit('connect', 0.5),
    request: limit('request', 1),
    total: limit('total', 2),
  };

  const { host, origin } = endpoint;
  const prefix = endpoint.pathname.replace(/\/$/, '');
  refuseProxy(endpoint);
  const connections = new Connections(endpoint, clock);
  let aheadMs = 0;

  async function send(request: AwsRequest): Promise<AwsResponse> {
    const always = request.retry === 'always';
    let deadline = monotonic() + limits.total;
    let tries = TRIES;
    let signedAnew = false;
    let renewed = false;
    let awakeMs = clock.now();
    /** The longest that a process which does not sleep spends on what it waits for now. */
    let longestMs = limits.total;
    const hasSlept = () => clock.now() - awakeMs > longestMs + SLEPT_MS;

    /** Whether the process was frozen since the last look. The first time, all budgets begin anew. */
    const lookForSleep = (attempts: number) => {
      const slept = hasSlept();
      awakeMs = clock.now();
      if (slept && tries === TRIES) {
        deadline = monotonic() + limits.total;
        tries += attempts;
      }
      return slept;
    };

    for (let attempts = 1; ; attempts++) {
      longestMs = limits.total;
      const credentials = await credentialsOrFailure(deadline - monotonic());
      const sleptBefore = lookForSleep(attempts);
      longestMs = limits.request;
      const outcome =
        'error' in credentials
          ? credentials
          : await attempt(request, credentials, deadline - monotonic(), hasSlept);
      const slept = lookForSleep(attempts) || sleptBefore;
      let pauseMs = longestPause(outcome, always, attempts);
      if ('error' in outcome) {
        // Those who died with it are not tried one by one.
        connections.dropIdle();
        // Whatever error the freeze has come to.
        if (slept && (always || !outcome.sent)) pauseMs = 0;
      } else {
        const skewMs = signedAnew ? undefined : clockSkew(outcome, awakeMs);
        if (skewMs !== undefined) {
          // Refused at the door, like a throttled request: safe to send again even when it must not be applied twice.
          aheadMs = skewMs;
          signedAnew = true;
          pauseMs = 0;
        }
        if (!renewed && !('error' in credentials) && isExpired(outcome)) {
          renewed = true;
          if (source.expire?.(credentials)) pauseMs = 0;
        }
      }
      if (attempts === tries || deadline - monotonic() - pauseMs < 1) {
        if ('error' in outcome) throw failed(outcome, attempts);
        return { ...outcome, attempts };
      }
      // Full jitter, so that many clients do not come back together.
      if (pauseMs) await pause(Math.random() * pauseMs);
      lookForSleep(attempts);
    }
  }

  async function warm(): Promise<void> {
    const request: AwsRequest = { method: 'GET', headers: {}, body: '', retry: 'always' };
    const deadline = monotonic() + limits.total;
    const credentials = await findCredentials(source, limits.total);
    const left = deadline - monotonic();
    const outcome = await attempt(request, credentials, left, () => false, 'unsigned');
    if ('error' in outcome) throw failed(outcome, 1);
  }

  function attempt(
    { method = 'POST', path: below = '/', query = '', headers, body, retry, isLate }: AwsRequest,
    credentials: Credentials,
    total: number,
    hasSlept: () => boolean,
    unsigned?: 'unsigned',
  ): Promise<Answer | Failure> {
    const path = prefix + below;
    const request = canonical({ method, host, path, query, headers, body, region, service });
    const compose = () => {
      // Also what goes unsigned is: that loads node:crypto and derives the key of the day.
      const signed = sign(request, credentials, clock.now() + aheadMs);
      const all = unsigned ? { host, ...headers } : signed;
      return outgoing(method, query ? `${path}?${query}` : path, all, body);
    };
    return exchange(connections, {
      compose,
      isLate,
      longestIdleMs: LONGEST_IDLE_MS[retry],
      limits: { ...limits, total },
      hasSlept,
    });
  }

  /** A wait that ends unsent like a try, so that one which a freeze cut off is begun anew. */
  const credentialsOrFailure = (withinMs: number): Promise<Credentials | Failure> =>
    findCredentials(source, withinMs).catch((error) => {
      return { error, late: false, sent: false, reused: false };
    });

  function failed({ error, late, sent }: Failure, attempts: number): Error {
    if (error instanceof CacheError) return error;
    const maybe = sent ? ', may have been applied' : '';
    return new CacheError(
      late ? 'TIMEOUT' : 'STORE_FAILED',
      `${service} at ${origin}: ${error.code ?? error.message} (tries: ${attempts}${maybe}). Check endpoint, region, network and timeouts.`,
      { cause: error },
    );
  }

  return { send, warm, close: () => connections.close() };
}
