import { withTimeout } from '../../model/time.js';
import { masters, type RedisClient, type RedisNode } from './client.js';

/** Keys looked at in one step: SCAN blocks the server for as long as that takes. */
const STEP_KEYS = 500;
/** How long a step may take. A client that was given to the store may have no limit of its own. Milliseconds. */
const STEP_MS = 5_000;

/**
 * Does something with all keys below a pattern, master by master and step by step. A key that is there throughout is
 * found, perhaps twice.
 *
 * `unused`: a key that is never there.
 *
 * @throws when a connection is lost on the way: a cursor means nothing to the server that took over, or to the same one
 * after a restart.
 */
export async function scanKeys(
  client: RedisClient,
  unused: string,
  pattern: string,
  use: (keys: readonly Uint8Array[]) => Promise<void>,
): Promise<void> {
  // A Cluster knows its masters once it is connected; and a replica, which may not have all keys yet, refuses to write.
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
