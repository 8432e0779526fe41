import { systemClock } from '../../model/time.js';
import { messageOf } from './error.js';
import type { ClientSettings } from './options.js';
import {
  type Client,
  CONNECT_MS,
  inTime,
  loadPeer,
  NODE_DEFAULTS,
  OPEN_MS,
  type OwnClient,
  openClient,
  passwordOf,
} from './own-client.js';
import { withScripts } from './scripts.js';

export interface ClusterAddress {
  readonly host: string;
  readonly port: number;
}

/** A password that a function gives is asked for again after this time, milliseconds. A token lives for 15 minutes. */
const KEPT_PASSWORD_MS = 300_000;

/** Chosen for Lambda, like those of a single server: nothing waits, nothing runs between invocations. */
const DEFAULTS = {
  lazyConnect: true,
  // CLUSTER INFO costs a round trip, and a user needs a right for it. A Cluster that is down says so.
  enableReadyCheck: false,
  // No reconnecting: the next command opens a new client.
  clusterRetryStrategy: null,
  // Only the store knows which commands may be repeated.
  retryDelayOnFailover: 0,
  // Certificates name the nodes, not their addresses.
  dnsLookup: (address: string, found: (error: null, address: string) => void) =>
    found(null, address),
};

/** Members of a Cluster of ioredis besides those of a single client. */
interface ClusterMembers {
  readonly status: string;
  on(event: '+node', listener: (node: Node) => void): unknown;
  on(event: 'nodeError', listener: (error: unknown) => void): unknown;
}
type Cluster = OwnClient & ClusterMembers;
interface Node {
  readonly options: object;
  readonly stream?: { unref(): void };
  on(event: 'connect', listener: () => void): unknown;
}

/** Opens a client of a Cluster that knows its slots and is logged in. See `openClient`. */
export async function openCluster(
  nodes: readonly ClusterAddress[],
  settings: ClientSettings,
  onError: (error: unknown) => void,
): Promise<Client> {
  const { password: source, ...redisOptions } = settings;
  const password = await keptPassword(source);
  const { Cluster } = await loadPeer();
  const connectMs = Number(redisOptions.connectTimeout) || CONNECT_MS;
  // The members of both versions of ioredis that are used.
  const cluster = new Cluster([...nodes], {
    ...DEFAULTS,
    // ioredis asks a node for the slots as it connects to it, and gives it one second for both.
    slotsRefreshTimeout: Math.max(CONNECT_MS, connectMs),
    redisOptions: { ...NODE_DEFAULTS, ...redisOptions, commandTimeout: undefined },
  } as object) as unknown as Cluster;
  let lastError: unknown;
  cluster.on('error', (error) => {
    lastError = error;
    onError(error);
  });
  cluster.on('nodeError', onError);
  cluster.on('+node', (node) => {
    // ioredis reads it whenever the node connects.
    Object.defineProperty(node.options, 'password', { get: password.current, enumerable: true });
    // A connection as such must not keep the process alive.
    node.on('connect', () => node.stream?.unref());
  });
  try {
    await inTime(cluster.connect(), Math.max(OPEN_MS, connectMs));
  } catch (error) {
    cluster.disconnect();
    // `connect` rejects without the reason, which only the event before it carries.
    const refused = deepest(error) === error ? deepest(lastError ?? error) : deepest(error);
    throw await reasonOf(refused, nodes, settings);
  }
  return withScripts(withStream(cluster, password.renew));
}

/** ioredis hides why a node cannot be reached, so a single connection finds out. */
async function reasonOf(
  error: unknown,
  [first]: readonly ClusterAddress[],
  settings: ClientSettings,
): Promise<unknown> {
  if (!/closed|timed out|timeout|None of startup|Failed to refresh/i.test(messageOf(error)))
    return error;
  try {
    const client = await openClient({ ...settings, ...first });
    client.disconnect();
    return error;
  } catch (reason) {
    return reason;
  }
}

function deepest(error: unknown): unknown {
  const { lastNodeError }: { lastNodeError?: unknown } = Object(error);
  return lastNodeError === undefined ? error : deepest(lastNodeError);
}

/**
 * The stream of a Cluster, which has one for each node: as far as `OwnConnection` looks at it. It counts no bytes, so a
 * command without an answer replaces all connections: the others may be fine, but which one is dead is not known.
 */
function withStream(cluster: Cluster, beforeUse: () => void): Cluster {
  const stream = {
    get writable() {
      beforeUse();
      return cluster.status === 'ready';
    },
    bytesRead: 0,
    unref() {},
  };
  return Object.defineProperty(cluster, 'stream', { value: stream });
}

/**
 * Nodes connect at any time and cannot wait for a password, so the last one is kept. It is renewed behind a command once
 * it is five minutes old. A pause of five minutes ends the whole client (see `OwnConnection`), so no node is given one
 * of 15 minutes.
 */
async function keptPassword(source: ClientSettings['password']) {
  let password = await passwordOf(source);
  let askedAt = systemClock.now();
  return {
    current: () => password,
    renew() {
      const now = systemClock.now();
      if (Math.abs(now - askedAt) < KEPT_PASSWORD_MS) return;
      askedAt = now;
      passwordOf(source).then(
        (renewed) => {
          password = renewed;
        },
        // The old one is valid for some minutes more, and the next command tries again.
        () => {
          askedAt = Number.NEGATIVE_INFINITY;
        },
      );
    },
  };
}
