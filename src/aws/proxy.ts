import { CacheError } from '../model/errors.js';

/**
 * Refuses an endpoint that Node is told to reach through a proxy: requests that go past it would time out, or be what
 * the proxy is there to prevent.
 *
 * @throws CacheError `INVALID_OPTION`.
 */
export function refuseProxy({ protocol, hostname, port, host }: URL): void {
  const { env } = process;
  if (!env.NODE_USE_ENV_PROXY || env.NODE_USE_ENV_PROXY === '0') return;
  const name = protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  if (!(env[name.toLowerCase()] ?? env[name])) return;
  const withPort = `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`;
  const exempt = (env.no_proxy ?? env.NO_PROXY ?? '').toLowerCase().split(/[\s,]+/);
  const isExempt = exempt.some((entry) => {
    const suffix = entry.replace(/^\*?\./, '.');
    if (suffix.startsWith('.')) return hostname.endsWith(suffix) || `.${hostname}` === suffix;
    return entry === '*' || entry === hostname || entry === withPort;
  });
  if (isExempt) return;
  throw new CacheError(
    'INVALID_OPTION',
    `${name} with NODE_USE_ENV_PROXY asks for a proxy to ${host}, which the lean transport does not use: give a client of the AWS SDK that does, or put the host into NO_PROXY.`,
    { subject: name },
  );
}
