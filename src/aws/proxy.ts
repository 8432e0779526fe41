import { CacheError } from '../model/errors.js';

/**
 * Refuses an endpoint that Node is told to reach through a proxy. Requests that go past it would time out, or do what
 * the proxy is there to prevent.
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
    `${variable} and NODE_USE_ENV_PROXY ask for a proxy to ${host}, and the lean transport knows none: give the option client, an AWS SDK client that uses the proxy, or name the host in NO_PROXY.`,
    { subject: variable },
  );
}

/** By the rules of `NO_PROXY` that name hosts; ranges of addresses are not among them. */
function isExempt(name: string, port: string): boolean {
  const { no_proxy: lower, NO_PROXY: upper = '' } = process.env;
  const entries = (lower || upper).toLowerCase().split(/[\s,]+/);
  return entries.some((entry) => {
    if (/^\*?\./.test(entry)) return name.endsWith(entry.replace('*', ''));
    return entry === '*' || entry === name || entry === `${name}:${port}`;
  });
}
