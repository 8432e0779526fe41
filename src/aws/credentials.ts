import { CacheError } from '../errors.js';
import { containerCredentials } from './container-credentials.js';
import type { CredentialProvider } from './signature.js';

export type { CredentialProvider, Credentials } from './signature.js';

/**
 * Credentials from where AWS puts them: the environment (read each time, since they are rotated there), the container's
 * endpoint (ECS, EKS), or else whatever the SDK finds, if its package is installed.
 *
 * @throws CacheError `NO_CREDENTIALS` when there are none.
 */
export function defaultCredentials(): CredentialProvider {
  const fromContainer = containerCredentials();
  let chain: Promise<CredentialProvider> | undefined;

  return async () => {
    const { env } = process;
    const accessKeyId = env.AWS_ACCESS_KEY_ID;
    const secretAccessKey = env.AWS_SECRET_ACCESS_KEY;
    if (accessKeyId && secretAccessKey) {
      return { accessKeyId, secretAccessKey, sessionToken: env.AWS_SESSION_TOKEN };
    }
    if (env.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI || env.AWS_CONTAINER_CREDENTIALS_FULL_URI) {
      return fromContainer();
    }
    chain ??= sdkChain();
    try {
      return await (await chain)();
    } catch (cause) {
      chain = undefined;
      throw new CacheError(
        'NO_CREDENTIALS',
        'No AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, give the store the option credentials, or install ' +
          '@aws-sdk/credential-providers, which reads profiles, SSO and instance roles.',
        { cause },
      );
    }
  };
}

/** Put together at run time: a bundler that saw the name would ask for the package, which is optional. */
async function sdkChain(): Promise<CredentialProvider> {
  const name = ['@aws-sdk', 'credential-providers'].join('/');
  const { fromNodeProviderChain } = await import(/* webpackIgnore: true */ /* @vite-ignore */ name);
  return fromNodeProviderChain();
}
