import { errorCode, withoutPasswords } from '../model/errors.js';
import type { CacheEvent, CacheListener } from '../model/events.js';
import { systemClock } from '../model/time.js';
import { type InspectPage, inspectFile, parseInspectPage } from './inspect-file.js';

/** The most events that wait to be sent. Further ones are counted, and dropped. */
const MOST_WAITING = 1_000;
/** The time between two messages to the page, milliseconds. */
const BATCH_MS = 100;
/** The time between two searches for a page, milliseconds. */
const REST_MS = 1_000;
/** The time limit of a message, milliseconds. */
const SEND_MS = 2_000;
/** Keys and messages are cut to this many characters. */
const MOST_TEXT = 1_000;

/**
 * Shows the events of this process on the page of `glasswork-cache inspect`, for development. It finds the page by
 * itself, if both run on the same machine as the same user, whichever starts first.
 *
 * Without a page an event costs a comparison, and a process that has events looks for a page once a second. On Lambda
 * it does nothing. It never delays or fails a call, keeps at most 1,000 events, and does not keep the process alive.
 *
 * @example
 * ```ts
 * import { CacheService, combine, consoleReporter, DynamoDBCacheStore } from '@glasswork/cache';
 * import { inspector } from '@glasswork/cache/metrics';
 *
 * export const cache = new CacheService(new DynamoDBCacheStore({ tableName: 'my-cache' }), {
 *   onEvent: combine(inspector(), consoleReporter()),
 * });
 * ```
 */
export function inspector(): CacheListener {
  // Nothing on the loopback interface of a sandbox is a page.
  if (process.env.AWS_LAMBDA_RUNTIME_API) return () => {};
  // Taken now, because fake timers that a test drops would end the search for good. The context is that of now, too, so
  // that a message does not keep the context of a call alive.
  const { setTimeout } = globalThis;
  const { AsyncResource } = process.getBuiltinModule('node:async_hooks');
  let isResting = false;
  let isSending = false;
  let dropped = 0;
  let waiting: object[] = [];

  const rest = () => {
    waiting = [];
    dropped = 0;
    isResting = true;
    setTimeout(() => {
      isResting = false;
    }, REST_MS).unref();
  };
  const sendAll = async () => {
    const batch = { pid: process.pid, dropped, events: waiting };
    waiting = [];
    dropped = 0;
    const isWatched = await sendToPage(batch).catch(() => false);
    isSending = false;
    if (!isWatched) rest();
    else if (waiting.length > 0) sendLater();
  };
  const sendLater = AsyncResource.bind(() => {
    isSending = true;
    setTimeout(sendAll, BATCH_MS).unref();
  });

  return (event) => {
    if (isResting) return;
    if (waiting.length >= MOST_WAITING) dropped++;
    else waiting.push(messageOf(event));
    if (!isSending) sendLater();
  };
}

/** The event with its time, and its error as the text that is shown. */
function messageOf(event: CacheEvent): object {
  const message: Record<string, unknown> = { at: systemClock.now() };
  for (const [name, value] of Object.entries(event))
    if (name === 'error') message.error = errorTextOf(value);
    else message[name] = typeof value === 'string' ? value.slice(0, MOST_TEXT) : value;
  return message;
}

function errorTextOf(error: unknown): string {
  const text = withoutPasswords(String(Object(error).message ?? error));
  return `${errorCode(error)}: ${text}`.slice(0, MOST_TEXT);
}

/** Resolves to true if a page was found that somebody watches. */
async function sendToPage(batch: object): Promise<boolean> {
  const { readFile } = process.getBuiltinModule('node:fs/promises');
  const page = parseInspectPage(await readFile(inspectFile(), 'utf8'));
  return page !== undefined && send(page, batch);
}

function send({ url, token }: InspectPage, batch: object): Promise<boolean> {
  const { request } = process.getBuiltinModule('node:http');
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const options = { method: 'POST', headers, agent: false, timeout: SEND_MS };
    const sending = request(`${url}/events`, options, (response) => {
      response.resume().once('error', reject);
      // OK is the answer while a page is open, and No Content while none is.
      response.once('end', () => resolve(response.statusCode === 200));
    });
    sending.once('socket', (socket) => socket.unref());
    sending.once('timeout', () => sending.destroy());
    sending.once('error', reject);
    sending.end(JSON.stringify(batch));
  });
}
