import { CacheError } from '../errors.js';
import { builtin } from './builtin.js';
import { exchange } from './exchange.js';
import type { CredentialProvider, Credentials } from './signature.js';

const LIMITS = { connect: 1_000, request: 1_000 };
/** New credentials are there well before the old ones end. */
const AHEAD_MS = 5 * 60_000;
/** Never asked more often, whatever it says. */
const AT_LEAST_MS = 30_000;

/** Credentials of an ECS task or an EKS pod, from the endpoint that the environment names. Kept until shortly before they end. */
export function containerCredentials(): CredentialProvider {
  let held: { credentials: Credentials; endsAt: number; askAgainAt: number } | undefined;
  let asking: Promise<Credentials> | undefined;

  async function ask(): Promise<Credentials> {
    try {
      const { Expiration, ...found } = await fetchCredentials();
      const now = Date.now();
      const endsAt = Date.parse(Expiration ?? '') || now + AHEAD_MS;
      const credentials = {
        accessKeyId: found.AccessKeyId,
        secretAccessKey: found.SecretAccessKey,
        sessionToken: found.Token,
      };
      held = { credentials, endsAt, askAgainAt: Math.max(endsAt - AHEAD_MS, now + AT_LEAST_MS) };
    } catch (cause) {
      const now = Date.now();
      if (!held || held.endsAt <= now) {
        throw new CacheError(
          'NO_CREDENTIALS',
          `The container's credentials endpoint failed: ${(cause as Error).message}. Check AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI and its token, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.`,
          { cause },
        );
      }
      // They are good until they end; the endpoint has until then to recover.
      held.askAgainAt = now + AT_LEAST_MS;
    }
    return held.credentials;
  }

  return () => {
    if (held && Date.now() < Math.min(held.askAgainAt, held.endsAt)) {
      return Promise.resolve(held.credentials);
    }
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    return asking;
  };
}

interface Found {
  readonly AccessKeyId: string;
  readonly SecretAccessKey: string;
  readonly Token?: string;
  readonly Expiration?: string;
}

async function fetchCredentials(): Promise<Found> {
  const { env } = process;
  const relative = env.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI;
  const url = new URL(
    relative ? `http://169.254.170.2${relative}` : (env.AWS_CONTAINER_CREDENTIALS_FULL_URI ?? ''),
  );
  if (!mayHoldToken(url)) {
    throw new Error(`${url.origin} is neither https nor an address of this host`);
  }
  // Read each time: EKS rotates the token in its file.
  const file = env.AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE;
  const token = file
    ? (await builtin.fs().promises.readFile(file, 'utf8')).trim()
    : env.AWS_CONTAINER_AUTHORIZATION_TOKEN;

  const { request } = url.protocol === 'http:' ? builtin.http() : builtin.https();
  const headers = { accept: 'application/json', ...(token && { authorization: token }) };
  const outcome = await exchange(() => request(url, { agent: false, headers }), '', LIMITS);
  if ('error' in outcome) {
    const { code, message } = outcome.error;
    throw new Error(`${url.origin}: ${code ?? message}`, { cause: outcome.error });
  }
  const found = outcome.status === 200 ? JSON.parse(outcome.body.toString()) : undefined;
  if (!found?.AccessKeyId || !found.SecretAccessKey) {
    throw new Error(`${url.origin} answered ${outcome.status} without credentials`);
  }
  return found;
}

/** Over plain HTTP, the token and the credentials only go to this host and to the addresses that AWS serves them from. */
const mayHoldToken = ({ protocol, hostname }: URL) =>
  protocol === 'https:' ||
  (protocol === 'http:' &&
    /^(localhost|127(\.\d+){3}|\[::1\]|169\.254\.170\.(2|23)|\[fd00:ec2::23\])$/.test(hostname));
