import { containerCredentials } from './container-credentials.js';
import type { CredentialProvider } from './signature.js';

export type { CredentialProvider, Credentials } from './signature.js';

/**
 * Credentials from where AWS puts them: the environment (read each time, since they are rotated there), the container's
 * endpoint (ECS, EKS), or else whatever the SDK finds, if its package is installed. Rejects when there are none; the
 * transport says what to do about it.
 */
export function defaultCredentials(): CredentialProvider {
  const fromContainer = containerCredentials();
  let fromSdk: CredentialProvider | undefined;

  return async () => {
    const { env } = process;
    const accessKeyId = env.AWS_ACCESS_KEY_ID;
    const secretAccessKey = env.AWS_SECRET_ACCESS_KEY;
    if (accessKeyId && secretAccessKey) {
      return { accessKeyId, secretAccessKey, sessionToken: env.AWS_SESSION_TOKEN };
    }
    const path = env.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI;
    const uri = path ? `http://169.254.170.2${path}` : env.AWS_CONTAINER_CREDENTIALS_FULL_URI;
    if (uri) return fromContainer(uri);
    // Put together at run time: a bundler that saw the name would ask for the package, which is optional.
    const name = ['@aws-sdk', 'credential-providers'].join('/');
    fromSdk ??= (
      await import(/* webpackIgnore: true */ /* @vite-ignore */ name)
    ).fromNodeProviderChain() as CredentialProvider;
    return fromSdk();
  };
}
