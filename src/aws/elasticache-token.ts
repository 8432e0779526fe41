import { type Clock, systemClock } from '../model/time.js';
import { type CredentialSource, defaultCredentials } from './credentials.js';
import { resolveRegion } from './endpoint.js';
import { findCredentials } from './kept-credentials.js';
import { ALGORITHM, type Credentials, scopeOf, sha256, signatureOf, timeOf } from './signature.js';

/** The life of a token, seconds: the longest that ElastiCache accepts. */
const TOKEN_SECONDS = 900;
/** The time limit for credentials, milliseconds. */
const CREDENTIALS_MS = 2_000;
const LATE = 'within 2 s. Check what it waits for';

/** A user of ElastiCache that logs in by IAM. */
export interface IamUser {
  readonly user: string;
  /** The name of the cache or replication group, not its endpoint. */
  readonly cacheName: string;
  readonly region: string;
  readonly serverless: boolean;
}

/**
 * The password of a user that logs in by IAM: a presigned request that is never sent. It is valid for 15 minutes, and
 * the connection that it opens for 12 hours.
 */
export function elastiCacheToken(
  { user, cacheName, region, serverless }: IamUser,
  { accessKeyId, secretAccessKey, sessionToken }: Credentials,
  nowMs: number,
): string {
  const time = timeOf(nowMs);
  const scope = scopeOf(time, region, 'elasticache');
  const parameters: readonly (readonly [name: string, value: string | undefined])[] = [
    ['Action', 'connect'],
    ['ResourceType', serverless ? 'ServerlessCache' : undefined],
    ['User', user],
    ['X-Amz-Algorithm', ALGORITHM],
    ['X-Amz-Credential', `${accessKeyId}/${scope}`],
    ['X-Amz-Date', time],
    ['X-Amz-Expires', String(TOKEN_SECONDS)],
    ['X-Amz-Security-Token', sessionToken || undefined],
    ['X-Amz-SignedHeaders', 'host'],
  ];
  // In the order of their names, as they are signed.
  const query = parameters
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${encoded(value)}`]))
    .join('&');
  const request = `GET\n/\n${query}\nhost:${cacheName}\n\nhost\n${sha256('')}`;
  const signature = signatureOf(request, time, scope, secretAccessKey);
  return `${cacheName}/?${query}&X-Amz-Signature=${signature}`;
}

/** As Signature Version 4 encodes: everything but unreserved characters. */
const encoded = (value: string): string =>
  encodeURIComponent(value).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/**
 * Makes tokens with the credentials of the environment, the container or a profile.
 *
 * @throws CacheError `INVALID_OPTION` without a region.
 */
export function tokenSource(
  user: Omit<IamUser, 'region'> & { readonly region: string | undefined },
  credentials: CredentialSource = defaultCredentials(),
  clock: Clock = systemClock,
): () => Promise<string> {
  const iam = { ...user, region: resolveRegion(user.region, 'iam.region') };
  return async () => {
    const found = await findCredentials(credentials, CREDENTIALS_MS, LATE);
    return elastiCacheToken(iam, found, clock.now());
  };
}
