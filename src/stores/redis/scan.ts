import { masters, type RedisClient } from './client.js';

/** Keys looked at in one step: SCAN blocks the server for as long as that takes. */
const STEP = 500;

/** The keys below a pattern, master by master and page by page. What is there throughout is found, perhaps twice. */
export async function* scanKeys(
  client: RedisClient,
  pattern: string,
): AsyncGenerator<Uint8Array[]> {
  // A Cluster knows its masters once it is connected.
  await client.ping();
  for (const node of masters(client)) {
    let cursor = '0';
    do {
      const [next, keys] = await node.scanBuffer(cursor, 'MATCH', pattern, 'COUNT', STEP);
      if (keys.length > 0) yield keys;
      cursor = String(next);
    } while (cursor !== '0');
  }
}
