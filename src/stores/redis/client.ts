import { CacheError } from '../../model/errors.js';

/**
 * What the store needs of a client: ioredis and iovalkey have it, as `Redis` (single server or Sentinel) and as
 * `Cluster`.
 */
export interface RedisClient {
  /** Adds a script as a method: EVALSHA, and EVAL where the server does not know the script yet. */
  defineCommand(name: string, definition: { lua: string; numberOfKeys: number }): void;
  getBuffer(key: string): Promise<Uint8Array | null>;
  getrange(key: string | Buffer, start: number, end: number): Promise<string>;
  unlink(key: string | Buffer): Promise<number>;
  ping(): Promise<string>;
  publish(channel: string, message: string): Promise<number>;
}

/** One server: a client of its own, or a node of a Cluster. */
export interface RedisNode {
  scanBuffer(
    cursor: string,
    match: 'MATCH',
    pattern: string,
    count: 'COUNT',
    keys: number,
  ): Promise<[cursor: Uint8Array, keys: Uint8Array[]]>;
  on(event: 'close', listener: () => void): unknown;
  off(event: 'close', listener: () => void): unknown;
}

/** What only one of the kinds of clients has, or what their types keep to themselves. */
interface Innards {
  readonly options?: {
    readonly keyPrefix?: string;
    readonly redisOptions?: { readonly keyPrefix?: string };
  };
  nodes?(role: 'master'): RedisNode[];
  refreshSlotsCache?(callback: (error?: unknown) => void): void;
}

/**
 * A client that adds a prefix of its own does so to commands and not to SCAN, so the store would not find its keys.
 *
 * @throws CacheError `INVALID_OPTION`.
 */
export function refuseKeyPrefix(client: object, subject: string): void {
  const { options } = client as Innards;
  const keyPrefix = options?.keyPrefix || options?.redisOptions?.keyPrefix;
  if (!keyPrefix) return;
  const message = `The client has a keyPrefix of its own ("${keyPrefix}"), which SCAN does not heed: make the client without it, and give the store \`prefix: '${keyPrefix}'\`.`;
  throw new CacheError('INVALID_OPTION', message, { subject });
}

/**
 * Every server that holds keys, as the Cluster has it now: what its client remembers may lack a master that keys have
 * been moved to.
 *
 * @throws CacheError `STORE_FAILED` when a Cluster does not know its masters.
 */
export async function masters(client: RedisClient): Promise<RedisNode[]> {
  const cluster = client as Innards;
  if (!cluster.nodes) return [client as unknown as RedisNode];
  await new Promise<void>((resolve, reject) => {
    cluster.refreshSlotsCache?.((error) => (error ? reject(error) : resolve()));
  });
  const found = cluster.nodes('master');
  if (found.length > 0) return found;
  throw new CacheError('STORE_FAILED', 'The Cluster has no master that can be reached.');
}
