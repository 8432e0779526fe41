import { CacheError } from '../../model/errors.js';
import { withTimeout } from '../../model/time.js';
import type { RedisClient } from './client.js';
import { type ScriptedClient, withScripts } from './scripts.js';

/** What ioredis' `Redis` has besides commands. */
interface OwnClient extends RedisClient {
  readonly stream?: { readonly writable: boolean; readonly bytesRead: number; unref(): void };
  on(event: 'error' | 'end', listener: (error?: unknown) => void): unknown;
  readonly options: { readonly db?: number };
  connect(): Promise<void>;
  select(db: number): Promise<unknown>;
  quit(): Promise<unknown>;
  disconnect(): void;
}

/** A client of ioredis that this store has made. */
export type Client = ScriptedClient & OwnClient;

/** Budgets, milliseconds: to connect, TLS included; the same with AUTH or Sentinels; a last good-bye. */
const CONNECT_MS = 1_000;
export const OPEN_MS = 2_000;
export const QUIT_MS = 500;

/** For Lambda: nothing waits for a server that is not there, and nothing runs between invocations. */
const DEFAULTS = {
  connectTimeout: CONNECT_MS,
  disconnectTimeout: QUIT_MS,
  // A connection that was lost stays lost: the next command opens a new one.
  retryStrategy: null,
  enableOfflineQueue: false,
  // What was sent is not sent again behind the back of the store, which knows what may be.
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  // Each would cost a round trip, or a file that a bundle does not have, before the first answer.
  enableReadyCheck: false,
  disableClientInfo: true,
  protocol: 2,
};

/** The settings of a client, which the user's own options win over; `password` is asked for anew for each. */
export async function clientSettings(
  options: Readonly<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  const settings: Record<string, unknown> = {
    ...DEFAULTS,
    ...options,
    lazyConnect: true,
    // The connection keeps it: a timer of the client's would fire at a thaw, and before ours leaves a silent server.
    commandTimeout: undefined,
  };
  const { password } = settings;
  if (typeof password === 'function') {
    const asking = Promise.resolve(password());
    settings.password = await withTimeout(asking, OPEN_MS, () => {
      throw new Error(`The password function timed out after ${OPEN_MS} ms`);
    });
  }
  return settings;
}

/** @throws CacheError `MISSING_PEER` where ioredis cannot be loaded. */
export async function createClient(
  url: string,
  settings: Record<string, unknown>,
): Promise<Client> {
  const { Redis } = await import('ioredis').catch((cause) => {
    const bundled = String(cause).includes('Dynamic require');
    const remedy = bundled
      ? 'in a bundle of ES modules it needs a `require`, which docs/redis.md tells how to give it'
      : 'install it, or give a client of iovalkey';
    const message = `A url needs the package ioredis: ${remedy}.`;
    throw new CacheError('MISSING_PEER', message, { subject: 'ioredis', cause });
  });
  const client: unknown = new Redis(url, settings);
  return withScripts(client as OwnClient) as Client;
}
