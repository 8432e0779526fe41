import type { CacheStore } from '../../model/cache-store.js';
import { CacheError, invalid } from '../../model/errors.js';
import { LONGEST_TIMER_MS } from '../../model/time.js';
import type { Serializer } from '../../serializers/serializer.js';
import { OVERFLOW_BYTES } from '../overflow/overflow.js';
import { type RedisClient, refuseKeyPrefix } from './client.js';
import type { NodeRedisClient } from './node-redis/client-types.js';
import { parseUrl } from './url.js';

/** One of `url`, `nodes` and `client` is needed. */
export interface RedisCacheStoreOptions {
  /**
   * `redis://host:6379`, `valkey://`, with TLS `rediss://` or `valkeys://`, or the path of a socket. It may contain
   * user, password and database number. The store opens an ioredis client and closes it.
   */
  readonly url?: string | undefined;
  /** URLs of some nodes of a Cluster, from which the client learns the others. They differ in host and port only. */
  readonly nodes?: readonly string[] | undefined;
  /** True if `url` is of a Cluster, such as ElastiCache Serverless or a configuration endpoint. Default: false. */
  readonly cluster?: boolean | undefined;
  /**
   * ElastiCache's login by IAM, which needs TLS. The store signs a new token for each connection with the credentials of
   * the function, and replaces a connection before its 12 hours have passed. `cacheName` is the name of the cache, not
   * its endpoint. `region` defaults to `AWS_REGION`. `serverless`: the cache is serverless, which signs differently.
   */
  readonly iam?: IamLogin | undefined;
  /**
   * ioredis settings for the client of a `url` or of `nodes`. They override the URL and the store's own settings. `password` may be
   * a function, which is called for each connection.
   */
  readonly options?: object | undefined;
  /**
   * Your own client: a `Redis` or `Cluster` from ioredis or iovalkey, or what `createClient`, `createSentinel` or
   * `createCluster` of node-redis returns, connected by you. The store never closes it.
   */
  readonly client?: RedisClient | NodeRedisClient | undefined;
  /** Precedes every key, with a colon. No other program may use it: `clear()` deletes all its keys. Default `cache`. */
  readonly prefix?: string | undefined;
  /** Default: JSON. */
  readonly serializer?: Serializer | undefined;
  /**
   * Keeps values that are larger than `maxValueBytes`: the record then holds only a pointer. An `S3CacheStore` for
   * example. It is closed with this store. Default: such values are not cached, and an event says so.
   */
  readonly overflow?: CacheStore | undefined;
  /** The largest size of a value, serialised, bytes. Default: 350 KB with `overflow`, otherwise no limit. */
  readonly maxValueBytes?: number | undefined;
}

/** @throws CacheError `INVALID_OPTION`. */
export function valueLimit({ maxValueBytes, overflow }: RedisCacheStoreOptions): number {
  const bytes = maxValueBytes ?? (overflow ? OVERFLOW_BYTES : Number.POSITIVE_INFINITY);
  if (bytes > 0) return bytes;
  throw invalid('maxValueBytes', bytes, 'a number of bytes above zero');
}

/** A user of ElastiCache who logs in by IAM. */
export interface IamLogin {
  readonly user: string;
  readonly cacheName: string;
  readonly region?: string | undefined;
  readonly serverless?: boolean | undefined;
}

/** ioredis settings for a client of our own. The store itself reads some of them. */
export interface ClientSettings extends Readonly<Record<string, unknown>> {
  readonly username?: string;
  readonly password?: string | (() => unknown);
  readonly db?: number | string;
}

/** The store makes a new client for each connection, because a client that reconnects by itself skips the login. */
const OWN = 'the store opens a new connection for the next command';
const REFUSED: readonly (readonly [
  option: string,
  works: (value: unknown) => boolean,
  why: string,
])[] = [
  ['retryStrategy', (value) => value === null, OWN],
  ['reconnectOnError', (value) => value === null, OWN],
  ['lazyConnect', (value) => value === true, 'the first command or warm() connects'],
  // ioredis would check before the login.
  ['enableReadyCheck', (value) => value === false, 'a server that is LOADING says so'],
  ['protocol', (value) => value === 2, 'the store speaks RESP2'],
  ['role', (value) => value === 'master', 'the store writes as well as it reads'],
  ['monitor', (value) => !value, 'such a connection runs no other command'],
];

const isText = (value: unknown): boolean => typeof value === 'string';
const isNumber = (value: unknown): boolean => /^\d{1,9}$/.test(String(value));
const isPort = (value: unknown): boolean =>
  isNumber(value) && Number(value) > 0 && Number(value) < 65_536;
const isTls = (value: unknown): boolean => typeof value === 'object' || typeof value === 'boolean';
/** Node's sockets throw for any other. ioredis calls them in a callback, where the error ends the process. */
const isMs = (value: unknown): boolean =>
  value === null || (typeof value === 'number' && value >= 0 && value <= LONGEST_TIMER_MS);
const MS = 'a number of milliseconds';
const CHECKED: readonly (readonly [
  option: string,
  is: (value: unknown) => boolean,
  give: string,
])[] = [
  ['username', isText, 'a string'],
  ['password', (value) => isText(value) || typeof value === 'function', 'a string or a function'],
  ['db', isNumber, 'the number of a database'],
  ['host', isText, 'a string'],
  ['port', isPort, 'a port'],
  ['path', isText, 'the path of a socket'],
  ['tls', isTls, 'an object of TLS settings, true or false'],
  [
    'sentinels',
    (value) => Array.isArray(value) && value.length > 0,
    'a list of Sentinels with one at least',
  ],
  ['connectTimeout', isMs, MS],
  ['commandTimeout', isMs, MS],
  ['socketTimeout', isMs, MS],
  ['disconnectTimeout', isMs, MS],
  ['sentinelCommandTimeout', isMs, MS],
  ['keepAlive', isMs, MS],
];

/**
 * Merges the settings of a URL with `options`, which win. An undefined option counts as absent, like an environment
 * variable that is not set.
 *
 * @throws CacheError `INVALID_OPTION`.
 */
export function clientSettingsOf(url: unknown, options: unknown): ClientSettings {
  const fromUrl = parseUrl(url);
  if (options !== undefined && (typeof options !== 'object' || options === null))
    throw wrong('options must be an object with settings of ioredis.');
  const entries = Object.entries(options ?? {}).filter(([, value]) => value !== undefined);
  const given: Readonly<Record<string, unknown>> = Object.fromEntries(entries);
  refuseKeyPrefix({ options: given }, 'options');
  for (const [option, works, why] of REFUSED) {
    if (!(option in given) || works(given[option])) continue;
    throw wrong(`options.${option} cannot be used here: ${why}. Remove it.`);
  }
  for (const [option, is, give] of CHECKED) {
    if (!(option in given) || is(given[option])) continue;
    // The message omits the value, which may be a secret in the wrong place.
    throw wrong(`options.${option} is not ${give}.`);
  }
  if ('sentinels' in given && !isText(given.name))
    throw wrong(
      'options.name is missing: set it to the name by which the Sentinels know the master.',
    );
  const { path, ...others } = fromUrl;
  // ioredis prefers a socket to a host.
  const isElsewhere = 'host' in given || 'port' in given || 'sentinels' in given;
  return { ...others, ...(!isElsewhere && path && { path }), ...given };
}

const wrong = (message: string): CacheError =>
  new CacheError('INVALID_OPTION', message, { subject: 'options' });
