import { CacheError } from '../../errors.js';
import { pause } from '../../time.js';
import { type Database, type Item, isConditionFailed } from './database.js';

/** DynamoDB's limit on the keys of one BatchGetItem. */
const MOST_KEYS = 100;
/** Rounds of one batch: a throttled table gives back keys that it did not read. */
const MOST_ROUNDS = 5;
const FIRST_PAUSE_MS = 25;

interface Waiting {
  readonly promise: Promise<Item | undefined>;
  readonly resolve: (item: Item | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Reads of one tick become one request: one GetItem, or BatchGetItems of up to 100 keys. A key that several callers
 * ask for is read once, and each parses a copy of its own. Consistent reads go apart from the others.
 */
export class BatchedReads {
  readonly #database: Database;
  readonly #tableName: string;
  readonly #waiting = {
    consistent: new Map<string, Waiting>(),
    eventual: new Map<string, Waiting>(),
  };

  constructor(database: Database, tableName: string) {
    this.#database = database;
    this.#tableName = tableName;
  }

  read(pk: string, consistency: 'consistent' | 'eventual'): Promise<Item | undefined> {
    const waiting = this.#waiting[consistency];
    const asked = waiting.get(pk);
    if (asked) return asked.promise;
    if (waiting.size === 0) this.#flushAfterThisTick(consistency);
    const entry = newWaiting();
    waiting.set(pk, entry);
    return entry.promise;
  }

  /** After every promise job of this tick, so that callers that come out of one `await` together share a request. */
  #flushAfterThisTick(consistency: 'consistent' | 'eventual'): void {
    queueMicrotask(() => process.nextTick(() => this.#flush(consistency)));
  }

  #flush(consistency: 'consistent' | 'eventual'): void {
    const all = [...this.#waiting[consistency]];
    this.#waiting[consistency] = new Map();
    for (let at = 0; at < all.length; at += MOST_KEYS) {
      const chunk = new Map(all.slice(at, at + MOST_KEYS));
      const read =
        chunk.size === 1
          ? this.#readOne(chunk, consistency === 'consistent')
          : this.#readMany(chunk, consistency === 'consistent');
      read.catch((error) => {
        for (const { reject } of chunk.values()) reject(error);
      });
    }
  }

  async #readOne(chunk: Map<string, Waiting>, consistent: boolean): Promise<void> {
    for (const [pk, { resolve }] of chunk) {
      const request = {
        TableName: this.#tableName,
        Key: { pk: { S: pk } },
        ...(consistent && { ConsistentRead: true }),
      };
      const response = await this.#database.send('GetItem', request, 'always');
      resolve(isConditionFailed(response) ? undefined : response.Item);
    }
  }

  async #readMany(chunk: Map<string, Waiting>, consistent: boolean): Promise<void> {
    let keys: readonly Item[] = [...chunk.keys()].map((pk) => ({ pk: { S: pk } }));
    for (let round = 0; keys.length > 0; round++) {
      if (round === MOST_ROUNDS) throw throttled(this.#tableName, keys.length);
      if (round > 0) await pause(Math.random() * FIRST_PAUSE_MS * 2 ** round);
      const batch = { Keys: keys, ...(consistent && { ConsistentRead: true }) };
      const request = { RequestItems: { [this.#tableName]: batch } };
      const response = await this.#database.send('BatchGetItem', request, 'always');
      if (isConditionFailed(response)) return;
      for (const item of response.Responses?.[this.#tableName] ?? []) {
        if (item.pk && 'S' in item.pk) settle(chunk, item.pk.S, item);
      }
      keys = response.UnprocessedKeys?.[this.#tableName]?.Keys ?? [];
      const unread = new Set(keys.map(({ pk }) => (pk && 'S' in pk ? pk.S : '')));
      for (const pk of [...chunk.keys()]) if (!unread.has(pk)) settle(chunk, pk, undefined);
    }
  }
}

function settle(chunk: Map<string, Waiting>, pk: string, item: Item | undefined): void {
  chunk.get(pk)?.resolve(item);
  chunk.delete(pk);
}

function newWaiting(): Waiting {
  let resolve: Waiting['resolve'] = () => {};
  let reject: Waiting['reject'] = () => {};
  const promise = new Promise<Item | undefined>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

const throttled = (tableName: string, left: number) =>
  new CacheError(
    'STORE_FAILED',
    `DynamoDB left ${left} keys of a batch on table "${tableName}" unread in ${MOST_ROUNDS} rounds: raise the table's capacity.`,
    { subject: tableName },
  );
