import { CacheError } from '../../model/errors.js';
import { type Clock, withTimeout } from '../../model/time.js';
import { LATE, OperationTimeouts } from '../../resilience/operation-timeouts.js';
import { type RedisClient, refuseKeyPrefix } from './client.js';
import { CommandBatch } from './command-batch.js';
import type { Command, Connection, Repeat } from './connection.js';
import { messageOf, redisError } from './error.js';
import { type Client, clientSettings, createClient, OPEN_MS, QUIT_MS } from './own-client.js';
import { SUBSCRIBER_OPTIONS, type Subscriber } from './subscriber.js';

/** What a command has, milliseconds. */
const COMMAND_MS = 1_000;
/** AWS forgets a connection that was idle for 350 s, and a frozen sandbox does not hear of it. */
const LONGEST_IDLE_MS = 300_000;

/**
 * A client of our own: opened by the first command, shared by all, and opened anew after it was lost, sat idle for too
 * long, or turned out to lead to a server that has become a replica.
 */
export class OwnConnection implements Connection {
  readonly readsMasters = true;
  readonly #url: string;
  readonly #options: Readonly<Record<string, unknown>>;
  readonly #clock: Clock;
  readonly #budget: OperationTimeouts;
  readonly #commandMs: number;
  readonly #tick = new CommandBatch();
  #opening: Promise<Client> | undefined;
  #client: Client | undefined;
  #usedAt = 0;
  #inFlight = 0;
  #closed = false;

  constructor(url: string, options: object, clock: Clock) {
    refuseKeyPrefix({ options }, 'options');
    this.#url = url;
    this.#options = { ...options };
    this.#clock = clock;
    this.#budget = new OperationTimeouts(clock);
    this.#commandMs = Number(this.#options.commandTimeout) || COMMAND_MS;
  }

  /** Promises in place of `await`: every hit comes through here. */
  send<T>(
    operation: string,
    key: string | undefined,
    command: Command<T>,
    repeat: Repeat = 'always',
  ): Promise<T> {
    const alone = this.#inFlight++ === 0;
    let client = this.#current();
    const once = (open: Client): Promise<T> => this.#inTime(open, command);
    const first = (open: Client): Promise<T> => {
      client = open;
      if (!alone) this.#tick.gather(open);
      return once(open);
    };
    return (client ? first(client) : this.#open().then(first)).then(
      (value) => {
        this.#inFlight--;
        return value;
      },
      (error) =>
        this.#again(operation, key, once, repeat, { client, error }).finally(() => {
          this.#inFlight--;
        }),
    );
  }

  async scan<T>(operation: string, scan: Command<T>): Promise<T> {
    let client: Client | undefined;
    try {
      client = this.#current() ?? (await this.#open());
      return await scan(client);
    } catch (error) {
      return this.#again(operation, undefined, scan, 'always', { client, error });
    }
  }

  /** Once more, over a new connection if need be, where the first try came to nothing or does no harm. */
  async #again<T>(
    operation: string,
    key: string | undefined,
    command: (client: Client) => Promise<T>,
    repeat: Repeat,
    { client, error }: { client: Client | undefined; error: unknown },
  ): Promise<T> {
    const fate = fateOf(error);
    try {
      if (fate === undefined || (fate === 'unknown' && repeat === 'unsent')) throw error;
      // Not the one that others may have opened meanwhile.
      if (fate === 'refused' && client) this.#drop(client);
      return await command(this.#current() ?? (await this.#open()));
    } catch (last) {
      throw redisError(operation, key, last);
    }
  }

  #inTime<T>(client: Client, command: Command<T>): Promise<T> {
    const ms = this.#commandMs;
    const read = client.stream?.bytesRead;
    return new Promise((resolve, reject) => {
      this.#budget.limit(command(client), ms, resolve, (error) => {
        if (error !== LATE) return reject(error);
        // Not a byte while a command waited: the peer is gone, and only a new connection helps.
        if (client.stream?.bytesRead === read) this.#drop(client);
        reject(new Error(`Command timed out after ${ms} ms`));
      });
    });
  }

  async subscriber(): Promise<Subscriber> {
    const client: unknown = await createClient(this.#url, {
      ...(await clientSettings(this.#options)),
      ...SUBSCRIBER_OPTIONS,
    });
    return client as Subscriber;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const client = this.#client;
    if (!client) return;
    // It answers once all that was sent before has been answered.
    await withTimeout(client.quit(), QUIT_MS, () => {}).catch(() => {});
    this.#drop(client);
  }

  /** The client, if there is one and nothing speaks against it. */
  #current(): Client | undefined {
    const client = this.#client;
    const now = this.#clock.now();
    const idleMs = now - this.#usedAt;
    this.#usedAt = now;
    if (!client || this.#closed) return undefined;
    if (client.stream?.writable && idleMs < LONGEST_IDLE_MS) return client;
    this.#drop(client);
    return undefined;
  }

  async #open(): Promise<Client> {
    if (this.#closed) throw closed();
    this.#opening ??= this.#connect().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #connect(): Promise<Client> {
    const options = await clientSettings(this.#options);
    const client = await createClient(this.#url, options);
    let lastError: unknown;
    client.on('error', (error) => {
      lastError = error;
    });
    client.on('end', () => this.#drop(client));
    try {
      const budget = Math.max(OPEN_MS, Number(options.connectTimeout) || 0);
      await withTimeout(opened(client), budget, () => {
        throw new Error(`Connecting timed out after ${budget} ms`);
      });
      if (this.#closed) throw closed();
    } catch (error) {
      client.disconnect();
      throw lastError ?? error;
    }
    // The budget of a command that waits keeps the process alive; the connection as such must not.
    client.stream?.unref();
    this.#client = client;
    return client;
  }

  /** Once only: many commands can fail with one connection. */
  #drop(client: RedisClient): void {
    if (this.#client !== client) return;
    const own = this.#client;
    this.#client = undefined;
    own.disconnect();
  }
}

async function opened(client: Client): Promise<void> {
  await client.connect();
  const { db } = client.options;
  // ioredis has done so itself, but keeps it to itself when there is no such database, and goes on in number 0.
  if (db) await client.select(db);
}

const closed = (): CacheError =>
  new CacheError('STORE_FAILED', 'The store is closed: make a new one, or close it later.');

/** What became of a command that failed; undefined when Redis has answered it, or when there is no time to ask again. */
function fateOf(error: unknown): 'unsent' | 'refused' | 'unknown' | undefined {
  const message = messageOf(error);
  if (message.startsWith("Stream isn't writeable")) return 'unsent';
  // After a failover the old master is a replica, and says so to every write.
  if (message.startsWith('READONLY')) return 'refused';
  return /^Connection is closed|^Command aborted|^Reached the max retries/.test(message)
    ? 'unknown'
    : undefined;
}
