import { CacheError, withoutPasswords } from './errors.js';
import type { CacheEvent } from './events.js';
import { type Clock, type Duration, milliseconds, systemClock } from './time.js';

/** The most causes to remember. With more, all are forgotten and reported anew. */
const MOST_CAUSES = 100;

/** CORRUPT, INVALID_KEY, UNSERIALIZABLE and VALUE_TOO_LARGE: their message names the key, and they blame one value. */
const OF_A_VALUE = /^(COR|INVALID_K|UNS|VAL)/;

/** The members of the events that are problems. */
interface Problem {
  readonly type: CacheEvent['type'];
  readonly operation?: string | undefined;
  readonly key?: string | undefined;
  readonly error?: unknown;
  readonly state?: string | undefined;
  readonly reason?: string | undefined;
  readonly pending?: number;
  readonly waitedMs?: number;
}

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
  return reporter('', systemClock, options.every);
}

/** `store` is the store's name. Every service bundles this, so it is written for few bytes. */
export function reporter(
  store: string,
  clock: Clock,
  every: Duration = '1m',
): (event: CacheEvent) => void {
  const everyMs = milliseconds(every, 'every');
  const told = new Map<string, [atMs: number, since: number]>();
  const name = store && `store "${store}": `;
  return (event: Problem) => {
    const text = textOf(event);
    if (!text) return;
    const cause = causeOf(event);
    const now = clock.now();
    const last = told.get(cause);
    if (last) {
      last[1]++;
      // A negative age means that the clock was set back.
      if (Math.abs(now - last[0]) < everyMs) return;
    } else if (told.size >= MOST_CAUSES) told.clear();
    told.set(cause, [now, 0]);
    const again = last ? ` (${last[1]} more)` : '';
    // biome-ignore lint/suspicious/noConsole: a user who has configured nothing reads the console.
    console.warn(`@glasswork/cache: ${name}${text.replace(/\s+/g, ' ')}${again}`);
  };
}

/** The cause by which repeats are recognised. */
const causeOf = ({ type, state, operation = '', error }: Problem): string =>
  [type, state, effectOf(operation), nameOf(error), nameOf(Object(error).cause)].join();

/** The text to log. Undefined for an event that is no problem. */
function textOf(event: Problem): string | undefined {
  const { type, error } = event;
  switch (type) {
    case 'store-error':
      return `${event.operation} failed (${nameOf(error)}): ${reasonOf(event)}.`;
    case 'corrupt':
      return 'a record is unreadable or does not match its schema: a miss.';
    case 'breaker':
      return event.state === 'open'
        ? 'the breaker opened: the store is skipped for a while.'
        : 'the breaker closed: the store answers again.';
    case 'stale-served':
      if (event.reason !== 'error') return;
      return `a load failed (${nameOf(error)}): the last good value was served.`;
    case 'slow-join':
      return "a call waits 10 s for another's load: do they wait for each other?";
    case 'background-error':
      return `background work failed (${nameOf(error)}).`;
    case 'background-unfinished':
      return `${event.pending} background tasks had not ended after ${event.waitedMs} ms.`;
  }
  return;
}

/** Why it failed and what follows. Hides messages that may contain keys (of a user's store) or values (of a parser). */
function reasonOf({ operation = '', key, error }: Problem): string {
  const ours = error instanceof CacheError;
  if (ours && OF_A_VALUE.test(error.code)) return 'its value is not cached';
  let text = withoutPasswords(String(Object(error).message ?? error));
  if (!ours) {
    // Without a key, the calls of a batch may name several. Others name a record of the service.
    const isHidden = error instanceof SyntaxError || (!key && /^(g|s|d)/.test(operation));
    text = isHidden ? 'see the event' : (key ? text.replaceAll(key, '…') : text).slice(0, 300);
  }
  return `${text.replace(/[^.?!]$/, '$&.')} Until this is fixed, ${effectOf(operation)}`;
}

/** By the start of the operation: set, fill, create, lease; del, expire, invalidate, clear; or else a read. */
const effectOf = (operation: string): string => {
  if (/^(s|f|cr|l)/.test(operation)) return 'nothing new is cached';
  return /^(d|e|i|cl)/.test(operation) ? 'old values may be served' : 'every read is a miss';
};

const nameOf = (error: unknown): string =>
  String(Object(error).code ?? Object(error).name ?? 'Error');
