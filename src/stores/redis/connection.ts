import type { Clock } from '../../model/time.js';
import {
  checkChannelClient,
  checkClient,
  isCluster,
  type Kind,
  type RedisClient,
  type RedisNode,
  readsMasters,
} from './client.js';
import { CommandBatch } from './command-batch.js';
import { type Connecting, connectingOf } from './connecting.js';
import { noNodeError, redisError } from './error.js';
import { MasterProof } from './master-proof.js';
import { inTime, OPEN_MS } from './own-client.js';
import { placeOfClient } from './place.js';
import { type ScriptedClient, withScripts } from './scripts.js';
import { SUBSCRIBER_OPTIONS, type Subscriber } from './subscriber.js';

export type Command<T> = (client: ScriptedClient) => Promise<T>;

/** A connection to Redis, over the user's client or one of our own. It rejects with a `CacheError`. */
export interface Connection {
  /** False if reads may go to replicas, which lag. */
  readonly readsMasters: boolean;
  /** The servers, for errors. See `placeOf`. */
  readonly place: string;
  /** `key` is the subject of errors. */
  send<T>(operation: string, key: string | undefined, command: Command<T>, kind: Kind): Promise<T>;
  /** Sends many commands, whose time grows with the size of the store. A retry repeats all of them. */
  scan<T>(operation: string, scan: Command<T>): Promise<T>;
  /** @throws CacheError `INVALID_OPTION` for a client that cannot listen. */
  checkChannel(): void;
  /** Opens another connection, which only listens. The caller closes it. */
  subscriber(): Promise<Subscriber>;
  close(): Promise<void>;
}

interface Duplicate {
  connect(): Promise<void>;
  on(event: 'error', listener: () => void): unknown;
}

/**
 * The user's own client, which queues, retries and gives up by its own rules. The store adds no retries, and ends the wait
 * for a client that does not connect.
 */
export class GivenConnection implements Connection {
  readonly readsMasters: boolean;
  readonly #client: ScriptedClient;
  /** Undefined for a Cluster, where a replica redirects each command to its master. */
  readonly #proof: MasterProof | undefined;
  #connecting: Connecting | undefined;
  readonly #tick = new CommandBatch();
  readonly #given: object;
  #inFlight = 0;

  /**
   * `unused`: a key that never exists. `given`: the user's client, if `client` adapts it.
   *
   * @throws CacheError `INVALID_OPTION` for a client that lacks a member.
   */
  constructor(client: RedisClient, unused: string, clock: Clock, given: object = client) {
    checkClient(client);
    this.#given = given;
    this.#client = withScripts(client);
    this.#proof = isCluster(client) ? undefined : new MasterProof(unused, clock);
    this.readsMasters = readsMasters(client);
    this.#connecting = connectingOf(client);
  }

  /** Asked for late, because a Cluster client learns its servers. */
  get place(): string {
    return placeOfClient(this.#given);
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
      const reply = proof ? proof.read(client, () => command(client)) : command(client);
      return await (this.#connecting?.limit(reply, kind) ?? reply);
    } catch (error) {
      throw redisError(operation, key, error, this.place);
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

  /** In a Cluster it connects to any node, because every node receives every message. */
  async subscriber(): Promise<Subscriber> {
    const node = isCluster(this.#client) ? await this.#anyNode() : this.#client;
    // ioredis and iovalkey duplicate a Redis as a Redis.
    const subscriber = node.duplicate(SUBSCRIBER_OPTIONS) as Subscriber & Duplicate;
    subscriber.on('error', () => {});
    try {
      await inTime(subscriber.connect(), OPEN_MS);
    } catch (error) {
      subscriber.disconnect();
      throw error;
    }
    return subscriber;
  }

  async #anyNode(): Promise<RedisNode> {
    const client = this.#client;
    const nodes = (): RedisNode[] => (isCluster(client) ? client.nodes('all') : []);
    // A Cluster client knows its nodes once it is connected, and a command waits for that.
    if (nodes().length === 0) await this.send('connect', undefined, (it) => it.ping(), 'write');
    const found = nodes();
    const node = found[Math.floor(Math.random() * found.length)];
    if (node) return node;
    throw noNodeError('node');
  }

  /** Removes the store's listeners. The user closes the client. */
  async close(): Promise<void> {
    this.#connecting?.leave();
    this.#connecting = undefined;
  }
}
