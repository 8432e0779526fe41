import { CacheError, withoutPasswords } from './errors.js';
import type { CacheEvent } from './events.js';
import { type Clock, type Duration, milliseconds, systemClock } from './time.js';

/** Causes that are told apart. With more of them, all are told anew. */
const MOST_CAUSES = 100;

const UNTIL_THEN = 'Every read is a miss until then.';
const WRITES = /^(set|fill|create|lease)/;
const INVALIDATIONS = /^(del|expire|invalid|clear)/;

/** The messages of these name the key, and one value is at fault, not the store. */
const OF_A_VALUE = /^(CORRUPT|INVALID_KEY|UNSERIALIZABLE|VALUE_TOO_LARGE)$/;

/** A problem: what it is the same as, and what to say about it. */
type Problem = readonly [cause: string, text: string];

/**
 * A listener that tells `console.warn` of problems: a store that fails, the breaker that opens and closes, records that
 * cannot be read, background work that failed or was not done. Each cause is one line at once, and another at most
 * once in `every` (default 1 minute) with the count since then. It names no key and no value, and starts no timer.
 *
 * A service without `onEvent` has one of its own. With `onEvent`, call it from there if you want both.
 *
 * @throws CacheError `INVALID_DURATION` when `every` is not a duration above zero.
 *
 * @example
 * ```ts
 * import { CacheService, consoleReporter, DynamoDBCacheStore } from '@glasswork/cache';
 *
 * const report = consoleReporter({ every: '5m' });
 * const loads = { failed: 0 };
 * export const cache = new CacheService(new DynamoDBCacheStore({ tableName: 'my-cache' }), {
 *   onEvent(event) {
 *     if (event.type === 'load-error') loads.failed++;
 *     report(event);
 *   },
 * });
 * ```
 */
export function consoleReporter(
  options: { readonly every?: Duration | undefined } = {},
): (event: CacheEvent) => void {
  return reporter('', systemClock, options.every);
}

/** `store`: its name. */
export function reporter(
  store: string,
  clock: Clock,
  every: Duration = '1m',
): (event: CacheEvent) => void {
  const everyMs = milliseconds(every, 'every');
  const told = new Map<string, { atMs: number; since: number }>();
  const name = store && `store "${store}": `;
  return (event) => {
    const problem = problemOf(event);
    if (!problem) return;
    const [cause, text] = problem;
    const now = clock.now();
    const last = told.get(cause);
    if (last) {
      last.since++;
      // A negative age is a clock that was set back.
      if (Math.abs(now - last.atMs) < everyMs) return;
    } else if (told.size >= MOST_CAUSES) told.clear();
    const again = last ? ` (${last.since} more)` : '';
    told.set(cause, { atMs: now, since: 0 });
    // biome-ignore lint/suspicious/noConsole: the place where somebody reads it who has configured nothing.
    console.warn(`@glasswork/cache: ${name}${text.replace(/\s+/g, ' ')}${again}`);
  };
}

function problemOf(event: CacheEvent): Problem | undefined {
  const { type } = event;
  switch (type) {
    case 'store-error':
      return storeProblem(event.operation, event.key, event.error);
    case 'corrupt':
      return [type, 'a record is no entry or does not match its schema: it is a miss.'];
    case 'breaker':
      return event.state === 'open'
        ? [type, 'the breaker opened: it is skipped for a while.']
        : ['closed', 'the breaker closed: it answers again.'];
    case 'stale-served':
      return event.reason === 'error'
        ? [type, `a load failed (${nameOf(event.error)}): the last good value stands in.`]
        : undefined;
    case 'slow-join':
      return [type, "a call waits long for another's load. Does each wait for the other?"];
    case 'background-error':
      return [type + nameOf(event.error), `background work failed (${nameOf(event.error)}).`];
    case 'background-unfinished':
      return [type, `${event.pending} background tasks had not ended after ${event.waitedMs} ms.`];
    default:
      return undefined;
  }
}

function storeProblem(operation: string, key: string | undefined, error: unknown): Problem {
  const { code, cause } = Object(error);
  const ours = error instanceof CacheError;
  if (ours && OF_A_VALUE.test(code))
    return [code, `${operation} failed (${code}): its value is not cached.`];
  let kind = UNTIL_THEN;
  if (WRITES.test(operation)) kind = 'Nothing new is cached until then.';
  if (INVALIDATIONS.test(operation)) kind = 'Old values may be served until then.';
  const message = ours ? String(error.message) : foreignMessage(operation, key, error);
  const name = nameOf(error);
  const text = `${operation} failed (${name}): ${withoutPasswords(message).replace(/[^.?!]$/, '$&.')} ${kind}`;
  return [[kind, name, cause && nameOf(cause)].join(), text];
}

/** A store of the user's may put keys, and a parser puts values, into messages. */
function foreignMessage(operation: string, key: string | undefined, error: unknown): string {
  const mayHoldKeys = key === undefined && /^(get|set|del)/.test(operation);
  if (mayHoldKeys || error instanceof SyntaxError) return 'see the event';
  const text = String(Object(error).message ?? error).slice(0, 300);
  if (!key) return text;
  const name = key.replace(/[^\w\s]/g, '\\$&');
  return text.replace(new RegExp(`(?<!\\w)${name}(?!\\w)`, 'g'), '…');
}

const nameOf = (error: unknown): string =>
  String(Object(error).code ?? Object(error).name ?? 'Error');
