import { withTimeout } from '../../model/time.js';
import { masters, type RedisClient, type RedisNode } from './client.js';
import { messageOf } from './error.js';
import { TOKEN } from './record.js';

/** Keys that one step looks at: SCAN blocks the server for as long as that takes. */
const STEP_KEYS = 500;
/** The limit of a step, milliseconds. A client that was given to the store may have no limit of its own. */
const STEP_MS = 5_000;

interface Search {
  /** A key that never exists. */
  readonly unused: string;
  /** For SCAN. */
  readonly pattern: string;
  /** SCAN's patterns are not ours: it finds all that match, and more. */
  readonly matches: (stored: Uint8Array) => boolean;
}

/** Deletes all keys that match, and counts the values among them. */
export async function unlinkKeys(client: RedisClient, search: Search): Promise<number> {
  let values = 0;
  await scanKeys(client, search, async (keys) => {
    const unlinked = keys.filter(search.matches).map((stored) => unlink(client, stored));
    await Promise.allSettled(unlinked);
    for (const wasValue of await Promise.all(unlinked)) if (wasValue) values++;
  });
  return values;
}

/** True for a record that holds a value, by its first byte: empty where there is no record. */
export const isValue = (kind: string): boolean => kind !== '' && kind !== TOKEN;

/** Deletes a record, and says whether it held a value. */
async function unlink(client: RedisClient, stored: Uint8Array): Promise<boolean> {
  const key = Buffer.from(stored);
  const [kind, deleted] = await Promise.all([kindOf(client, key), client.unlink(key)]);
  return isValue(kind) && Number(deleted) === 1;
}

/** Empty also for a list, a hash or the like, which is not the store's but goes with the rest. */
async function kindOf(client: RedisClient, key: Buffer): Promise<string> {
  try {
    return await client.getrange(key, 0, 0);
  } catch (error) {
    if (messageOf(error).startsWith('WRONGTYPE')) return '';
    throw error;
  }
}

/**
 * Passes all keys below a pattern, master by master and step by step. A key that exists throughout is found, perhaps
 * twice.
 *
 * @throws when a connection is lost on the way: a cursor means nothing to the server that took over, or to the same one
 * after a restart.
 */
async function scanKeys(
  client: RedisClient,
  { unused, pattern }: Search,
  use: (keys: readonly Uint8Array[]) => Promise<void>,
): Promise<void> {
  // A Cluster knows its masters once it is connected; and a replica, which may lack keys, refuses to write.
  await inTime(client.unlink(unused));
  for (const node of await inTime(masters(client))) await scanNode(node, pattern, use);
}

async function scanNode(
  node: RedisNode,
  pattern: string,
  use: (keys: readonly Uint8Array[]) => Promise<void>,
): Promise<void> {
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
      if (keys.length > 0) await inTime(use(keys));
      cursor = String(next);
      if (lost) throw new Error('Connection is closed: it was lost during a scan');
    } while (cursor !== '0');
  } finally {
    node.off('close', onClose);
  }
}

const inTime = <T>(step: Promise<T>): Promise<T> =>
  withTimeout(step, STEP_MS, () => {
    throw new Error(`A step of the scan timed out after ${STEP_MS} ms`);
  });
