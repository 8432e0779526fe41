import { CacheError } from '../../../model/errors.js';
import {
  type RedisClient,
  type RedisCommands,
  type RedisNode,
  refuseKeyPrefix,
  requireMembers,
} from '../client.js';
import type {
  NodeRedisClient,
  NodeRedisCluster,
  NodeRedisSentinel,
  NodeRedisServer,
} from './client-types.js';
import { clusterAdapter } from './cluster.js';
import { commandsOver, type Send, scanWith } from './commands.js';
import { Readiness } from './readiness.js';
import { duplicateOf, sentinelSubscriber } from './subscribers.js';

/** True for any client of node-redis, and for nothing that has the members of `RedisClient`. */
export function isNodeRedis(client: unknown): client is NodeRedisClient {
  const members = Object(client) as Readonly<Record<string, unknown>>;
  return typeof members.sendCommand === 'function' && typeof members.defineCommand !== 'function';
}

/**
 * Gives a client of node-redis the members that the store needs. `unused`: a key that never exists.
 *
 * @throws CacheError `INVALID_OPTION` for a pool, for version 4 and earlier, and for a `keyPrefix`.
 */
export function adaptNodeRedis(client: NodeRedisClient, unused: string): RedisClient {
  requireMembers(client, ['on', 'off', 'withTypeMapping']);
  const { _keyPrefix } = client as { _keyPrefix?: string };
  refuseKeyPrefix(_keyPrefix ? { options: { keyPrefix: _keyPrefix } } : client, 'client');
  if (isCluster(client)) return clusterAdapter(client, unused);
  if (isSentinel(client)) return sentinelAdapter(client, unused);
  if (!('isReady' in client)) throw notAClient();
  return serverAdapter(client);
}

const isCluster = (client: NodeRedisClient): client is NodeRedisCluster => 'masters' in client;
const isSentinel = (client: NodeRedisClient): client is NodeRedisSentinel =>
  'getMasterNode' in client;

const notAClient = (): CacheError =>
  new CacheError(
    'INVALID_OPTION',
    'client is a pool of node-redis: give one made by createClient, createSentinel or createCluster. One connection is enough, because Redis answers one command after another.',
    { subject: 'client' },
  );

/** Events after which a position in a scan is lost. */
const LOST = ['error', 'client-error', 'topology-change', 'end'] as const;

type OnClose = Pick<RedisNode, 'on' | 'off'>;

/** `close` of ioredis in terms of a node-redis client's events. */
function closeEvents(client: NodeRedisClient): OnClose {
  return {
    on(_, listener) {
      for (const event of LOST) client.on(event, listener);
    },
    off(_, listener) {
      for (const event of LOST) client.off(event, listener);
    },
  };
}

function serverAdapter(client: NodeRedisServer): RedisClient {
  const send = serverSend(client);
  return {
    ...commandsOver(send),
    ...closeEvents(client),
    scanBuffer: (cursor, _, pattern, __, keys) => scanWith(send, cursor, pattern, keys),
    duplicate: () => duplicateOf(async () => client),
  };
}

export function serverSend(client: NodeRedisServer): Send {
  const readiness = new Readiness(client, () => client.isReady);
  return readiness.before((_, args, options) => client.sendCommand(args, options));
}

/**
 * A Sentinel client sends a command again if its master has been replaced. An answer by the new master does not prove
 * that the old one answered the read before it, so the proof (see `MasterProof`) fails if the master changes meanwhile.
 */
function sentinelAdapter(client: NodeRedisSentinel, unused: string): RedisClient {
  const readiness = new Readiness(client, () => client.isReady);
  const send = readiness.before((_, args, options) => client.sendCommand(false, args, options));
  const commands: RedisCommands = commandsOver(send);
  return {
    ...commands,
    ...closeEvents(client),
    async unlink(key) {
      if (key !== unused) return commands.unlink(key);
      let isReplaced = false;
      const onChange = () => {
        isReplaced = true;
      };
      client.on('topology-change', onChange);
      try {
        const deleted = await commands.unlink(key);
        if (isReplaced) throw new Error('READONLY The Sentinels have named another master');
        return deleted;
      } finally {
        client.off('topology-change', onChange);
      }
    },
    scanBuffer: (cursor, _, pattern, __, keys) => scanWith(send, cursor, pattern, keys),
    duplicate: () => sentinelSubscriber(client),
  };
}
