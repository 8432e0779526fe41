import { CacheError } from '../errors.js';
import { type Clock, type Duration, milliseconds, monotonic, systemClock } from '../time.js';
import { builtin } from './builtin.js';
import { exchange, type Failure } from './exchange.js';
import type { AwsResponse } from './response.js';
import { nextTry } from './retry.js';
import { type CredentialProvider, type Credentials, sign } from './signature.js';

export { type AwsResponse, errorMessage, errorType } from './response.js';

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
}

export interface AwsTransport {
  /**
   * Resolves with what the service answered in the end, its errors included.
   *
   * @throws CacheError `TIMEOUT` when a budget ran out, `STORE_FAILED` when the service could not be reached,
   * `NO_CREDENTIALS` when there is nothing to sign with.
   */
  send(request: AwsRequest): Promise<AwsResponse>;
  /** Closes every socket; requests under way fail. */
  close(): void;
}

export interface Timeouts {
  /** To connect, TLS included. Default 500 ms. */
  readonly connect?: Duration | undefined;
  /** One try, until its answer is read. Default 1 s. */
  readonly request?: Duration | undefined;
  /** All tries, with the pauses between them and the credentials. Default 2 s. */
  readonly total?: Duration | undefined;
}

export interface TransportOptions {
  readonly service: string;
  readonly region: string;
  readonly endpoint: URL;
  readonly credentials: CredentialProvider;
  readonly timeouts?: Timeouts | undefined;
  readonly clock?: Clock | undefined;
}

const DEFAULTS = {
  connect: '500ms',
  request: '1s',
  total: '2s',
  tries: 3,
  pauseBaseMs: 25,
  pauseCapMs: 250,
  sockets: 64,
  /** After this long without an answer, a peer or a freeze may have ended the pooled sockets unnoticed. */
  idleMs: 10_000,
} as const;

/** The lean way to an AWS service: signed requests over a keep-alive pool, within budgets, tried again where it is safe. */
export function createTransport(options: TransportOptions): AwsTransport {
  const { service, region, endpoint, credentials: provide, clock = systemClock } = options;
  const limit = (name: keyof Timeouts) =>
    milliseconds(options.timeouts?.[name] ?? DEFAULTS[name], `timeouts.${name}`);
  const limits = { connect: limit('connect'), request: limit('request'), total: limit('total') };

  const { Agent, request: open } = endpoint.protocol === 'http:' ? builtin.http() : builtin.https();
  const agent = new Agent({
    keepAlive: true,
    noDelay: true,
    maxSockets: DEFAULTS.sockets,
    scheduling: 'lifo',
  });
  const hostname = endpoint.hostname.replace(/^\[|\]$/g, '');
  const { host, port } = endpoint;
  const prefix = endpoint.pathname.replace(/\/$/, '');

  let closed = false;
  let aheadMs = 0;
  let lastAnswerMs = 0;

  const dropIdleSockets = () => {
    for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy();
  };

  function attempt(request: AwsRequest, credentials: Credentials, fresh: boolean, leftMs: number) {
    const { method = 'POST', query, body } = request;
    const path = prefix + (request.path ?? '/');
    const signed = sign(
      { method, host, path, query, headers: request.headers, body, region, service },
      credentials,
      clock.now() + aheadMs,
    );
    // A flat list spares Node a check and a copy for each header; then it adds no length of its own.
    const headers = ['content-length', String(Buffer.byteLength(body))];
    for (const name in signed) headers.push(name, signed[name] ?? '');
    // In one go with the request, so that no other socket comes back to the pool in between.
    if (fresh) dropIdleSockets();
    const target = query ? `${path}?${query}` : path;
    return exchange(() => open({ agent, hostname, port, method, path: target, headers }), body, {
      connect: limits.connect,
      request: Math.min(limits.request, leftMs),
    });
  }

  async function send(request: AwsRequest): Promise<AwsResponse> {
    const deadline = monotonic() + limits.total;
    let signedAnew = false;
    // What may not be sent twice has no second chance when its socket turns out dead: it takes none that may be.
    let fresh =
      request.retry === 'unsent' && Math.abs(clock.now() - lastAnswerMs) > DEFAULTS.idleMs;
    for (let attempts = 1; ; attempts++) {
      const credentials = await credentialsWithin(deadline - monotonic());
      if (closed) throw broken(`${service} was closed: create another store.`);
      const outcome = await attempt(request, credentials, fresh, deadline - monotonic());
      // Requests that waited for a socket open new ones after the pool was destroyed.
      if (closed) close();
      if (!('error' in outcome)) lastAnswerMs = clock.now();

      const next = nextTry(outcome, request.retry, clock.now(), signedAnew);
      const pauseMs = next?.pause ? jitter(attempts) : 0;
      const leftMs = deadline - monotonic() - pauseMs;
      if (!next || attempts === DEFAULTS.tries || leftMs < 1) {
        if ('error' in outcome) throw failed(outcome, attempts, leftMs < 1);
        return { ...outcome, attempts };
      }
      if (next.aheadMs !== undefined) {
        aheadMs = next.aheadMs;
        signedAnew = true;
      }
      fresh = next.fresh;
      if (pauseMs) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  function credentialsWithin(ms: number): Promise<Credentials> {
    return new Promise((resolve, reject) => {
      const settle = (credentials?: Credentials, cause?: unknown) => {
        clearTimeout(timer);
        if (credentials?.accessKeyId && credentials.secretAccessKey) resolve(credentials);
        else reject(cause instanceof CacheError ? cause : noCredentials(cause));
      };
      const timer = setTimeout(() => settle(undefined, lateCredentials(limits.total)), ms);
      Promise.resolve()
        .then(provide)
        .then(settle, (cause) => settle(undefined, cause));
    });
  }

  function failed({ budget, error, sent }: Failure, attempts: number, late: boolean): CacheError {
    const where = `${service} at ${endpoint.origin}`;
    const how = `(tries: ${attempts}${sent ? ', the last one may have been applied' : ''})`;
    if (!budget)
      return broken(
        `${where} broke off: ${error.code ?? error.message} ${how}. Check the endpoint, the region and the network.`,
        error,
      );
    const name = late ? 'total' : budget;
    return new CacheError(
      'TIMEOUT',
      `${where} did not ${budget === 'connect' ? 'accept a connection' : 'answer'} within ${limits[name]} ms ${how}. ` +
        `Check the endpoint, the region and the network, or raise timeouts.${name}.`,
      { cause: error },
    );
  }

  const broken = (message: string, cause?: unknown) =>
    new CacheError('STORE_FAILED', message, { cause });

  function close(): void {
    closed = true;
    agent.destroy();
  }

  return { send, close };
}

const noCredentials = (cause: unknown) =>
  new CacheError(
    'NO_CREDENTIALS',
    'The option credentials gave no accessKeyId and secretAccessKey: mend it, or leave it out.',
    { subject: 'credentials', cause },
  );

const lateCredentials = (ms: number) =>
  new CacheError(
    'TIMEOUT',
    `No AWS credentials within ${ms} ms: use a source that answers sooner, or raise timeouts.total.`,
  );

const jitter = (attempts: number) =>
  Math.random() * Math.min(DEFAULTS.pauseCapMs, DEFAULTS.pauseBaseMs * 2 ** (attempts - 1));
