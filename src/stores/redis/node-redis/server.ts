import { type RedisClient, type RedisNode, requireMembers } from '../client.js';
import type { NodeRedisClient, NodeRedisServer } from './client-types.js';
import { commandsOver, type Send, scanWith } from './commands.js';
import { type HandOver, outboxOf, type Peers } from './outbox.js';
import { duplicateOf } from './subscribers.js';

/** Events after which a position in a scan is lost. */
const LOST = ['error', 'client-error', 'topology-change', 'end'] as const;

type OnClose = Pick<RedisNode, 'on' | 'off'>;

/** `close` of ioredis in terms of a node-redis client's events. */
export function closeEvents(client: NodeRedisClient): OnClose {
  return {
    on(_, listener) {
      for (const event of LOST) client.on(event, listener);
    },
    off(_, listener) {
      for (const event of LOST) client.off(event, listener);
    },
  };
}

export function serverAdapter(client: NodeRedisServer): RedisClient {
  requireMembers(client, ['duplicate']);
  const send = serverSend(client);
  return {
    ...commandsOver(send),
    ...closeEvents(client),
    scanBuffer: (cursor, _, pattern, __, keys) => scanWith(send, cursor, pattern, keys),
    duplicate: () => duplicateOf(async () => client),
  };
}

/** A client that is its own only peer. */
export const itself = <P extends { readonly isReady: boolean }>(client: P): Peers<P> => ({
  of: () => client,
  all: () => [client],
  isReady: () => client.isReady,
});

export function serverSend(client: NodeRedisServer): Send {
  // What the user gave for every command. Version 6 always has some.
  const { _commandOptions: own }: { _commandOptions?: object } & object = client;
  const handOver: HandOver = (_, args, options) => client.sendCommand(args, options);
  return outboxOf(client, itself(client), handOver, own !== undefined);
}
