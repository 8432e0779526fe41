import { CacheError } from '../../model/errors.js';
import { withTimeout } from '../../model/time.js';
import type { InvalidationChannel } from '../tiered/invalidation-channel.js';
import type { RedisClient } from './client.js';
import type { Connection } from './connection.js';
import { redisError } from './error.js';
import type { Subscriber } from './subscriber.js';

/** Milliseconds. */
const OPEN_MS = 2_000;
const ECHO_MS = 1_000;

interface Session {
  readonly id: number;
  readonly subscriber: Subscriber;
}

/**
 * Invalidations by Redis' own pub/sub, on a second connection. Redis keeps no message for who is not there, so each
 * connection is a session of its own, and what was lost between two of them shows in its number. A message to
 * oneself, which comes back behind all that were published before it, proves that a session is alive; on a Cluster,
 * whose nodes pass messages on to each other, but for what is still on its way between them.
 */
export class RedisInvalidations implements InvalidationChannel {
  readonly #connection: Connection;
  readonly #everybody: string;
  readonly #self: string;
  readonly #echoes = new Map<string, (session: number) => void>();
  #listener: (message: string) => void = () => {};
  #session: Session | undefined;
  #opening: Promise<Session> | undefined;
  #sessions = 0;
  #closed = false;

  constructor(connection: Connection, channel: string) {
    this.#connection = connection;
    this.#everybody = channel;
    this.#self = `${channel}:${crypto.randomUUID()}`;
  }

  listen(listener: (message: string) => void): void {
    this.#listener = listener;
  }

  async publish(message: string): Promise<void> {
    await this.#publish(this.#everybody, message);
  }

  async sync(): Promise<number> {
    const session = this.#session ?? (await this.#open());
    const echo = crypto.randomUUID();
    const heard = new Promise<number>((resolve) => this.#echoes.set(echo, resolve));
    try {
      await this.#publish(this.#self, echo);
      return await withTimeout(heard, ECHO_MS, () => {
        // Whatever it is that the connection still leads to: the next call opens another one.
        this.#drop(session);
        throw late(`No echo from Redis within ${ECHO_MS} ms`);
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

  async #publish(channel: string, message: string): Promise<void> {
    const publish = (client: RedisClient) => client.publish(channel, message);
    await this.#connection.send('publish', undefined, publish);
  }

  async #open(): Promise<Session> {
    if (this.#closed) throw late('The channel is closed');
    this.#opening ??= this.#connect().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #connect(): Promise<Session> {
    const subscriber = await this.#connection.subscriber();
    const session = { id: ++this.#sessions, subscriber };
    subscriber.on('error', () => {});
    subscriber.on('end', () => this.#drop(session));
    subscriber.on('message', (channel, message) => {
      if (channel === this.#self) this.#echoes.get(message)?.(session.id);
      else this.#listener(message);
    });
    try {
      const opening = subscriber
        .connect()
        .then(() => subscriber.subscribe(this.#everybody, this.#self));
      await withTimeout(opening, OPEN_MS, () => {
        throw late(`No subscription in Redis within ${OPEN_MS} ms`);
      });
      if (this.#closed) throw late('The channel is closed');
    } catch (error) {
      subscriber.disconnect();
      throw redisError('subscribe', undefined, error);
    }
    // It waits for whatever comes, which must keep no process alive.
    subscriber.stream?.unref();
    this.#session = session;
    return session;
  }

  #drop(session: Session): void {
    session.subscriber.disconnect();
    if (this.#session === session) this.#session = undefined;
  }
}

const late = (what: string): CacheError =>
  new CacheError('TIMEOUT', `${what}: tiers above it are not trusted meanwhile.`);
