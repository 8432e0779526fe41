import { CacheError } from '../../errors.js';
import { type RedisClient, refuseKeyPrefix } from './client.js';
import { type ScriptedClient, withScripts } from './scripts.js';

/** Whether a command may be sent a second time when nobody knows what became of the first. */
export type Repeat = 'always' | 'unsent';

export type Command<T> = (client: ScriptedClient) => Promise<T>;

/** A way to Redis: a client of the user's, or one of our own. */
export interface Connection {
  send<T>(command: Command<T>, repeat: Repeat): Promise<T>;
  /** Many commands, which take as long as the store is large; all of them again where that is of use. */
  scan<T>(scan: Command<T>): Promise<T>;
  close(): Promise<void>;
}

/** The user's own client, which queues, retries and gives up by its own rules; nothing is retried on top of them. */
export function givenConnection(client: RedisClient): Connection {
  if (typeof client?.defineCommand !== 'function') {
    const message =
      'client is none of ioredis or iovalkey: give a Redis or a Cluster of one of them.';
    throw new CacheError('INVALID_OPTION', message, { subject: 'client' });
  }
  refuseKeyPrefix(client, 'client');
  const scripted = withScripts(client);
  return {
    send: async (command) => command(scripted),
    scan: async (scan) => scan(scripted),
    /** The client is the user's: so is closing it. */
    async close() {},
  };
}
