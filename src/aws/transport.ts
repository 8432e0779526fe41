import { CacheError } from '../model/errors.js';
import { givenObject } from '../model/given.js';
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
   * - `always`: retried after any failure.
   * - `unsent`: retried only if no byte was sent, or if the service reported that it did not apply the request.
   */
  readonly retry: 'always' | 'unsent';
  /** Checked right before each try. Once it returns true, the request is not sent any more. */
  readonly isLate?: (() => boolean) | undefined;
}

export interface AwsTransport {
  /**
   * Resolves to the service's final answer, which may be an error.
   *
   * @throws CacheError `TIMEOUT` if a time limit ran out, `STORE_FAILED` if the service could not be reached,
   * `NO_CREDENTIALS` if there are no credentials.
   */
  send(request: AwsRequest): Promise<AwsResponse>;
  /**
   * Opens a connection and finds the credentials, ahead of the first request. It sends only an unsigned `GET /`, which
   * costs no capacity and needs no permission. DynamoDB answers that it is healthy.
   *
   * @throws CacheError as `send` does.
   */
  warm(): Promise<void>;
  /** Closes all sockets. Pending requests fail. */
  close(): void;
}

export interface Timeouts {
  /** The time to connect, TLS included. Default 500 ms. */
  readonly connect?: Duration | undefined;
  /** The time of one try, from its signature until its answer is read. Default 1 s. */
  readonly request?: Duration | undefined;
  /** The time of all tries, with their pauses and the wait for credentials. Default 2 s. */
  readonly total?: Duration | undefined;
}

export interface TransportOptions {
  readonly service: string;
  readonly region: string;
  readonly endpoint: URL;
  readonly credentials: CredentialSource;
  readonly timeouts?: Timeouts | undefined;
  readonly clock?: Clock | undefined;
  /** Brings a request into the form that is signed: `canonical`, unless all requests have it, as DynamoDB's do. */
  readonly canonical?: (request: SignableRequest) => SignableRequest;
  /** The most tries of a request. Default 3. */
  readonly tries?: number;
  /** The pauses between tries are this many times those for DynamoDB, whose limits pass sooner. Default 1. */
  readonly patience?: number;
}

/**
 * A try that outlasts its timeout by this much, milliseconds, was frozen, or blocked by the process's own code.
 * Measured by the wall clock, because some systems stop the monotonic one meanwhile.
 */
const SLEPT_MS = 1_000;

/**
 * The idle time after which a connection counts as dead, milliseconds, because a peer or a freeze may have ended it. A
 * minute is also the limit of AWS's SDK for Java. Requests that may not be sent twice get a shorter one.
 */
const LONGEST_IDLE_MS = { always: 60_000, unsent: 10_000 };

/** The circumstances of one try. */
interface Attempt {
  /** The time that is left for it, milliseconds. */
  readonly totalMs: number;
  readonly hasSlept: () => boolean;
  /** Default true. */
  readonly isSigned?: boolean;
}

/** The lean transport to an AWS service: signed requests over kept connections, with timeouts, and safe retries. */
export function createTransport({
  service,
  region,
  endpoint,
  credentials: source,
  timeouts = {},
  clock = systemClock,
  canonical = (request) => request,
  tries: mostTries = 3,
  patience = 1,
}: TransportOptions): AwsTransport {
  givenObject(timeouts, 'timeouts');
  const limit = (name: keyof Timeouts, standard: Duration) =>
    Math.min(milliseconds(timeouts[name] ?? standard, `timeouts.${name}`), LONGEST_TIMER_MS);
  const limits = {
    connect: limit('connect', 0.5),
    request: limit('request', 1),
    total: limit('total', 2),
  };

  const { host, origin, pathname } = endpoint;
  const prefix = pathname.replace(/\/$/, '');
  refuseProxy(endpoint);
  const connections = new Connections(endpoint, clock);
  let aheadMs = 0;

  async function send(request: AwsRequest): Promise<AwsResponse> {
    const always = request.retry === 'always';
    let deadline = monotonic() + limits.total;
    let tries = mostTries;
    let signedAnew = false;
    let awakeMs = clock.now();
    /** The time limit of the current wait in a process that is not frozen, milliseconds. */
    let longestMs = limits.total;
    const hasSlept = () => clock.now() - awakeMs > longestMs + SLEPT_MS;

    /** True if the process was frozen since the last call. The first time, all time limits begin anew. */
    const lookForSleep = (attempts: number) => {
      const slept = hasSlept();
      awakeMs = clock.now();
      if (slept && tries === mostTries) {
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
          : await attempt(request, credentials, { totalMs: deadline - monotonic(), hasSlept });
      const slept = lookForSleep(attempts) || sleptBefore;
      let pauseMs = patience * longestPause(outcome, always, attempts);
      if ('error' in outcome) {
        // The freeze may have killed all idle connections, so they are not tried one by one.
        connections.dropIdle();
        // After a freeze, any error permits another try.
        if (slept && (always || !outcome.sent)) pauseMs = 0;
      } else {
        const skewMs = signedAnew ? undefined : clockSkew(outcome, awakeMs);
        if (skewMs !== undefined) {
          // The service did not apply it, so it is safe to send again even if it must not be applied twice.
          aheadMs = skewMs;
          signedAnew = true;
          pauseMs = 0;
        }
        if (isExpired(outcome) && !('error' in credentials) && source.expire?.(credentials))
          pauseMs = 0;
      }
      if (attempts === tries || deadline - monotonic() - pauseMs < 1) {
        if ('error' in outcome) throw failed(outcome, attempts);
        return { ...outcome, attempts };
      }
      // Full jitter, so that many clients do not retry together.
      if (pauseMs) await pause(Math.random() * pauseMs);
    }
  }

  async function warm(): Promise<void> {
    const request: AwsRequest = { method: 'GET', headers: {}, body: '', retry: 'always' };
    const deadline = monotonic() + limits.total;
    const credentials = await findCredentials(source, limits.total);
    const totalMs = deadline - monotonic();
    const unsigned = { totalMs, hasSlept: () => false, isSigned: false };
    const outcome = await attempt(request, credentials, unsigned);
    if ('error' in outcome) throw failed(outcome, 1);
  }

  function attempt(
    { method = 'POST', path: below = '/', query = '', headers, body, retry, isLate }: AwsRequest,
    credentials: Credentials,
    { totalMs, hasSlept, isSigned = true }: Attempt,
  ): Promise<Answer | Failure> {
    const path = prefix + below;
    const request = canonical({ method, host, path, query, headers, body, region, service });
    const compose = () => {
      // Signs an unsigned request, too, because that loads node:crypto and derives the key of the day.
      const signed = sign(request, credentials, clock.now() + aheadMs);
      const all = isSigned ? signed : { host, ...headers };
      return outgoing(method, query ? `${path}?${query}` : path, all, body);
    };
    return exchange(connections, {
      compose,
      isLate,
      longestIdleMs: LONGEST_IDLE_MS[retry],
      limits: { ...limits, total: totalMs },
      hasSlept,
    });
  }

  /** Fails like an unsent try, so that a wait cut off by a freeze begins anew. */
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
