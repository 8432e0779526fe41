import { DynamoDBDocument } from '@aws-sdk/lib-dynamodb';
import { type CacheStore, type Clock, DynamoDBCacheStore } from '@glasswork/cache';
import { createCacheTable, createClient } from '../servers/table.js';
import type { Point } from './gates.js';
import { type CreateSubject, LAG_MS, type World } from './subject.js';

type Item = Record<string, unknown>;
type Answer = Promise<Item>;
type Method = 'get' | 'batchGet' | 'update' | 'delete' | 'scan';

interface Get {
  readonly Key: Item;
  readonly ConsistentRead?: boolean;
}
interface BatchGet {
  readonly RequestItems: Record<string, { Keys: readonly Item[]; ConsistentRead?: boolean }>;
}
interface Update {
  readonly Key: Item;
  readonly ConditionExpression?: string;
  readonly ExpressionAttributeValues?: Item;
}
interface Past {
  readonly until: number;
  readonly item: Item | undefined;
}

/** The signature of a request lives no longer. */
const REQUEST_LIFE_MS = 5 * 60_000;

/** With an overflow store: less than an entry has with its times and versions, and more than the version of a tag. */
const MOST_BYTES = 300;

/**
 * DynamoDBCacheStores over one real table, each with a client of its own that waits and fails below the store: its
 * versions, its batches and its consistent reads are what is tested.
 */
export function dynamoDB(endpoint: string, overflowing?: CreateSubject): CreateSubject {
  return async (world) => {
    const overflow = await overflowing?.(world);
    const tableName = await createCacheTable(endpoint);
    const client = createClient(endpoint);
    const table = new Table(DynamoDBDocument.from(client), tableName, world);
    const store = (
      clock: Clock,
      given: object,
      overflowStore: CacheStore | undefined,
      consistentRead = false,
    ) =>
      new DynamoDBCacheStore({
        ...{ tableName, clock, client: given, consistentRead, overflow: overflowStore },
        ...(overflow && { maxItemBytes: MOST_BYTES }),
      });
    return {
      process: (index, clock) =>
        store(clock, failingClient(table, world, index), overflow?.process(index, clock)),
      audit: store(world.time, watched(table, world), overflow?.audit, true),
      elapsed: () => table.deleteExpired(),
      close: async () => client.destroy(),
    };
  };
}

/** The real table, and what its items were: DynamoDB's default reads may lag behind. */
class Table {
  readonly #document: DynamoDBDocument;
  readonly #name: string;
  readonly #world: World;
  readonly #past = new Map<unknown, Past[]>();

  constructor(document: DynamoDBDocument, name: string, world: World) {
    this.#document = document;
    this.#name = name;
    this.#world = world;
  }

  async send(method: Method, request: object): Answer {
    if (method !== 'update') {
      const call = this.#document[method] as unknown as (request: object) => Answer;
      return call.call(this.#document, request);
    }
    const { Key, ExpressionAttributeValues: values } = request as Update;
    if (this.#world.faults.includes('stale')) await this.#note(Key);
    const answer = await this.#document.update(request as never);
    const written = values?.[':value'];
    if (typeof written === 'string') this.#world.oracle.stored(JSON.parse(written));
    return answer as unknown as Item;
  }

  async #note(Key: Item): Promise<void> {
    const states = this.#past.get(Key.pk) ?? [];
    const until = this.#world.time.now();
    const read = { TableName: this.#name, Key, ConsistentRead: true };
    const { Item: item } = await this.#document.get(read);
    this.#past.set(Key.pk, [...states, { until, item }]);
  }

  /** The answer of a lagging replica, unless the read is consistent. */
  async stale(method: Method, request: object, ageMs: number): Answer {
    const answer = await this.send(method, request);
    const time = this.#world.time.now() - ageMs;
    const was = (key: Item) => this.#past.get(key.pk)?.find(({ until }) => time < until);
    if (method === 'get') {
      const { Key, ConsistentRead } = request as Get;
      const past = ConsistentRead ? undefined : was(Key);
      return past ? { ...answer, Item: past.item } : answer;
    }
    const asked = (request as BatchGet).RequestItems?.[this.#name];
    if (!asked || asked.ConsistentRead) return answer;
    const now = (answer.Responses as Record<string, Item[]>)[this.#name] ?? [];
    const items = asked.Keys.map((key) => {
      const past = was(key);
      return past ? past.item : now.find(({ pk }) => pk === key.pk);
    });
    return { Responses: { [this.#name]: items.filter((item) => item !== undefined) } };
  }

  /** A batch that a throttled table reads only the first half of. */
  async half(method: Method, request: object): Answer {
    const asked = (request as BatchGet).RequestItems?.[this.#name];
    if (!asked || asked.Keys.length < 2) return this.send(method, request);
    const half = Math.ceil(asked.Keys.length / 2);
    const part = (Keys: readonly Item[]) => ({ [this.#name]: { ...asked, Keys } });
    const answer = await this.send(method, { RequestItems: part(asked.Keys.slice(0, half)) });
    return { ...answer, UnprocessedKeys: part(asked.Keys.slice(half)) };
  }

  /** DynamoDB deletes an item some time after its TTL. */
  async deleteExpired(): Promise<void> {
    const TableName = this.#name;
    const { Items = [] } = await this.#document.scan({ TableName });
    for (const { pk, expiresAt } of Items) {
      if (expiresAt * 1_000 <= this.#world.time.now())
        await this.#document.delete({ TableName, Key: { pk } });
    }
  }
}

const METHODS: readonly Method[] = ['get', 'batchGet', 'update', 'delete', 'scan'];

const methods = (call: (method: Method, request: object) => Answer): object =>
  Object.fromEntries(METHODS.map((method) => [method, (request: object) => call(method, request)]));

const watched = (table: Table, { gates }: World): object =>
  methods((method, request) => gates.busy(() => table.send(method, request)));

/** The client of one process, which tries again as the SDK does. */
function failingClient(table: Table, world: World, index: number): object {
  const { gates, random, time, faults, faultRate, gaps, log } = world;

  const held = async (point: Point, label: string): Promise<void> => {
    const since = time.now();
    const sent = point === 'replay' || (point === 'request' && random.chance(0.5));
    await gates.wait(index, point, label, sent ? 'network' : 'process');
    // A frozen process signs a request when it sends it; a request that is long on its way is refused.
    const ends = sent || (point === 'request' && gaps.includes('lateFill'));
    if (ends && time.now() - since > REQUEST_LIFE_MS) throw failure(label, 'it has expired');
  };

  return methods(async (method, request) => {
    const kind = random.chance(faultRate()) ? random.pick(faults) : undefined;
    const label = `${method} ${keysOf(request)}`;
    if (kind) log(`  p${index} fault: ${kind} for ${label}`);
    const apply = () =>
      gates.busy(() => {
        if (kind === 'stale') return table.stale(method, request, random.below(LAG_MS + 1));
        return kind === 'partial' ? table.half(method, request) : table.send(method, request);
      });
    await held('request', label);
    if (kind === 'error') throw failure(label, 'it was not applied');
    if (kind === 'hang') {
      if (random.chance(0.5)) await apply().catch(() => {});
      return new Promise(() => {});
    }
    const answer = await settled(apply(), 1);
    if (kind === 'lost-reply') {
      // Its connection broke: it is sent again.
      await held('request', label);
      if (random.chance(0.3)) throw failure(label, 'it was applied all the same');
      const second = await settled(apply(), 2);
      await held('reply', label);
      return second();
    }
    if (kind === 'replay' && method === 'update' && isRepeatable(request)) {
      held('replay', label)
        .then(apply)
        .catch(() => {});
    }
    await held('reply', label);
    return answer();
  });
}

/** An outcome for later. `attempts`: how often the request was sent, as the SDK tells with an error. */
const settled = (promise: Answer, attempts: number): Promise<() => Answer> =>
  promise.then(
    (value) => async () => value,
    (error) => async () => {
      throw Object.assign(error, { $metadata: { attempts } });
    },
  );

/** An unconditional `set` of a user's key is not sent twice. */
function isRepeatable(request: object): boolean {
  const { Key, ConditionExpression, ExpressionAttributeValues: values } = request as Update;
  const isValue = values?.[':value'] !== undefined && !String(Key.pk).startsWith('#');
  return ConditionExpression !== undefined || !isValue;
}

function keysOf(request: object): string {
  const { Key, ConsistentRead } = request as Get;
  const batches = Object.values((request as Partial<BatchGet>).RequestItems ?? {});
  const keys = Key ? [Key] : batches.flatMap((batch) => batch.Keys);
  const consistent = ConsistentRead || batches.some((batch) => batch.ConsistentRead);
  return `${keys.map(({ pk }) => pk)}${consistent ? ' (consistent)' : ''}`;
}

const failure = (label: string, what: string) =>
  Object.assign(new Error(`${label} failed on purpose: ${what}.`), { name: 'InternalServerError' });
