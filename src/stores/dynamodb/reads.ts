import { pause } from '../../model/time.js';
import { afterTick } from '../../resilience/after-tick.js';
import type { Database, Item } from './database.js';
import { dynamodbError } from './error.js';
import { plain } from './record.js';

/** DynamoDB's limit on the keys of one BatchGetItem. */
const MOST_KEYS = 100;
/** The most requests for one batch, because a throttled table returns keys unread. */
const MOST_ROUNDS = 5;
const FIRST_PAUSE_MS = 25;

interface Waiting {
  readonly promise: Promise<Item | undefined>;
  readonly resolve: (item: Item | undefined) => void;
  readonly reject: (error: unknown) => void;
}
type Batch = Map<string, Waiting>;

export type Read = (pk: string, consistent: boolean) => Promise<Item | undefined>;

/**
 * Sends the reads issued in the same tick as one request: a GetItem, or a BatchGetItem per 100 keys. A key that several
 * callers ask for is read once, and each caller parses its own copy. Consistent reads go in requests of their own.
 */
export function batchedReads(database: Database, tableName: string): Read {
  const batches = new Map<boolean, Batch>();

  const flush = (ConsistentRead: boolean) => {
    const all = batches.get(ConsistentRead) ?? new Map();
    batches.delete(ConsistentRead);
    if (all.size <= MOST_KEYS) return readAll(all, ConsistentRead);
    const waiting = [...all];
    for (let at = 0; at < waiting.length; at += MOST_KEYS) {
      readAll(new Map(waiting.slice(at, at + MOST_KEYS)), ConsistentRead);
    }
  };

  function readAll(batch: Batch, ConsistentRead: boolean): void {
    (batch.size === 1 ? readOne : readMany)(batch, ConsistentRead).catch((error) => {
      for (const { reject } of batch.values()) reject(error);
    });
  }

  async function readOne(batch: Batch, ConsistentRead: boolean): Promise<void> {
    for (const [pk, { resolve }] of batch) {
      const request = { TableName: tableName, Key: { pk }, ConsistentRead };
      resolve((await database.send('get', request, 'always')).Item);
    }
  }

  async function readMany(batch: Batch, ConsistentRead: boolean): Promise<void> {
    let Keys: readonly Item[] = [...batch.keys()].map((pk) => ({ pk }));
    for (let round = 0; Keys.length > 0; round++) {
      if (round === MOST_ROUNDS) {
        throw dynamodbError('batchGet', database.place, {
          type: 'ProvisionedThroughput',
          message: 'keys were left unread',
        });
      }
      if (round > 0) await pause(Math.random() * FIRST_PAUSE_MS * 2 ** round);
      const request = { RequestItems: { [tableName]: { Keys, ConsistentRead } } };
      const response = await database.send('batchGet', request, 'always');
      for (const item of response.Responses?.[tableName] ?? []) {
        batch.get(String(plain(item.pk)))?.resolve(item);
      }
      Keys = response.UnprocessedKeys?.[tableName]?.Keys ?? [];
      const unread = new Set(Keys.map(({ pk }) => plain(pk)));
      // Keys with an item have resolved already. The rest have none.
      for (const [pk, { resolve }] of batch) if (!unread.has(pk)) resolve(undefined);
    }
  }

  return (pk, consistent) => {
    let batch = batches.get(consistent);
    if (!batch) {
      batch = new Map();
      batches.set(consistent, batch);
      afterTick(() => flush(consistent));
    }
    const asked = batch.get(pk);
    if (asked) return asked.promise;
    let waiting: Waiting | undefined;
    const promise = new Promise<Item | undefined>((resolve, reject) => {
      // Complete once the promise itself is added, below.
      waiting = { resolve, reject } as Waiting;
    });
    // A promise calls its function at once, which the compiler cannot see.
    batch.set(pk, { ...(waiting as unknown as Waiting), promise });
    return promise;
  };
}
