import { type RedisClient, type RedisNode, requireMembers } from '../client.js';
import type {
  Argument,
  NodeRedisCluster,
  NodeRedisMaster,
  NodeRedisServer,
  SendOptions,
} from './client-types.js';
import { commandsOver, type Send, scanWith } from './commands.js';
import { outboxOf, type Peers } from './outbox.js';
import { serverSend } from './server.js';
import { slotOf } from './slot.js';
import { duplicateOf } from './subscribers.js';

/** Events after which a position in a scan of any node is lost. */
const LOST = ['error', 'node-error', 'node-disconnect', 'disconnect'] as const;

/** `unused`: a key that never exists. */
export function clusterAdapter(client: NodeRedisCluster, unused: string): RedisClient {
  requireMembers(client, ['nodeClient']);
  const send = outboxOf(client, mastersOf(client), (key, args, options) =>
    key === undefined
      ? sendToAny(client, args, options)
      : client.sendCommand(key, false, args, options),
  );
  return {
    ...commandsOver(send),
    // Replicas, if the client knows any, are not in this list: every node receives every message.
    nodes: () => client.masters.map((master) => nodeOf(client, master)),
    refreshSlotsCache(callback) {
      findMasters(client, send, unused).then(() => callback(), callback);
    },
  };
}

const mastersOf = (client: NodeRedisCluster): Peers<NodeRedisMaster> => ({
  of(key) {
    if (client.isReady === false) return undefined;
    return key === undefined ? anyMaster(client) : client.slots[slotOf(key)]?.master;
  },
  all: () => client.masters,
  // The Cluster client opens a node that has no client yet.
  isReady: ({ client }) => client?.isReady !== false,
});

const anyMaster = ({ masters }: NodeRedisCluster): NodeRedisMaster | undefined =>
  masters.find((master) => master.client?.isReady) ?? masters[0];

/** Version 6 would send PING to every node. */
async function sendToAny(
  client: NodeRedisCluster,
  args: readonly Argument[],
  options: SendOptions,
): Promise<unknown> {
  // It came from this client, whose type for it is its own.
  const node = await client.nodeClient(anyMaster(client) as never);
  return node.sendCommand(args, options);
}

function nodeOf(client: NodeRedisCluster, master: NodeRedisMaster): RedisNode {
  // It came from this client, whose type for it is its own.
  const open = (): Promise<NodeRedisServer> => client.nodeClient(master as never);
  const send: Send = async (key, args, form) => serverSend(await open())(key, args, form);
  return {
    scanBuffer: (cursor, _, pattern, __, keys) => scanWith(send, cursor, pattern, keys),
    duplicate: () => duplicateOf(open),
    on(_, listener) {
      for (const event of LOST) client.on(event, listener);
    },
    off(_, listener) {
      for (const event of LOST) client.off(event, listener);
    },
  };
}

/** The part of a reply to CLUSTER SLOTS that names the master of a range. */
type Range = readonly [from: number, to: number, master: readonly [host: string, port: number]];

/**
 * Makes the client know every current master. It asks the Cluster by itself only when a master sends it elsewhere, so
 * the first slot of each unknown master is read: the old master answers MOVED.
 */
async function findMasters(client: NodeRedisCluster, send: Send, unused: string): Promise<void> {
  // The reply of CLUSTER SLOTS, with its strings as text.
  const ranges = (await send(undefined, ['CLUSTER', 'SLOTS'], 'text')) as Range[];
  for (const [from, , [host, port]] of ranges) {
    const isKnown = client.masters.some((known) => known.host === host && known.port === port);
    if (host && !isKnown) {
      const key = keyInSlot(from, unused);
      await send(key, ['GETRANGE', key, '0', '0'], 'text');
    }
  }
}

function keyInSlot(slot: number, unused: string): string {
  for (let i = 0; ; i++) if (slotOf(`{${i}}`) === slot) return `${unused}{${i}}`;
}
