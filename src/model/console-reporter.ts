import { CacheError, withoutPasswords } from './errors.js';
import type { CacheEvent } from './events.js';
import { givenObject } from './given.js';
import { type Clock, type Duration, milliseconds, systemClock } from './time.js';

/** The most causes to remember. With more, all are forgotten and reported anew. */
const MOST_CAUSES = 100;

const EVERY_READ = 'Until this is fixed, every read is a miss.';
const WRITES = /^(set|fill|create|lease)/;
const INVALIDATIONS = /^(del|expire|invalid|clear)/;

/** Codes whose message names the key, and which blame one value, not the store. */
const OF_A_VALUE = /^(CORRUPT|INVALID_KEY|UNSERIALIZABLE|VALUE_TOO_LARGE)$/;

/** A problem: the cause by which repeats are recognised, and the text to log. */
type Problem = readonly [cause: string, text: string];

/**
 * Makes a listener that reports problems to `console.warn`: a failing store, a breaker that opens or closes, unreadable
 * records, background work that failed or did not finish. Each cause is logged immediately, and again at most once per
 * `every` (default 1 minute), with the count since then. It logs no keys and no values, and starts no timer.
 *
 * A service without `onEvent` uses its own reporter. With `onEvent`, call a reporter from there if you want both.
 *
 * @throws CacheError `INVALID_DURATION` if `every` is not a duration above zero.
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
  return reporter('', systemClock, givenObject(options).every);
}

/** Logs what the owner of a store should know, at its construction. It holds no keys and no values. */
export function notice(store: string, text: string): void {
  // biome-ignore lint/suspicious/noConsole: a store has no listener when it is constructed.
  console.warn(`@glasswork/cache: store "${store}": ${text}`);
}

/** `store` is the store's name. */
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
      // A negative age means that the clock was set back.
      if (Math.abs(now - last.atMs) < everyMs) return;
    } else if (told.size >= MOST_CAUSES) told.clear();
    const again = last ? ` (${last.since} more)` : '';
    told.set(cause, { atMs: now, since: 0 });
    // biome-ignore lint/suspicious/noConsole: a user who has configured nothing reads the console.
    console.warn(`@glasswork/cache: ${name}${text.replace(/\s+/g, ' ')}${again}`);
  };
}

function problemOf(event: CacheEvent): Problem | undefined {
  const { type } = event;
  switch (type) {
    case 'store-error':
      return storeProblem(event.operation, event.key, event.error);
    case 'corrupt':
      return [type, 'a record is not an entry or does not match its schema: a miss.'];
    case 'breaker':
      return event.state === 'open'
        ? [type, 'the breaker opened: the store is skipped for a while.']
        : ['closed', 'the breaker closed: the store answers again.'];
    case 'stale-served':
      return event.reason === 'error'
        ? [type, `a load failed (${nameOf(event.error)}): the last good value was served.`]
        : undefined;
    case 'slow-join':
      return [type, "a call waits 10 s for another's load: do they wait for each other?"];
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
  let kind = EVERY_READ;
  if (WRITES.test(operation)) kind = 'Until this is fixed, nothing new is cached.';
  if (INVALIDATIONS.test(operation)) kind = 'Until this is fixed, old values may be served.';
  const message = ours ? String(error.message) : foreignMessage(operation, key, error);
  const name = nameOf(error);
  const text = `${operation} failed (${name}): ${withoutPasswords(message).replace(/[^.?!]$/, '$&.')} ${kind}`;
  return [[kind, name, cause && nameOf(cause)].join(), text];
}

/** Hides messages that may contain keys (from a user's store) or values (from a parser). */
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
