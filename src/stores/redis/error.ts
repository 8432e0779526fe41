import { CacheError, type CacheErrorCode } from '../../model/errors.js';
import { remedyOf } from './remedies.js';

/** The error code by message. A key of the wrong type does not mean that the server fails. */
const CODES: readonly (readonly [pattern: RegExp, code: CacheErrorCode])[] = [
  [/timed out|ETIMEDOUT|timeout/i, 'TIMEOUT'],
  [/^WRONGTYPE/, 'CORRUPT'],
];

/** Redis before version 7 puts this before the error of a command in a script. */
const IN_SCRIPT = /^ERR Error running script .*?: -/;
/** Redis repeats the arguments of an unknown command: keys and values. */
const ARGUMENTS = /,? with args beginning with:.*/s;

/**
 * ioredis adds the first after each try, with a different delay: the store's own time limit ends the tries. Version 6 wants
 * to hear of every server that does not speak Redis.
 */
const OF_IOREDIS = / Retrying from scratch after \d+ms\.| Please report this\.$/g;

/** OpenSSL names the place in its source; the fourth part is the error. */
const OPENSSL = /^\w+:error:\w+:SSL routines:[^:]*:([^:]+):.*$/s;

/** The message of the client or of Redis, without the arguments of commands. */
export function messageOf(error: unknown): string {
  const { message, code, errors }: Partial<AggregateError & { code: string }> = Object(error);
  // For a host with several addresses Node's error has no message, only an error for each address.
  const said = message || (errors?.length ? messageOf(errors[0]) : code);
  return String(said ?? error)
    .replace(IN_SCRIPT, '')
    .replace(ARGUMENTS, '')
    .replace(OF_IOREDIS, '')
    .replace(OPENSSL, 'SSL routines: $1')
    .trim();
}

/** Turns an error of the client or an error reply of Redis into a `CacheError` that says where, and what to do. */
export function redisError(
  operation: string,
  subject: string | undefined,
  cause: unknown,
  /** See `placeOf`. */
  place = '',
): CacheError {
  if (cause instanceof CacheError) return cause;
  const message = messageOf(cause);
  const remedy = remedyOf(message);
  const code = CODES.find(([pattern]) => pattern.test(message))?.[1] ?? 'STORE_FAILED';
  const said = /[.?!]$/.test(message) ? message : `${message}.`;
  const text = `Redis: ${operation}${place} failed: ${said}${remedy ? ` ${remedy}.` : ''}`;
  return new CacheError(code, text, { subject, cause: withoutArguments(cause) });
}

/**
 * Properties of clients' errors: commands with their arguments, replies, node errors with further commands, and a
 * certificate that refers to itself.
 */
const UNFIT_FOR_LOGS = ['command', 'buffer', 'lastNodeError', 'previousErrors', 'cert'];

/**
 * The error, or a copy without the properties that are unfit for logs, because a cause ends in logs, and cached values
 * and passwords are arguments of commands.
 */
function withoutArguments(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const isFit = !UNFIT_FOR_LOGS.some((part) => part in error) && !ARGUMENTS.test(error.message);
  if (isFit && error.cause === undefined) return error;
  // Any of these members may be missing.
  const { name, message, stack, code, command, lastNodeError } = error as ClientError;
  const under = lastNodeError ?? error.cause;
  const cause = under === undefined ? undefined : { cause: withoutArguments(under) };
  const copy = new Error(message.replace(ARGUMENTS, ''), cause);
  copy.name = name;
  if (stack) copy.stack = stack.replace(message, () => copy.message);
  const commandName = command?.name;
  return Object.assign(copy, code && { code }, commandName && { command: commandName });
}

interface ClientError extends Error {
  readonly code?: string;
  readonly command?: { readonly name?: string };
  readonly lastNodeError?: unknown;
}

/** The error of a fill whose read found no memory for its token. */
export const noTokenError = (key: string, place: string): CacheError =>
  redisError('fill', key, new Error('OOM when the token was to be left that a fill needs'), place);

/** A value that another program or another serializer wrote. */
export function foreign(key: string): CacheError {
  const message = `Another program wrote the value of "${key}" in Redis: give this store a prefix of its own.`;
  return new CacheError('CORRUPT', message, { subject: key });
}

/** A Cluster whose client knows none of the nodes that a command needs. */
export const noNodeError = (node: 'master' | 'node'): CacheError =>
  new CacheError('STORE_FAILED', `No ${node} of the Cluster can be reached.`);

/** A call of a closed store. */
export const closedError = (): CacheError =>
  new CacheError('STORE_FAILED', 'The store is closed: make a new one, or close it later.');

/** A channel of invalidations that is not ready. */
export const channelError = (what: string): CacheError =>
  new CacheError('TIMEOUT', `${what}: copies in the tiers above are not served meanwhile.`);
