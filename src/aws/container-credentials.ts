import type { CacheError } from '../model/errors.js';
import { monotonic, pause, systemClock } from '../model/time.js';
import { builtin } from './builtin.js';
import { Connections } from './connections.js';
import { exchange, type Failure } from './exchange.js';
import type { CredentialProvider } from './kept-credentials.js';
import { noCredentials } from './no-credentials.js';
import { outgoing } from './request.js';
import { type Answer, parsed } from './response.js';
import { longestPause } from './retry.js';

/** The only hosts for plain HTTP: this machine and AWS's own addresses, because the token would travel in the clear. */
const TRUSTED =
  /^(https:|http:\/\/(localhost|127(\.\d+){3}|\[::1]|169\.254\.170\.(2|23)|\[fd00:ec2::23])(:\d+)?$)/;

/** Timeouts of one try and of all tries with their pauses, milliseconds. Short, because the endpoint is close by. */
const LIMITS = { connect: 1_000, request: 1_000, total: 2_000 };
const TRIES = 4;
/** The pauses are this many times those for DynamoDB, because the endpoint limits its rate. */
const PATIENCE = 4;

/** The endpoint in the environment, as ECS and EKS set it. */
export function containerUrl(): string | undefined {
  const { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: path, AWS_CONTAINER_CREDENTIALS_FULL_URI: uri } =
    process.env;
  return path ? `http://169.254.170.2${path}` : uri;
}

/**
 * Fetches the credentials of an ECS task or an EKS pod. It retries server errors, throttled requests and broken
 * connections within two seconds.
 *
 * @throws CacheError `NO_CREDENTIALS` with the endpoint's answer.
 */
export async function containerCredentials(
  uri: string,
): Promise<Awaited<ReturnType<CredentialProvider>>> {
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  if (!url || !TRUSTED.test(url.origin)) {
    throw none(
      url?.origin ?? 'AWS_CONTAINER_CREDENTIALS_FULL_URI',
      url ? 'is neither https nor local' : 'is no URL',
    );
  }
  const outcome = await askWithRetries(url);
  if ('error' in outcome) {
    const { late, error } = outcome;
    const why = late
      ? `did not answer within ${LIMITS.request} ms`
      : `failed: ${error.code ?? error.message}`;
    throw none(url.origin, why, error);
  }
  const found: Record<string, unknown> = Object(parsed(outcome));
  const { AccessKeyId, SecretAccessKey, Token, Expiration } = found;
  if (outcome.status !== 200 || !isText(AccessKeyId) || !isText(SecretAccessKey)) {
    throw none(url.origin, `answered ${outcome.status} without credentials${said(found)}`);
  }
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: isText(Token) ? Token : undefined,
    expiration: new Date(String(Expiration)),
  };
}

async function askWithRetries(url: URL): Promise<Answer | Failure> {
  const endMs = monotonic() + LIMITS.total;
  for (let attempts = 1; ; attempts++) {
    const outcome = await ask(url, authorization(url));
    const pauseMs = PATIENCE * longestPause(outcome, true, attempts);
    if (attempts === TRIES || monotonic() + pauseMs > endMs) return outcome;
    await pause(Math.random() * pauseMs);
  }
}

/** Sends one request to the endpoint. It follows no redirect, so the token goes nowhere else. */
async function ask(url: URL, token: string | undefined): Promise<Answer | Failure> {
  const askedMs = Date.now();
  // Closed after use, because it would idle for hours until the next renewal.
  const connections = new Connections(url, systemClock);
  const headers = { host: url.host, ...(token && { authorization: token }) };
  const outcome = await exchange(connections, {
    compose: () => outgoing('GET', url.pathname + url.search, headers, ''),
    longestIdleMs: 0,
    limits: LIMITS,
    hasSlept: () => Date.now() - askedMs > 2 * LIMITS.request,
  });
  connections.close();
  return outcome;
}

/** Reads the token each time, because EKS rotates it in its file. */
function authorization(url: URL): string | undefined {
  const { AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file, AWS_CONTAINER_AUTHORIZATION_TOKEN: given } =
    process.env;
  if (!file) return given?.trim();
  try {
    return builtin.fs().readFileSync(file, 'utf8').trim();
  } catch (cause) {
    const { code }: { code?: string } = Object(cause);
    throw none(
      url.origin,
      `cannot be asked: AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE cannot be read (${code})`,
      cause,
    );
  }
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** The code and message of an error. Nothing else of an answer is shown, because it may contain credentials. */
function said({ code, Code, message, Message }: Record<string, unknown>): string {
  const words = [code ?? Code, message ?? Message].filter(isText).join(': ').slice(0, 200);
  return words && ` (${words})`;
}

const none = (origin: string, why: string, cause?: unknown): CacheError =>
  noCredentials(
    `the container endpoint ${origin} ${why}. Check the role of the ECS task or the EKS pod, and its agent.`,
    cause,
  );
