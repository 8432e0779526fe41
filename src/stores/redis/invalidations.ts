import { withTimeout } from '../../model/time.js';
import { uniqueId } from '../../util/unique-id.js';
import type { InvalidationChannel } from '../tiered/invalidation-channel.js';
import type { RedisClient } from './client.js';
import type { Connection } from './connection.js';
import { channelError, redisError } from './error.js';
import type { Subscriber } from './subscriber.js';

/** Time limits, milliseconds. */
const SUBSCRIBE_MS = 1_000;
const ECHO_MS = 1_000;

interface Session {
  readonly id: number;
  readonly subscriber: Subscriber;
}

/**
 * Invalidations by Redis pub/sub, on a second connection. Redis does not queue messages for disconnected subscribers,
 * so each connection is a session with its own number: if the number changes, messages may have been lost.
 *
 * A message to oneself arrives after all messages published before it, and so proves that a session is alive. In a
 * Cluster it does not cover messages still on their way between two nodes. A replica accepts PUBLISH, too, so a write
 * goes with it, which only a master accepts: a reader of a demoted master must not trust its messages.
 */
export class RedisInvalidations implements InvalidationChannel {
  readonly #connection: Connection;
  readonly #everybody: string;
  readonly #self: string;
  readonly #unused: string;
  readonly #echoes = new Map<string, (session: number) => void>();
  #listener: (message: string) => void = () => {};
  #session: Session | undefined;
  #opening: Promise<Session> | undefined;
  #sessions = 0;
  #closed = false;

  /** `unused`: a key that never exists. */
  constructor(connection: Connection, channel: string, unused: string) {
    this.#connection = connection;
    this.#unused = unused;
    this.#everybody = channel;
    this.#self = `${channel}:${uniqueId()}`;
  }

  listen(listener: (message: string) => void): void {
    this.#listener = listener;
  }

  async publish(message: string): Promise<void> {
    await this.#send((client) => client.publish(this.#everybody, message));
  }

  async sync(): Promise<number> {
    const session = this.#session ?? (await this.#open());
    const echo = uniqueId();
    const heard = new Promise<number>((resolve) => this.#echoes.set(echo, resolve));
    try {
      await this.#send((client) =>
        Promise.all([client.publish(this.#self, echo), client.unlink(this.#unused)]),
      );
      return await withTimeout(heard, ECHO_MS, () => {
        // The connection is dead. The next call opens another one.
        this.#drop(session);
        throw channelError(`No echo from Redis within ${ECHO_MS} ms`);
      });
    } finally {
      this.#echoes.delete(echo);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    const session = this.#session ?? (await this.#opening?.catch(() => undefined));
    if (session) this.#drop(session);
  }

  async #send(command: (client: RedisClient) => Promise<unknown>): Promise<void> {
    await this.#connection.send('publish', undefined, command, 'write');
  }

  async #open(): Promise<Session> {
    if (this.#closed) throw channelError('The channel is closed');
    this.#opening ??= this.#connect().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #connect(): Promise<Session> {
    try {
      return await this.#subscribe(await this.#connection.subscriber());
    } catch (error) {
      throw redisError('subscribe', undefined, error, this.#connection.place);
    }
  }

  async #subscribe(subscriber: Subscriber): Promise<Session> {
    const session = { id: ++this.#sessions, subscriber };
    subscriber.on('end', () => this.#drop(session));
    subscriber.on('message', (channel, message) => {
      if (channel === this.#self) this.#echoes.get(message)?.(session.id);
      else this.#listener(message);
    });
    try {
      const subscribing = subscriber.subscribe(this.#everybody, this.#self);
      await withTimeout(subscribing, SUBSCRIBE_MS, () => {
        throw channelError(`No subscription in Redis within ${SUBSCRIBE_MS} ms`);
      });
      if (this.#closed) throw channelError('The channel is closed');
    } catch (error) {
      subscriber.disconnect();
      throw error;
    }
    // Waiting for messages must not keep the process alive.
    subscriber.stream?.unref();
    this.#session = session;
    return session;
  }

  #drop(session: Session): void {
    session.subscriber.disconnect();
    if (this.#session === session) this.#session = undefined;
  }
}
