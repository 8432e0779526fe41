import { CacheError } from '../../../model/errors.js';
import { type RedisClient, refuseKeyPrefix, requireMembers } from '../client.js';
import type { NodeRedisClient, NodeRedisCluster, NodeRedisSentinel } from './client-types.js';
import { clusterAdapter } from './cluster.js';
import { sentinelAdapter } from './sentinel.js';
import { serverAdapter } from './server.js';

/** True for any client of node-redis, and for nothing that has the members of `RedisClient`. */
export function isNodeRedis(client: unknown): client is NodeRedisClient {
  const members: object = Object(client);
  return 'isOpen' in members && 'sendCommand' in members && !('defineCommand' in members);
}

/**
 * Gives a client of node-redis the members that the store needs. `unused`: a key that never exists.
 *
 * @throws CacheError `INVALID_OPTION` for a pool, for version 4 and earlier, and for a `keyPrefix`.
 */
export function adaptNodeRedis(client: NodeRedisClient, unused: string): RedisClient {
  requireMembers(client, ['on', 'off', 'withTypeMapping']);
  const { _keyPrefix }: { _keyPrefix?: string } & object = client;
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
