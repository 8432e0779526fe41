import { CacheError, type CacheErrorCode } from '../../model/errors.js';
import { remedyOf } from './remedies.js';

/** A key of another type says nothing about the health of the server. */
const CODES: readonly (readonly [pattern: RegExp, code: CacheErrorCode])[] = [
  [/timed out|ETIMEDOUT|timeout/i, 'TIMEOUT'],
  [/^WRONGTYPE/, 'CORRUPT'],
];

/** Before version 7, what Redis says about a command in a script follows what it says about the script. */
const IN_SCRIPT = /^ERR Error running script .*?: -/;
/** Redis repeats the arguments of a command that it does not know: keys and values. */
const ARGUMENTS = /,? with args beginning with:.*/s;

/** What the client or Redis said, without the arguments of commands. */
export function messageOf(error: unknown): string {
  const { message, code, errors } = Object(error) as Partial<AggregateError & { code: string }>;
  // Of a host with several addresses Node says nothing itself, but has an error for each.
  const said = message || (errors?.length ? messageOf(errors[0]) : code);
  return String(said ?? error)
    .replace(IN_SCRIPT, '')
    .replace(ARGUMENTS, '')
    .trim();
}

/** An error of the client, or one that Redis answered with, as a `CacheError` whose message says what to do. */
export function redisError(
  operation: string,
  subject: string | undefined,
  cause: unknown,
): CacheError {
  if (cause instanceof CacheError) return cause;
  const message = messageOf(cause);
  const remedy = remedyOf(message);
  const code = CODES.find(([pattern]) => pattern.test(message))?.[1] ?? 'STORE_FAILED';
  const text = `Redis: ${operation} failed: ${message.replace(/\.$/, '')}.${remedy ? ` ${remedy}.` : ''}`;
  return new CacheError(code, text, { subject, cause: withoutArguments(cause) });
}

/** What ioredis and iovalkey add to an error: the command, and errors of nodes that have commands, too. */
interface ClientError extends Error {
  readonly code?: unknown;
  readonly command?: unknown;
  readonly lastNodeError?: unknown;
  readonly previousErrors?: unknown;
}

/**
 * The error itself, or a copy without the arguments of the command, where a cached value or a password may be among
 * them: a cause ends in logs.
 */
function withoutArguments(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, stack, code, command, lastNodeError, previousErrors } =
    error as ClientError;
  const isClean = ![command, lastNodeError, previousErrors].some((part) => part !== undefined);
  if (isClean && !ARGUMENTS.test(message)) return error;
  const copy = new Error(message.replace(ARGUMENTS, ''));
  copy.name = name;
  if (stack) copy.stack = stack.replace(message, copy.message);
  const { name: commandName } = Object(command) as { name?: unknown };
  const cause = lastNodeError === undefined ? {} : { cause: withoutArguments(lastNodeError) };
  return Object.assign(
    copy,
    cause,
    code === undefined ? {} : { code },
    typeof commandName === 'string' ? { command: commandName } : {},
  );
}
