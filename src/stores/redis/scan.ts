import { withTimeout } from '../../model/time.js';
import { masters, type RedisClient, type RedisNode } from './client.js';
import type { Connection } from './connection.js';
import { messageOf } from './error.js';
import type { RedisKeys } from './keys.js';
import { TOKEN } from './record.js';

/** Keys per step. SCAN blocks the server during a step. */
const STEP_KEYS = 500;
/** The time limit of a step, milliseconds, because the user's client may have none. */
const STEP_MS = 5_000;

interface Search {
  /** A key that never exists. */
  readonly unused: string;
  /** The pattern for SCAN. */
  readonly pattern: string;
  /** The exact test, because SCAN's pattern finds more keys than match. */
  readonly matches: (stored: Uint8Array) => boolean;
}

/** Deletes the keys below the prefix, or those that match the glob, and resolves to the number of values among them. */
export function unlinkAll(
  connection: Pick<Connection, 'scan'>,
  keys: RedisKeys,
  operation: string,
  glob?: string,
): Promise<number> {
  const search: Search = {
    unused: keys.unused,
    pattern: keys.scanPattern(glob),
    matches: glob === undefined ? () => true : keys.matcher(glob),
  };
  return connection.scan(operation, (client) => unlinkKeys(client, search));
}

/** Deletes all matching keys, and resolves to the number of values among them. */
export async function unlinkKeys(client: RedisClient, search: Search): Promise<number> {
  let values = 0;
  await scanKeys(client, search, async (keys) => {
    const unlinked = keys.filter(search.matches).map((stored) => unlink(client, stored));
    await Promise.allSettled(unlinked);
    for (const wasValue of await Promise.all(unlinked)) if (wasValue) values++;
  });
  return values;
}

/** True if the record holds a value, by its first byte, which is empty without a record. */
export const isValue = (kind: string): boolean => kind !== '' && kind !== TOKEN;

/** Deletes a record. Resolves to true if it held a value. */
async function unlink(client: RedisClient, stored: Uint8Array): Promise<boolean> {
  const key = Buffer.from(stored);
  const [kind, deleted] = await Promise.all([kindOf(client, key), client.unlink(key)]);
  return isValue(kind) && Number(deleted) === 1;
}

/** Empty also for a list, a hash or another type, which is deleted although the store did not write it. */
async function kindOf(client: RedisClient, key: Buffer): Promise<string> {
  try {
    return await client.getrange(key, 0, 0);
  } catch (error) {
    if (messageOf(error).startsWith('WRONGTYPE')) return '';
    throw error;
  }
}

/**
 * Visits all keys that match SCAN's pattern, step by step. A key that exists throughout is found, perhaps twice.
 *
 * @throws if a connection is lost during the scan, because a cursor is invalid after a failover or a restart.
 */
async function scanKeys(
  client: RedisClient,
  search: Search,
  use: (keys: readonly Uint8Array[]) => Promise<void>,
): Promise<void> {
  for await (const keys of keyPages(client, search)) await inTime(use(keys));
}

/** The keys of all masters, step by step. The time limit holds for the server, not for the caller between two steps. */
export async function* keyPages(
  client: RedisClient,
  { unused, pattern }: Pick<Search, 'unused' | 'pattern'>,
): AsyncGenerator<readonly Uint8Array[]> {
  // A write first: it connects a Cluster, which then knows its masters, and a replica, which may lack keys, refuses it.
  await inTime(client.unlink(unused));
  for (const node of await inTime(masters(client))) yield* nodePages(node, pattern);
}

async function* nodePages(node: RedisNode, pattern: string): AsyncGenerator<readonly Uint8Array[]> {
  let lost = false;
  const onClose = () => {
    lost = true;
  };
  node.on('close', onClose);
  try {
    let cursor = '0';
    do {
      const step = node.scanBuffer(cursor, 'MATCH', pattern, 'COUNT', STEP_KEYS);
      const [next, keys] = await inTime(step);
      if (keys.length > 0) yield keys;
      cursor = String(next);
      if (lost) throw new Error('Connection is closed: it was lost during a scan');
    } while (cursor !== '0');
  } finally {
    node.off('close', onClose);
  }
}

/** The step, within its time limit. */
export const inTime = <T>(step: Promise<T>): Promise<T> =>
  withTimeout(step, STEP_MS, () => {
    throw new Error(`A step of the scan timed out after ${STEP_MS} ms`);
  });
