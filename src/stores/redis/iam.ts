import { defaultCredentials } from '../../aws/credentials.js';
import { tokenSource } from '../../aws/elasticache-token.js';
import { resolveRegion } from '../../aws/endpoint.js';
import { CacheError } from '../../model/errors.js';
import type { ClientSettings, IamLogin } from './options.js';

/**
 * ElastiCache ends a connection 12 hours after its login by IAM, in the middle of whatever runs. It is replaced before
 * that, milliseconds.
 */
export const LONGEST_IAM_MS = 11 * 3_600_000;

/**
 * Adds the login by IAM to the settings of a client.
 *
 * @throws CacheError `INVALID_OPTION` for a login that ElastiCache would refuse.
 */
export function withIam(settings: ClientSettings, iam: IamLogin): ClientSettings {
  const { user, cacheName }: Partial<Record<keyof IamLogin, unknown>> = Object(iam);
  if (typeof user !== 'string' || user === '') throw wrong('iam.user is not the name of a user.');
  if (typeof cacheName !== 'string' || !/^[a-z\d-]+$/.test(cacheName))
    throw wrong(
      'iam.cacheName is not the name of a cache: give the name of the cache or replication group, in lower case, and not its endpoint.',
    );
  if (typeof (iam.serverless ?? true) !== 'boolean')
    throw wrong('iam.serverless is not true or false.');
  // A region that is missing now may be set later.
  if (iam.region) resolveRegion(iam.region, 'iam.region');
  if (!settings.tls) throw wrong('iam needs TLS: use rediss://.');
  if (settings.password !== undefined)
    throw wrong('iam and a password are given: remove the password.');
  if (settings.username !== undefined && settings.username !== user)
    throw wrong('iam.user and another user name are given: remove the other.');
  return { ...settings, username: user, password: tokens({ ...iam, user, cacheName }) };
}

const wrong = (message: string): CacheError =>
  new CacheError('INVALID_OPTION', message, { subject: 'iam' });

/** The login has no option for credentials: another password takes its place. */
const OTHERWISE = 'give options.username and a function options.password in place of iam';

/** The source is made by the first login, which reads the region. */
function tokens(iam: IamLogin): () => Promise<string> {
  let source: (() => Promise<string>) | undefined;
  const { user, cacheName, region, serverless = false } = iam;
  return async () => {
    source ??= tokenSource({ user, cacheName, region, serverless }, defaultCredentials(OTHERWISE));
    return source();
  };
}
