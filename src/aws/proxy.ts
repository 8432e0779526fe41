import { CacheError } from '../model/errors.js';

/**
 * Rejects an endpoint that Node should reach through a proxy. Requests that bypass the proxy would time out, or evade
 * its rules.
 *
 * @throws CacheError `INVALID_OPTION`.
 */
export function refuseProxy({ protocol, hostname, port, host }: URL): void {
  const { env, execArgv } = process;
  const options = `${env.NODE_OPTIONS ?? ''} ${execArgv.join(' ')}`;
  if (env.NODE_USE_ENV_PROXY !== '1' && !options.includes('--use-env-proxy')) return;

  const isSecure = protocol === 'https:';
  const variable = isSecure ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  if (!(env[variable.toLowerCase()] || env[variable])) return;
  const name = hostname.replace(/[[\]]/g, '');
  if (isExempt(name, port || (isSecure ? '443' : '80'))) return;
  throw new CacheError(
    'INVALID_OPTION',
    `${variable} and NODE_USE_ENV_PROXY ask for a proxy to ${host}: give the option client, an AWS SDK client that uses it, or name the host in NO_PROXY.`,
    { subject: variable },
  );
}

/** Checks `NO_PROXY`, except for address ranges. */
function isExempt(name: string, port: string): boolean {
  const { no_proxy: lower, NO_PROXY: upper = '' } = process.env;
  const entries = (lower || upper).toLowerCase().split(/[\s,]+/);
  return entries.some((entry) => {
    if (/^\*?\./.test(entry)) return name.endsWith(entry.replace('*', ''));
    return entry === '*' || entry === name || entry === `${name}:${port}`;
  });
}
