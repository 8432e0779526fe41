import { CacheError } from '../../model/errors.js';

/** The settings in a URL, under their names in ioredis. */
export interface UrlSettings {
  readonly host?: string;
  readonly port?: number;
  /** The path of a socket, instead of host and port. */
  readonly path?: string;
  readonly tls?: object;
  readonly username?: string;
  readonly password?: string;
  readonly db?: number;
}

/** The schemes. True for those with TLS. */
const SCHEMES = new Map([
  ['redis:', false],
  ['valkey:', false],
  ['rediss:', true],
  ['valkeys:', true],
]);
const DEFAULT_PORT = 6379;
const USE = 'use redis://, rediss://, valkey:// or valkeys:// with a host, or the path of a socket';
const FORM = 'write it as redis://host:6379, with a port of at most 65535';
const ENCODE =
  'in the user name and the password, write % as %25, / as %2F, ? as %3F, # as %23 and @ as %40';

/**
 * Parses the address of a server. An error shows only scheme and host, because a character that is not encoded can make
 * a part of the password look like any other part of the URL.
 *
 * @throws CacheError `INVALID_OPTION`.
 */
export function parseUrl(url: unknown): UrlSettings {
  if (typeof url !== 'string') throw wrong('', `is of type ${typeof url}`, USE);
  if (url === '') throw wrong('', 'is empty', USE);
  if (/[\p{Cc}\s]/u.test(url)) throw wrong('', 'contains white space', 'remove it');
  if (/^["'`]|["'`]$/.test(url)) throw wrong('', 'has quotes around it', 'remove them');
  return url.startsWith('/') && !url.startsWith('//') ? ofSocket(url) : ofAddress(url);
}

/** `/run/redis.sock`, or `/run/redis.sock?db=3`. */
function ofSocket(url: string): UrlSettings {
  const [, path = '', query] = /^([^?]*)(?:\?(.*))?$/.exec(url) ?? [];
  if (query === undefined) return { path };
  const db = /^db=(\d{1,9})$/.exec(query)?.[1];
  if (db === undefined) throw wrong('', 'has a wrong parameter', 'a socket takes ?db=3 only');
  return { path, db: Number(db) };
}

function ofAddress(url: string): UrlSettings {
  const scheme = /^[a-z]+:(?=\/\/)/i.exec(url)?.[0].toLowerCase() ?? '';
  const tls = SCHEMES.get(scheme);
  if (tls === undefined) throw wrong('', 'has no scheme of Redis', USE);
  const parsed = parsedOrUndefined(url);
  // An @ after the first /, ? or # means that the password was cut short, and a part of it was read as the host.
  if (!parsed || /[/?#].*@/.test(url.slice(scheme.length + 2)))
    throw wrong(`${scheme}//`, 'cannot be read', url.includes('@') ? ENCODE : FORM);
  const { hostname, port, pathname } = parsed;
  const shown = `${scheme}//${hostname}`;
  if (hostname === '') throw wrong(shown, 'names no host', 'add one, such as localhost');
  if (port === '0') throw wrong(shown, 'has port 0', 'name another, or none for 6379');
  if (/[?#]/.test(url))
    throw wrong(shown, 'has parameters', 'remove ? and #, and use `options` for settings');
  const db = /^\/?(\d{0,9})$/.exec(pathname)?.[1];
  if (db === undefined)
    throw wrong(shown, 'has a path that is not a database number', 'use /3 for database 3');
  const username = decoded(parsed.username, shown);
  const password = decoded(parsed.password, shown);
  return {
    // Without the brackets of an IPv6 address.
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? DEFAULT_PORT : Number(port),
    ...(tls && { tls: {} }),
    ...(username && { username }),
    ...(password && { password }),
    ...(db && { db: Number(db) }),
  };
}

/** Swallows the error of `new URL`, which contains the URL and so must not become a cause. */
function parsedOrUndefined(url: string): URL | undefined {
  try {
    return new URL(url);
  } catch {
    return undefined;
  }
}

function decoded(text: string, shown: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw wrong(shown, 'has a % that encodes nothing', ENCODE);
  }
}

function wrong(shown: string, what: string, remedy: string): CacheError {
  const url = shown === '' ? 'url' : `url (${shown})`;
  return new CacheError('INVALID_OPTION', `${url} ${what}: ${remedy}.`, { subject: 'url' });
}
