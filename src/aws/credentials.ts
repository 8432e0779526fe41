import { invalid } from '../model/errors.js';
import { containerCredentials, containerUrl } from './container-credentials.js';
import {
  type CredentialProvider,
  type CredentialSource,
  keepCredentials,
  originOf,
} from './kept-credentials.js';
import { profileName } from './profile.js';
import { sdkCredentials } from './sdk-credentials.js';
import type { Credentials } from './signature.js';

export {
  type CredentialProvider,
  type CredentialSource,
  keepCredentials,
} from './kept-credentials.js';

/**
 * Finds credentials where AWS puts them, in the SDK's order. `otherwise` says, in errors, what else the caller can do.
 * The first configured source counts:
 *
 * 1. a profile that `AWS_PROFILE` names, through the SDK: it wins over keys in the environment
 * 2. the environment, read each time, because credentials are rotated there
 * 3. a web identity, through the SDK
 * 4. the container's endpoint (ECS, EKS)
 * 5. any other source that the SDK finds, if its package is installed
 */
export function defaultCredentials(otherwise = 'give the option credentials'): CredentialSource {
  const fromContainer = keepCredentials(() => containerCredentials(containerUrl() ?? ''));
  fromContainer.origin = () => 'the container endpoint';
  const fromSdk = keepCredentials(sdkCredentials(otherwise));
  fromSdk.origin = () => `the AWS SDK, profile "${profileName()}",`;
  const kept = () => (isForSdk() || !containerUrl() ? fromSdk : fromContainer);

  const source: CredentialSource = () => environmentCredentials() ?? kept()();
  source.expire = (credentials) => {
    const found = environmentCredentials();
    // The environment returns the same credentials until somebody changes it.
    if (found) return found.accessKeyId !== credentials.accessKeyId;
    return kept().expire?.(credentials) ?? false;
  };
  source.origin = () =>
    environmentCredentials() ? 'the environment (AWS_ACCESS_KEY_ID)' : originOf(kept());
  return source;
}

const isForSdk = () => Boolean(process.env.AWS_PROFILE || process.env.AWS_WEB_IDENTITY_TOKEN_FILE);

function environmentCredentials(): Credentials | undefined {
  const { env } = process;
  const accessKeyId = env.AWS_ACCESS_KEY_ID;
  const secretAccessKey = env.AWS_SECRET_ACCESS_KEY;
  if (env.AWS_PROFILE || !accessKeyId || !secretAccessKey) return undefined;
  return { accessKeyId, secretAccessKey, sessionToken: env.AWS_SESSION_TOKEN };
}

/** @throws CacheError `INVALID_OPTION` unless it is a function. The message omits the value, which may be a secret. */
export function credentialsFrom(provide: CredentialProvider | undefined): CredentialSource {
  if (provide === undefined) return defaultCredentials();
  if (typeof provide === 'function') return keepCredentials(provide);
  throw invalid('credentials', Object(provide), 'an async function that returns them');
}
