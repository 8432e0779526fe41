import { CacheError } from '../../model/errors.js';
import { type RedisClient, refuseKeyPrefix } from './client.js';
import { CommandBatch } from './command-batch.js';
import { redisError } from './error.js';
import { type ScriptedClient, withScripts } from './scripts.js';
import { type Subscriber, subscriberLike } from './subscriber.js';

/** Whether a command may be sent a second time when nobody knows what became of the first. */
export type Repeat = 'always' | 'unsent';

export type Command<T> = (client: ScriptedClient) => Promise<T>;

/** A way to Redis: a client of the user's, or one of our own. What it cannot do is a `CacheError`. */
export interface Connection {
  /** False where reads may go to replicas, which lag. */
  readonly readsMasters: boolean;
  /** `key` is what an error is about. `repeat` is 'always' by default. */
  send<T>(
    operation: string,
    key: string | undefined,
    command: Command<T>,
    repeat?: Repeat,
  ): Promise<T>;
  /** Many commands, which take as long as the store is large; all of them again where that is of use. */
  scan<T>(operation: string, scan: Command<T>): Promise<T>;
  /** Another connection, which only listens: whoever asks for it opens and closes it. */
  subscriber(): Promise<Subscriber>;
  close(): Promise<void>;
}

/** The user's own client, which queues, retries and gives up by its own rules; nothing is retried on top of them. */
export class GivenConnection implements Connection {
  readonly readsMasters: boolean;
  readonly #client: ScriptedClient;
  readonly #tick = new CommandBatch();
  #inFlight = 0;

  constructor(client: RedisClient) {
    if (typeof client?.defineCommand !== 'function') {
      const message =
        'client is none of ioredis or iovalkey: give a Redis or a Cluster of one of them.';
      throw new CacheError('INVALID_OPTION', message, { subject: 'client' });
    }
    refuseKeyPrefix(client, 'client');
    this.#client = withScripts(client);
    const { options } = client as { options?: { scaleReads?: unknown } };
    this.readsMasters = (options?.scaleReads ?? 'master') === 'master';
  }

  async send<T>(operation: string, key: string | undefined, command: Command<T>): Promise<T> {
    if (this.#inFlight++ > 0) this.#tick.gather(this.#client);
    try {
      return await command(this.#client);
    } catch (error) {
      throw redisError(operation, key, error);
    } finally {
      this.#inFlight--;
    }
  }

  async scan<T>(operation: string, scan: Command<T>): Promise<T> {
    return this.send(operation, undefined, scan);
  }

  async subscriber(): Promise<Subscriber> {
    return subscriberLike(this.#client);
  }

  /** The client is the user's: so is closing it. */
  async close(): Promise<void> {}
}
