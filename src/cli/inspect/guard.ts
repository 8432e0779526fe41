import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Compares in a time that tells nothing about the secret. */
export function isSecret(given: string | undefined, secret: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return given !== undefined && timingSafeEqual(hash(given), hash(secret));
}

export const newSecret = (): string => randomBytes(32).toString('base64url');

/**
 * False for a name that leads here but is not this machine's own, so that a web site whose name was pointed at the
 * loopback address cannot read the answers.
 */
export const isOwnHost = (host: string | undefined, port: number): boolean =>
  host === `127.0.0.1:${port}` || host === `localhost:${port}`;

/**
 * False if another page makes the browser send the request. Ports do not separate sites for cookies, so that any other
 * server on this machine would have the cookie sent.
 */
export function isOwnPage(headers: Headers): boolean {
  const site = headers.get('sec-fetch-site');
  const origin = headers.get('origin');
  const isOwnOrigin = origin === null || origin === `http://${headers.get('host')}`;
  return isOwnOrigin && (site === null || site === 'same-origin' || site === 'none');
}

export function cookieOf(headers: Headers, name: string): string | undefined {
  const pairs = (headers.get('cookie') ?? '').split(/; */).map((pair) => pair.split('='));
  return pairs.find(([own]) => own === name)?.[1];
}

/** Allows the script and the style of this very page, and requests to its own server. */
export function securityHeaders(page: string): Record<string, string> {
  const hashOf = (tag: string) => {
    const [, text = ''] = new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(page) ?? [];
    return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  };
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf('script')}`,
    `style-src ${hashOf('style')}`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ];
  return {
    'content-security-policy': policy.join('; '),
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'cache-control': 'no-store',
  };
}
