import { CacheError } from '../../model/errors.js';
import { noNodeError } from './error.js';

/**
 * Commands that every client must have. ioredis and iovalkey offer them on `Redis` (one server or Sentinel) and on
 * `Cluster`.
 */
export interface RedisCommands {
  /**
   * Adds two methods: `name` and, for a reply in bytes, `nameBuffer`. Each sends EVALSHA, or EVAL if the server does
   * not know the script yet. The store checks that both exist.
   */
  defineCommand(name: string, definition: { lua: string; numberOfKeys: number }): void;
  getBuffer(key: string): Promise<Uint8Array | null>;
  getrange(key: string | Buffer, start: number, end: number): Promise<string>;
  unlink(key: string | Buffer): Promise<number>;
  ping(): Promise<string>;
  publish(channel: string, message: string): Promise<number>;
}

/**
 * The rule for repeating a command whose outcome is unknown.
 *
 * - `read`: always. Its reply counts only if it came from a master.
 * - `write`: always, because a second copy does no harm.
 * - `once`: only if it was not sent.
 */
export type Kind = 'read' | 'write' | 'once';

/** The client of one server, or of one node of a Cluster. */
export interface RedisNode {
  /** As ioredis has it, which takes the arguments of SCAN one by one. */
  scanBuffer(
    cursor: string,
    match: 'MATCH',
    pattern: string,
    count: 'COUNT',
    keys: number,
  ): Promise<[cursor: Uint8Array, keys: Uint8Array[]]>;
  /** Makes another client with the same settings. `invalidations()` listens on it. */
  duplicate(override: object): unknown;
  on(event: 'close', listener: () => void): unknown;
  off(event: 'close', listener: () => void): unknown;
}

/** A client of one server, or of the master that Sentinels name. */
export interface RedisServerClient extends RedisCommands, RedisNode {}

/** A client of a Redis Cluster. */
export interface RedisClusterClient extends RedisCommands {
  nodes(role: 'master' | 'all'): RedisNode[];
  refreshSlotsCache(callback: (error?: unknown) => void): void;
}

/**
 * The members of a client that the store needs. Its constructor and `invalidations()` name any that are missing.
 * Implement it to use any other client.
 */
export type RedisClient = RedisServerClient | RedisClusterClient;

const COMMANDS = ['defineCommand', 'getBuffer', 'getrange', 'unlink', 'ping'] as const;
const OF_A_NODE = ['scanBuffer', 'on', 'off'] as const;

type Members = Readonly<Record<string, unknown>>;

/**
 * Checks that the client has the members that the store needs.
 *
 * @throws CacheError `INVALID_OPTION` that names the missing ones.
 */
export function checkClient(client: unknown): asserts client is RedisClient {
  // Object() turns any value into one whose members can be read.
  const members = Object(client) as Members;
  const others = typeof members.nodes === 'function' ? ['refreshSlotsCache'] : OF_A_NODE;
  requireMembers(members, [...COMMANDS, ...others]);
  refuseKeyPrefix(members, 'client');
}

/** Checks for the members that only a channel needs. */
export function checkChannelClient(client: RedisClient): void {
  requireMembers(client, isCluster(client) ? ['publish'] : ['publish', 'duplicate']);
}

/** @throws CacheError `INVALID_OPTION` that names the missing ones. */
export function requireMembers(client: object, names: readonly string[]): void {
  // Only the names are claimed. Each member is unknown until it is checked.
  const members = client as Members;
  const missing = names.filter((name) => typeof members[name] !== 'function');
  if (missing.length === 0) return;
  const message = `client has no ${missing.map((name) => `${name}()`).join(', ')}: give a Redis or a Cluster of ioredis or iovalkey, or a client of node-redis 5 or later.`;
  throw new CacheError('INVALID_OPTION', message, { subject: 'client' });
}

/** Settings of ioredis and iovalkey, if the client exposes them. */
interface WithOptions {
  readonly options?: {
    readonly keyPrefix?: string;
    readonly redisOptions?: { readonly keyPrefix?: string };
    readonly scaleReads?: unknown;
  };
}

/**
 * Rejects a client with a key prefix. It adds the prefix to commands but not to SCAN, so the store would not find its
 * own keys.
 *
 * @throws CacheError `INVALID_OPTION`.
 */
export function refuseKeyPrefix(client: object, subject: string): void {
  const { options }: WithOptions = client;
  const keyPrefix = options?.keyPrefix || options?.redisOptions?.keyPrefix;
  if (!keyPrefix) return;
  const message = `${subject} has the keyPrefix '${keyPrefix}', which SCAN ignores: remove it, and give the store \`prefix: '${keyPrefix}'\`.`;
  throw new CacheError('INVALID_OPTION', message, { subject });
}

/** False for a Cluster client that may send reads to replicas, which lag. */
export function readsMasters(client: object): boolean {
  const { options }: WithOptions = client;
  return (options?.scaleReads ?? 'master') === 'master';
}

export const isCluster = (client: RedisClient): client is RedisClusterClient => 'nodes' in client;

/**
 * Every server that holds keys. A Cluster is asked for its current masters, because the client's own list may lack one
 * that keys have moved to.
 *
 * @throws CacheError `STORE_FAILED` if a Cluster does not know its masters.
 */
export async function masters(client: RedisClient): Promise<RedisNode[]> {
  if (!isCluster(client)) return [client];
  await new Promise<void>((resolve, reject) => {
    client.refreshSlotsCache((error) => (error ? reject(error) : resolve()));
  });
  const found = client.nodes('master');
  if (found.length > 0) return found;
  throw noNodeError('master');
}
