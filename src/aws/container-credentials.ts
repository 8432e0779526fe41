import { builtin } from './builtin.js';
import type { Credentials } from './signature.js';

/** Credentials of an ECS task or an EKS pod, from the endpoint at `uri`. Kept until shortly before they end. */
export function containerCredentials(): (uri: string) => Promise<Credentials> {
  let held: Promise<Credentials>;
  let askAgainAt = 0;

  return (uri) => {
    const now = Date.now();
    if (now >= askAgainAt) {
      // One request for all who come before its answer does.
      askAgainAt = Infinity;
      held = fetchCredentials(uri).then(
        ({ AccessKeyId, SecretAccessKey, Token, Expiration }) => {
          // Five minutes before they end, or halfway when they end sooner.
          const endsAt = Date.parse(Expiration) || now;
          askAgainAt = Math.max(endsAt - 300_000, (now + endsAt) / 2);
          return {
            accessKeyId: AccessKeyId,
            secretAccessKey: SecretAccessKey,
            sessionToken: Token,
          };
        },
        (error) => {
          askAgainAt = 0;
          throw error;
        },
      );
    }
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
  const { env } = process;
  const file = env.AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE;
  const token = file
    ? builtin.fs().readFileSync(file, 'utf8').trim()
    : env.AWS_CONTAINER_AUTHORIZATION_TOKEN;

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
