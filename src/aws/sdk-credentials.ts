import { type CredentialProvider, shortText } from './kept-credentials.js';
import { noCredentials } from './no-credentials.js';
import { profileName, profileSettings } from './profile.js';

/** Computed at run time, because a bundler that saw the name would require the package, which is optional. */
const PACKAGE = /* @__PURE__ */ ['@aws-sdk', 'credential-providers'].join('/');

/** The profile settings that define a source of credentials. */
const CREDENTIAL_SETTINGS =
  /^(aws_access_key_id|credential_process|credential_source|login_session|role_arn|sso_|web_identity_)/;

/**
 * Credentials from AWS's SDK: profiles, SSO, web identity, EC2 instances. Each call builds a new chain, because an old
 * one would return its cached credentials. `otherwise` says what else the caller can do.
 *
 * @throws CacheError `MISSING_PEER` if the environment or a profile names credentials that only the SDK can get, and
 * its package is not installed; otherwise `NO_CREDENTIALS`.
 */
export const sdkCredentials =
  (otherwise: string): CredentialProvider =>
  async () => {
    const sdk = await import(/* webpackIgnore: true */ /* @vite-ignore */ PACKAGE).catch(
      notInstalled(otherwise),
    );
    try {
      return await sdk.fromNodeProviderChain()();
    } catch (cause) {
      throw noCredentials(
        `${PACKAGE} found none (${shortText(cause)}). Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, check the profile "${profileName()}", or ${otherwise}.`,
        cause,
      );
    }
  };

const notInstalled =
  (otherwise: string) =>
  (cause: unknown): never => {
    const source = sourceForSdk();
    if (source)
      throw noCredentials(
        `${source}, which needs the package ${PACKAGE}. Install it, or ${otherwise}.`,
        cause,
        'MISSING_PEER',
        PACKAGE,
      );
    throw noCredentials(
      `no AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY, container endpoint or profile is set. Set one, ${otherwise}, or on EC2 install ${PACKAGE}.`,
      cause,
    );
  };

/** The configured source of credentials that only the SDK can read. */
function sourceForSdk(): string | undefined {
  const { AWS_PROFILE, AWS_WEB_IDENTITY_TOKEN_FILE } = process.env;
  if (AWS_PROFILE) return `AWS_PROFILE names the profile "${AWS_PROFILE}"`;
  if (AWS_WEB_IDENTITY_TOKEN_FILE) return 'AWS_WEB_IDENTITY_TOKEN_FILE names a web identity';
  const setting = Object.keys(profileSettings()()).find((name) => CREDENTIAL_SETTINGS.test(name));
  return setting && `the profile "default" has ${setting}`;
}
