import { RedisProcess, type RedisProcessOptions } from './redis-process.js';
import { until } from './until.js';

const slots = 16_384;
/** A master silent for this long is failed over. */
const nodeTimeoutMs = 1_000;

export interface RedisCluster {
  readonly masters: readonly RedisProcess[];
  /** One for each master, in their order, where they were asked for. */
  readonly replicas: readonly RedisProcess[];
  /** Every node that is up. */
  readonly addresses: readonly { readonly host: string; readonly port: number }[];
  stop(): Promise<void>;
}

/** Three masters that share the slots evenly, and a replica of each where a failover is to be tested. */
export async function startRedisCluster(
  options: {
    readonly replicas?: boolean;
    /** Further lines of each node's configuration. */
    readonly config?: () => Promise<RedisProcessOptions['config']>;
  } = {},
): Promise<RedisCluster> {
  const count = options.replicas ? 6 : 3;
  const started = await Promise.allSettled(
    Array.from({ length: count }, () => startNode(options.config)),
  );
  const nodes = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const stop = async () => {
    await Promise.all(nodes.map((node) => node.stop()));
  };
  try {
    for (const one of started) if (one.status === 'rejected') throw one.reason;
    const masters = nodes.slice(0, 3);
    const replicas = nodes.slice(3);
    await join(masters, replicas);
    return { masters, replicas, addresses: nodes.map(({ host, port }) => ({ host, port })), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const startNode = async (
  further: () => Promise<RedisProcessOptions['config']> = async () => [],
): Promise<RedisProcess> =>
  RedisProcess.start({
    config: [
      'cluster-enabled yes',
      `cluster-node-timeout ${nodeTimeoutMs}`,
      'cluster-replica-validity-factor 0',
      ...((await further()) ?? []),
    ],
  });

/** One more master, without slots of its own yet. The caller stops it. */
export async function addMaster({ masters, replicas }: RedisCluster): Promise<RedisProcess> {
  const added = await startNode();
  const nodes = [...masters, ...replicas, added];
  await added.call('CLUSTER', 'SET-CONFIG-EPOCH', nodes.length);
  await masters[0]?.call('CLUSTER', 'MEET', added.host, added.port);
  await everyNode(nodes, 'cluster_known_nodes', String(nodes.length));
  await everyNode(nodes, 'cluster_state', 'ok');
  return added;
}

/**
 * Moves a slot with all its keys. Until it is done, which waits for `halfway`, the old owner sends clients to the new one
 * for every key that it no longer has.
 */
export async function moveSlot(
  slot: number,
  from: RedisProcess,
  to: RedisProcess,
  masters: readonly RedisProcess[],
  halfway = async () => {},
): Promise<void> {
  const [source, target] = [await from.call('CLUSTER', 'MYID'), await to.call('CLUSTER', 'MYID')];
  await to.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', String(source));
  await from.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', String(target));
  for (;;) {
    const keys = (await from.call('CLUSTER', 'GETKEYSINSLOT', slot, 1)) as string[];
    if (keys.length === 0) break;
    await from.call('MIGRATE', to.host, to.port, '', 0, 5_000, 'KEYS', ...keys);
  }
  await halfway();
  for (const node of [to, from, ...masters.filter((one) => one !== to && one !== from)])
    await node.call('CLUSTER', 'SETSLOT', slot, 'NODE', String(target));
}

async function join(
  masters: readonly RedisProcess[],
  replicas: readonly RedisProcess[],
): Promise<void> {
  const nodes = [...masters, ...replicas];
  const [first] = nodes;
  for (const [i, master] of masters.entries()) {
    const from = Math.floor((slots * i) / masters.length);
    const to = Math.floor((slots * (i + 1)) / masters.length);
    const own = Array.from({ length: to - from }, (_, slot) => from + slot);
    await master.call('CLUSTER', 'ADDSLOTS', ...own);
  }
  for (const [i, node] of nodes.entries()) {
    // Nodes that begin with the same epoch would first have to argue about it.
    await node.call('CLUSTER', 'SET-CONFIG-EPOCH', i + 1);
    if (first && node !== first) await first.call('CLUSTER', 'MEET', node.host, node.port);
  }
  await everyNode(nodes, 'cluster_known_nodes', String(nodes.length));
  for (const [i, replica] of replicas.entries()) {
    const id = String(await masters[i]?.call('CLUSTER', 'MYID'));
    await replica.call('CLUSTER', 'REPLICATE', id);
    const up = async () => (await replica.field('master_link_status')) === 'up';
    await until(up, `the replica on port ${replica.port} to have a copy`);
  }
  await everyNode(nodes, 'cluster_state', 'ok');
}

async function everyNode(
  nodes: readonly RedisProcess[],
  field: string,
  value: string,
): Promise<void> {
  for (const node of nodes) {
    const agrees = async () => (await node.field(field, ['CLUSTER', 'INFO'])) === value;
    await until(agrees, `${field} to be ${value} on port ${node.port}`);
  }
}
