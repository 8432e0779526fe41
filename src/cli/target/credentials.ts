import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { CredentialProvider, CredentialSource } from '../../aws/credentials.js';
import { CacheError } from '../../model/errors.js';
import type { Place } from '../options.js';

const LOOPBACK = /^(localhost|.*\.localhost|127\.[\d.]+|\[::1\]|host\.docker\.internal)$/;

/** True for an endpoint on this machine, such as DynamoDB Local's. */
export const isLocal = (endpoint: string | undefined): boolean =>
  endpoint !== undefined && URL.canParse(endpoint) && LOOPBACK.test(new URL(endpoint).hostname);

/**
 * The credentials for a command, which has no SDK: the keys of a profile, those that the store itself finds, or what
 * the AWS CLI exports, which knows every kind of login. A server on this machine takes any.
 */
export function credentialsFor({ endpoint }: Place): CredentialProvider {
  let found: CredentialSource | undefined;
  return async () => {
    const { defaultCredentials, profileSettings } = await import('../library.js');
    const { AWS_ACCESS_KEY_ID, AWS_PROFILE } = process.env;
    const isNamed = Boolean(AWS_ACCESS_KEY_ID || AWS_PROFILE);
    if (isLocal(endpoint) && !isNamed) return { accessKeyId: 'local', secretAccessKey: 'local' };
    const { aws_access_key_id, aws_secret_access_key, aws_session_token } = profileSettings()();
    if (AWS_PROFILE && aws_access_key_id && aws_secret_access_key)
      return {
        accessKeyId: aws_access_key_id,
        secretAccessKey: aws_secret_access_key,
        sessionToken: aws_session_token,
      };
    found ??= defaultCredentials();
    try {
      return await found();
    } catch (error) {
      const isMissing = error instanceof CacheError && error.code === 'MISSING_PEER';
      const exported = isMissing ? await exportedCredentials() : undefined;
      if (exported) return exported;
      throw error;
    }
  };
}

/** The credentials that `aws configure export-credentials` prints, or undefined without the AWS CLI or a login. */
async function exportedCredentials() {
  try {
    const { stdout } = await promisify(execFile)('aws', ['configure', 'export-credentials']);
    const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = JSON.parse(stdout);
    return {
      accessKeyId: String(AccessKeyId),
      secretAccessKey: String(SecretAccessKey),
      sessionToken: SessionToken,
      ...(Expiration && { expiration: new Date(Expiration) }),
    };
  } catch {
    return undefined;
  }
}
