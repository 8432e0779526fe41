import { CacheError } from '../../model/errors.js';
import { withTimeout } from '../../model/time.js';
import type { RedisServerClient } from './client.js';
import { messageOf } from './error.js';
import type { ClientSettings } from './options.js';
import { type ScriptedClient, withScripts } from './scripts.js';

/** Members of ioredis' `Redis` besides commands. */
interface OwnClient extends RedisServerClient {
  readonly stream?: { readonly writable: boolean; readonly bytesRead: number; unref(): void };
  on(event: 'message', listener: (channel: string, message: string) => void): unknown;
  on(event: 'error' | 'end' | 'close', listener: (error?: unknown) => void): unknown;
  subscribe(...channels: string[]): Promise<unknown>;
  connect(): Promise<void>;
  call(command: string, ...args: string[]): Promise<unknown>;
  select(db: number | string): Promise<unknown>;
  quit(): Promise<unknown>;
  disconnect(): void;
}

/** A client of ioredis that this store has made. */
export type Client = ScriptedClient & OwnClient;

/** Time limits, milliseconds: to connect, TLS included; the same with a login or Sentinels; for QUIT. */
const CONNECT_MS = 1_000;
export const OPEN_MS = 2_000;
export const QUIT_MS = 500;

/** For Lambda: nothing waits for a server that does not answer, and nothing runs between invocations. */
const DEFAULTS = {
  connectTimeout: CONNECT_MS,
  disconnectTimeout: QUIT_MS,
  // A lost connection stays lost: the next command opens a new one.
  retryStrategy: null,
  enableOfflineQueue: false,
  // The client must not send a command again: the store knows which may be repeated.
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  // Each would cost a round trip, or a file that a bundle does not have, before the first answer.
  enableReadyCheck: false,
  disableClientInfo: true,
  protocol: 2,
};

/** A connection does this before it counts, in the order of its commands. */
interface Login {
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly db: number | string | undefined;
  readonly connectionName: unknown;
}

/**
 * ioredis is not told of the login: it goes on when the server refuses AUTH or SELECT, and commands would run as the
 * user `default`, or in database 0.
 */
async function prepare(given: ClientSettings): Promise<[login: Login, settings: ClientSettings]> {
  const { username, password: source, db, connectionName, ...others } = given;
  const password = typeof source === 'function' ? await askFor(source) : source;
  const settings = {
    ...DEFAULTS,
    // Without it ioredis would speak to a master that Sentinels name in plain text.
    ...(given.sentinels && given.tls ? { enableTLSForSentinelMode: true } : {}),
    ...others,
    lazyConnect: true,
    // The connection limits commands: a timer of the client's would fire when a frozen process resumes, and before
    // ours replaces a silent connection.
    commandTimeout: undefined,
  };
  return [{ username, password, db, connectionName }, settings];
}

async function askFor(password: () => unknown): Promise<string> {
  const answer = await withTimeout(Promise.resolve(password()), OPEN_MS, () => {
    throw new Error(`The password function timed out after ${OPEN_MS} ms`);
  });
  if (typeof answer === 'string') return answer;
  const message = `The password function returned ${answer === null ? 'null' : `a value of type ${typeof answer}`}: it must return a string, or a promise of one.`;
  throw new CacheError('INVALID_OPTION', message, { subject: 'options' });
}

/** @throws CacheError `MISSING_PEER` where ioredis cannot be loaded. */
async function loadPeer() {
  // In a `try`, webpack warns that ioredis is not installed; elsewhere it would fail the build of those without a url.
  try {
    return await import('ioredis');
  } catch (cause) {
    const bundled = String(cause).includes('Dynamic require');
    const remedy = bundled
      ? 'a bundle of ES modules must give it a `require`: docs/redis.md shows how'
      : 'install it, or give a client of iovalkey';
    const message = `A url needs the package ioredis: ${remedy}.`;
    throw new CacheError('MISSING_PEER', message, { subject: 'ioredis', cause });
  }
}

async function createClient(settings: object): Promise<Client> {
  const { Redis } = await loadPeer();
  const client: unknown = new Redis(settings);
  // The type of what follows says what is used of it.
  return withScripts(client as OwnClient);
}

/**
 * A client that is connected and logged in. `onError` hears what the client says about its connection, also later: a
 * server that refuses a connection may do so before the first command.
 */
export async function openClient(
  given: ClientSettings,
  onError: (error: unknown) => void = () => {},
): Promise<Client> {
  const [login, settings] = await prepare(given);
  const client = await createClient(settings);
  let lastError: unknown;
  client.on('error', (error) => {
    lastError = error;
    onError(error);
  });
  const limitMs = Math.max(OPEN_MS, Number(settings.connectTimeout) || 0);
  try {
    const opened = client.connect().then(() => logIn(client, login));
    await withTimeout(opened, limitMs, () => {
      throw new Error(`Connecting timed out after ${limitMs} ms`);
    });
  } catch (error) {
    client.disconnect();
    // Where ioredis only says that the connection is closed, this is the reason.
    throw overTLS(settings, lastError ?? error);
  }
  return client;
}

async function logIn(client: Client, login: Login): Promise<void> {
  const { username, password = '', db, connectionName } = login;
  const user = username ? [username, password] : password ? [password] : [];
  // All at once, in this order.
  await Promise.all([
    user.length > 0 ? client.call('auth', ...user) : undefined,
    db ? client.select(db) : undefined,
    // A name is of use, not a condition.
    connectionName ? client.call('client', 'setname', String(connectionName)).catch(() => {}) : '',
  ]);
}

/** A server without TLS waits for the end of what it takes for a command, so nothing says what is wrong. */
function overTLS({ tls }: ClientSettings, error: unknown): unknown {
  const message = messageOf(error);
  if (!tls || !/ETIMEDOUT|timed out|ECONNRESET|disconnected|closed/.test(message)) return error;
  return new Error(`No TLS connection: ${message}`, { cause: error });
}
