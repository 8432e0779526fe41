import type { RedisClient, RedisNode } from '../client.js';
import type { NodeRedisCluster, NodeRedisMaster, NodeRedisServer } from './client-types.js';
import { commandsOver, type Send, scanWith, TEXT } from './commands.js';
import { Readiness } from './readiness.js';
import { slotOf } from './slot.js';
import { duplicateOf } from './subscribers.js';

/** Events after which a position in a scan of any node is lost. */
const LOST = ['error', 'node-error', 'node-disconnect', 'disconnect'] as const;

/** `unused`: a key that never exists. */
export function clusterAdapter(client: NodeRedisCluster, unused: string): RedisClient {
  const readiness = new Readiness(client, (key) => {
    if (key === undefined) return client.masters.length > 0;
    const node = client.slots[slotOf(key)]?.master;
    // The Cluster client opens a node that has no client yet.
    return node !== undefined && node.client?.isReady !== false;
  });
  const send = readiness.before((key, args, options) =>
    client.sendCommand(key, false, args, options),
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

function nodeOf(client: NodeRedisCluster, master: NodeRedisMaster): RedisNode {
  // It came from this client, whose type for it is its own.
  const open = (): Promise<NodeRedisServer> => client.nodeClient(master as never);
  const send: Send = async (_, args, options) => (await open()).sendCommand(args, options);
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
  const asked = client.masters.find((master) => master.client?.isReady) ?? client.masters[0];
  if (!asked) return;
  const node = await client.nodeClient(asked as never);
  const ranges = (await node.sendCommand(['CLUSTER', 'SLOTS'], TEXT)) as Range[];
  for (const [from, , [host, port]] of ranges) {
    const isKnown = client.masters.some((known) => known.host === host && known.port === port);
    if (host && !isKnown) {
      const key = keyInSlot(from, unused);
      await send(key, ['GETRANGE', key, '0', '0'], TEXT);
    }
  }
}

function keyInSlot(slot: number, unused: string): string {
  for (let i = 0; ; i++) if (slotOf(`{${i}}`) === slot) return `${unused}{${i}}`;
}
