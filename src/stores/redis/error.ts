import { CacheError, type CacheErrorCode } from '../../model/errors.js';

/** What to do about the errors that people meet, by how they begin. */
const REMEDIES: readonly (readonly [start: RegExp, remedy: string])[] = [
  [/^WRONGPASS|^NOAUTH/, 'Check the user name and the password'],
  [
    /^NOPERM/,
    'Allow the user GET, GETRANGE, SET, TIME, UNLINK, SCAN, EVAL and EVALSHA on its keys, and PUBLISH and SUBSCRIBE on its channel',
  ],
  [/^OOM/, 'Give it a maxmemory-policy that evicts, such as volatile-lru, or more memory'],
  [/^READONLY/, 'This is a replica: connect to the primary endpoint'],
  [/^MOVED|^CROSSSLOT/, 'This is a Cluster: give the store a Cluster client'],
  [/^WRONGTYPE/, 'Something else writes below the prefix of the store: give it one of its own'],
  [
    /ECONN|ENOTFOUND|EHOSTUNREACH|ETIMEDOUT|Connection is closed|Stream isn't writeable|max retries/,
    'Check the address, the subnets and security groups, and whether it wants TLS (rediss://)',
  ],
  [/timed out|Socket timeout/, 'Is it overloaded, or out of reach?'],
];

/** A key of another type says nothing of the health of the server. */
const CODES: readonly (readonly [pattern: RegExp, code: CacheErrorCode])[] = [
  [/timed out|ETIMEDOUT|timeout/i, 'TIMEOUT'],
  [/^WRONGTYPE/, 'CORRUPT'],
];

/** Before version 7, what Redis says of a command in a script stands behind what it says of the script. */
const IN_SCRIPT = /^ERR Error running script .*?: -/;

/** What the client or Redis said. */
export const messageOf = (error: unknown): string =>
  String(Object(error).message ?? error).replace(IN_SCRIPT, '');

/** An error of the client, or one that Redis answered with, as a `CacheError` whose message says what to do. */
export function redisError(
  operation: string,
  subject: string | undefined,
  cause: unknown,
): CacheError {
  if (cause instanceof CacheError) return cause;
  const message = messageOf(cause);
  const remedy = REMEDIES.find(([start]) => start.test(message))?.[1];
  const code = CODES.find(([pattern]) => pattern.test(message))?.[1] ?? 'STORE_FAILED';
  const text = `Redis: ${operation} failed: ${message.replace(/\.$/, '')}.${remedy ? ` ${remedy}.` : ''}`;
  return new CacheError(code, text, { subject, cause });
}
