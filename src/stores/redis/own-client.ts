import { CacheError } from '../../model/errors.js';
import { withTimeout } from '../../model/time.js';
import type { RedisServerClient } from './client.js';
import { messageOf } from './error.js';
import type { ClientSettings } from './options.js';
import { type ScriptedClient, withScripts } from './scripts.js';

/** Members of the ioredis `Redis` class besides commands. */
export interface OwnClient extends RedisServerClient {
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

/** An ioredis client that this store has made. */
export type Client = ScriptedClient & OwnClient;

/** Time limits, milliseconds: to connect, TLS included; the same with a login or Sentinels; for QUIT. */
export const CONNECT_MS = 1_000;
export const OPEN_MS = 2_000;
export const QUIT_MS = 500;

/** Chosen for Lambda: nothing waits for an unresponsive server. For a single server, and for each node of a Cluster. */
export const NODE_DEFAULTS = {
  connectTimeout: CONNECT_MS,
  // No resending: only the store knows which commands may be repeated.
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  // Each would cost a round trip before the first reply, or need a file that a bundle lacks.
  enableReadyCheck: false,
  disableClientInfo: true,
  protocol: 2,
};

// No spread, which a bundler takes for code that must run.
const DEFAULTS = /* @__PURE__ */ Object.assign(
  {
    disconnectTimeout: QUIT_MS,
    // No reconnecting: the next command opens a new connection, and nothing runs between invocations.
    retryStrategy: null,
    enableOfflineQueue: false,
  },
  NODE_DEFAULTS,
);

/** The commands that log a connection in, in the order in which they are sent. */
interface Login {
  readonly username: string | undefined;
  readonly password: ClientSettings['password'];
  readonly db: number | string | undefined;
  readonly connectionName: unknown;
}

/**
 * Separates the login from the settings for ioredis, which carries on when the server refuses AUTH or SELECT: commands
 * would run as the user `default`, or in database 0.
 */
function prepare(given: ClientSettings): [login: Login, settings: ClientSettings] {
  const { username, password, db, connectionName, ...others } = given;
  const settings = {
    ...DEFAULTS,
    // Without it ioredis would talk plain text to the master that the Sentinels name.
    enableTLSForSentinelMode: Boolean(given.tls),
    ...others,
    lazyConnect: true,
    // `OwnConnection` limits commands. A timer of the client would fire when a frozen process resumes, and before ours
    // replaces an unresponsive connection.
    commandTimeout: undefined,
  };
  return [{ username, password, db, connectionName }, settings];
}

/** The password, or what a function returns for it. */
export async function passwordOf(
  password: ClientSettings['password'],
): Promise<string | undefined> {
  return typeof password === 'function' ? askFor(password) : password;
}

async function askFor(password: () => unknown): Promise<string> {
  const answer = await withTimeout(answerOf(password), OPEN_MS, () => {
    throw new Error(`The password function timed out after ${OPEN_MS} ms`);
  });
  if (typeof answer === 'string') return answer;
  const message = `The password function returned ${answer === null ? 'null' : `a value of type ${typeof answer}`}: it must return a string, or a promise of one.`;
  throw new CacheError('INVALID_OPTION', message, { subject: 'options' });
}

async function answerOf(password: () => unknown): Promise<unknown> {
  try {
    return await password();
  } catch (cause) {
    // The one for IAM says what to do.
    if (cause instanceof CacheError) throw cause;
    throw new Error(`The password function failed: ${messageOf(cause)}`, { cause });
  }
}

/** @throws CacheError `MISSING_PEER` if ioredis cannot be loaded. */
export async function loadPeer() {
  // In a `try`, webpack only warns that ioredis is missing. Elsewhere it would fail builds that use no url.
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
  // `OwnClient` lists the members that are used.
  return withScripts(client as OwnClient);
}

/**
 * Opens a client that is connected and logged in. `onError` receives errors of the connection, later ones included,
 * because a server may refuse a connection before the first command.
 */
export async function openClient(
  given: ClientSettings,
  onError: (error: unknown) => void = () => {},
): Promise<Client> {
  const [login, settings] = prepare(given);
  const client = await createClient(settings);
  let lastError: unknown;
  client.on('error', (error) => {
    lastError = error;
    onError(error);
  });
  const limitMs = Math.max(OPEN_MS, Number(settings.connectTimeout) || 0);
  try {
    await inTime(client.connect(), limitMs);
    // Asked for as late as possible, because a token may expire while a sandbox is frozen.
    const password = await passwordOf(login.password);
    await inTime(logIn(client, { ...login, password }), limitMs);
  } catch (error) {
    client.disconnect();
    // `lastError` is the reason when ioredis says only that the connection is closed.
    throw overTLS(settings, lastError ?? error);
  }
  return client;
}

export const inTime = <T>(opening: Promise<T>, limitMs: number): Promise<T> =>
  withTimeout(opening, limitMs, () => {
    throw new Error(`Connecting timed out after ${limitMs} ms`);
  });

type KnownLogin = Login & { readonly password: string | undefined };

async function logIn(client: Client, login: KnownLogin): Promise<void> {
  const { username, password = '', db, connectionName } = login;
  const user = username ? [username, password] : password ? [password] : [];
  // Sent together, in this order.
  await Promise.all([
    user.length > 0 ? client.call('auth', ...user) : undefined,
    db ? client.select(db) : undefined,
    // The name is only informative, so its failure is ignored.
    connectionName ? client.call('client', 'setname', String(connectionName)).catch(() => {}) : '',
  ]);
}

/** Adds a hint about TLS. A server without TLS takes the handshake for half a command and waits, without an error. */
function overTLS({ tls }: ClientSettings, error: unknown): unknown {
  const message = messageOf(error);
  if (!tls || !/ETIMEDOUT|timed out|ECONNRESET|disconnected|closed/.test(message)) return error;
  return new Error(`No TLS connection: ${message}`, { cause: error });
}
