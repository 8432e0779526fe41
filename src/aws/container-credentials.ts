import { builtin } from './builtin.js';
import type { Credentials } from './signature.js';

/** New credentials are asked for this long before the old ones end, or halfway when they end sooner. */
const AHEAD_MS = 300_000;

/** Credentials of an ECS task or an EKS pod, from the endpoint at `uri`. Kept until shortly before they end. */
export function containerCredentials(): (uri: string) => Promise<Credentials> {
  let held: Promise<Credentials>;
  let endsAt = 0;
  let askAgainAt = 0;

  return (uri) => {
    const now = Date.now();
    if (now < askAgainAt) return held;
    const old = held;
    // One request for all who come before its answer does.
    askAgainAt = Infinity;
    held = fetchCredentials(uri)
      .then(
        ({ AccessKeyId, SecretAccessKey, Token, Expiration }) => {
          endsAt = Date.parse(Expiration) || now + AHEAD_MS;
          return {
            accessKeyId: AccessKeyId,
            secretAccessKey: SecretAccessKey,
            sessionToken: Token,
          };
        },
        (error) => {
          // The endpoint has until the old ones end to recover.
          if (now < endsAt) return old;
          throw error;
        },
      )
      .finally(() => {
        askAgainAt = Math.max(endsAt - AHEAD_MS, (now + endsAt) / 2);
      });
    return held;
  };
}

interface Found {
  readonly AccessKeyId: string;
  readonly SecretAccessKey: string;
  readonly Token: string;
  readonly Expiration: string;
}

/** Over plain HTTP, the token and the credentials only go to this host and to the addresses that AWS serves them from. */
const TRUSTED =
  /^(https:|http:\/\/(localhost|127(\.\d+){3}|\[::1]|169\.254\.170\.(2|23)|\[fd00:ec2::23])(:\d+)?$)/;

async function fetchCredentials(uri: string): Promise<Found> {
  const url = new URL(uri);
  if (!TRUSTED.test(url.origin)) {
    throw new Error(`${url.origin} is neither https nor local`);
  }
  // Read each time: EKS rotates the token in its file.
  const file = process.env.AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE;
  const token = file
    ? builtin.fs().readFileSync(file, 'utf8').trim()
    : process.env.AWS_CONTAINER_AUTHORIZATION_TOKEN;

  // Containers run for long: what loading fetch costs, tens of milliseconds, does not count here.
  const response = await fetch(url, {
    headers: token ? { authorization: token } : {},
    redirect: 'manual',
    signal: AbortSignal.timeout(1_000),
  });
  const found = response.ok ? ((await response.json()) as Found) : undefined;
  if (!found?.SecretAccessKey) {
    throw new Error(`${url.origin} answered ${response.status} without credentials`);
  }
  return found;
}
