import { CacheError } from '../../model/errors.js';
import { type Clock, withTimeout } from '../../model/time.js';
import {
  checkChannelClient,
  checkClient,
  isCluster,
  type RedisClient,
  type RedisNode,
  readsMasters,
} from './client.js';
import { CommandBatch } from './command-batch.js';
import { redisError } from './error.js';
import { MasterProof } from './master-proof.js';
import { OPEN_MS } from './own-client.js';
import { type ScriptedClient, withScripts } from './scripts.js';
import { SUBSCRIBER_OPTIONS, type Subscriber } from './subscriber.js';

/**
 * How a command may be repeated when its outcome is unknown.
 *
 * - `read`: always; its answer counts only if a master gave it.
 * - `write`: always, since a second copy does no harm.
 * - `once`: only if it was not sent.
 */
export type Kind = 'read' | 'write' | 'once';

export type Command<T> = (client: ScriptedClient) => Promise<T>;

/** The way to Redis: over a client of the user's, or over one of our own. It rejects with a `CacheError`. */
export interface Connection {
  /** False where reads may go to replicas, which lag. */
  readonly readsMasters: boolean;
  /** `key` is the subject of errors. */
  send<T>(operation: string, key: string | undefined, command: Command<T>, kind: Kind): Promise<T>;
  /** Many commands, which take as long as the store is large; repeated as a whole. */
  scan<T>(operation: string, scan: Command<T>): Promise<T>;
  /** @throws CacheError `INVALID_OPTION` for a client that cannot listen. */
  checkChannel(): void;
  /** Another connection, open, which only listens. The caller closes it. */
  subscriber(): Promise<Subscriber>;
  close(): Promise<void>;
}

interface Duplicate {
  connect(): Promise<void>;
  on(event: 'error', listener: () => void): unknown;
}

/** The user's own client, which queues, retries and gives up by its own rules; nothing is retried on top of them. */
export class GivenConnection implements Connection {
  readonly readsMasters: boolean;
  readonly #client: ScriptedClient;
  /** None on a Cluster, where a replica sends each command on to its master. */
  readonly #proof: MasterProof | undefined;
  readonly #tick = new CommandBatch();
  #inFlight = 0;

  /** `unused`: a key that never exists. @throws CacheError `INVALID_OPTION` for a client that lacks a member. */
  constructor(client: RedisClient, unused: string, clock: Clock) {
    checkClient(client);
    this.#client = withScripts(client);
    this.#proof = isCluster(client) ? undefined : new MasterProof(unused, clock);
    this.readsMasters = readsMasters(client);
  }

  async send<T>(
    operation: string,
    key: string | undefined,
    command: Command<T>,
    kind: Kind,
  ): Promise<T> {
    const client = this.#client;
    const proof = kind === 'read' && this.#proof?.isDue(client) ? this.#proof : undefined;
    if (this.#inFlight++ > 0 || proof) this.#tick.gather(client);
    try {
      return await (proof ? proof.read(client, () => command(client)) : command(client));
    } catch (error) {
      throw redisError(operation, key, error);
    } finally {
      this.#inFlight--;
    }
  }

  async scan<T>(operation: string, scan: Command<T>): Promise<T> {
    return this.send(operation, undefined, scan, 'write');
  }

  checkChannel(): void {
    checkChannelClient(this.#client);
  }

  /** On a Cluster it leads to any node, because each of them receives every message. */
  async subscriber(): Promise<Subscriber> {
    const node = isCluster(this.#client) ? await this.#anyNode() : this.#client;
    // ioredis and iovalkey duplicate a Redis as a Redis.
    const subscriber = node.duplicate(SUBSCRIBER_OPTIONS) as Subscriber & Duplicate;
    subscriber.on('error', () => {});
    try {
      await withTimeout(subscriber.connect(), OPEN_MS, () => {
        throw new Error(`Connecting timed out after ${OPEN_MS} ms`);
      });
    } catch (error) {
      subscriber.disconnect();
      throw error;
    }
    return subscriber;
  }

  async #anyNode(): Promise<RedisNode> {
    const client = this.#client;
    const nodes = (): RedisNode[] => (isCluster(client) ? client.nodes('all') : []);
    // It knows its nodes once it is connected, which a command waits for.
    if (nodes().length === 0) await this.send('connect', undefined, (it) => it.ping(), 'write');
    const found = nodes();
    const node = found[Math.floor(Math.random() * found.length)];
    if (node) return node;
    throw new CacheError('STORE_FAILED', 'No node of the Cluster can be reached.');
  }

  /** The client is the user's to close. */
  async close(): Promise<void> {}
}
