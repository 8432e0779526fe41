import type { DaxDocument } from '@amazon-dax-sdk/lib-dax';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocument } from '@aws-sdk/lib-dynamodb';
import type { Clock } from '../../../src/model/time.js';

type Item = Record<string, unknown> | undefined;
type Operations = Pick<DaxDocument, 'get' | 'batchGet' | 'update' | 'delete' | 'scan'>;

/** DAX's default for items, milliseconds. */
export const ITEM_TTL_MS = 5 * 60_000;

/**
 * A cluster of DAX, as far as its documentation says what it does: no cluster runs outside AWS.
 *
 * - Eventually consistent reads are answered from a cache of items and of misses, and fill it.
 * - Consistent reads and scans pass through, and fill nothing.
 * - Writes through the cluster reach the table first, and then the cache. Writes around it do not reach the cache.
 * - Abort signals are ignored, and `send` throws.
 */
export function daxShim(sdk: DynamoDBClient, clock: Clock) {
  const table = DynamoDBDocument.from(sdk);
  const cached = new Map<string, { item: Item; until: number }>();
  const counts = { cached: 0, passed: 0 };
  const keep = (pk: string, item: Item) =>
    cached.set(pk, { item, until: clock.now() + ITEM_TTL_MS });
  const find = (pk: string) => {
    const found = cached.get(pk);
    return found && clock.now() < found.until ? found : undefined;
  };
  const operations = {
    async get(request: Parameters<Operations['get']>[0]) {
      const pk = String(request.Key?.pk);
      const found = request.ConsistentRead ? undefined : find(pk);
      if (found) {
        counts.cached++;
        return { $metadata: {}, Item: found.item };
      }
      counts.passed++;
      const answer = await table.get(request);
      if (!request.ConsistentRead) keep(pk, answer.Item);
      return answer;
    },
    async batchGet({ RequestItems = {} }: Parameters<Operations['batchGet']>[0]) {
      const Responses: Record<string, Record<string, unknown>[]> = {};
      for (const [TableName, { Keys = [], ConsistentRead }] of Object.entries(RequestItems)) {
        const read = Keys.map((Key) => operations.get({ TableName, Key, ConsistentRead }));
        const items = (await Promise.all(read)).map(({ Item }) => Item);
        Responses[TableName] = items.filter((item) => item !== undefined);
      }
      return { $metadata: {}, Responses };
    },
    async update(request: Parameters<Operations['update']>[0]) {
      counts.passed++;
      const answer = await table.update({ ...request, ReturnValues: 'ALL_NEW' });
      keep(String(request.Key?.pk), answer.Attributes);
      return answer;
    },
    async delete(request: Parameters<Operations['delete']>[0]) {
      counts.passed++;
      const answer = await table.delete(request);
      keep(String(request.Key?.pk), undefined);
      return answer;
    },
    scan: (request: Parameters<Operations['scan']>[0]) => table.scan(request),
  };
  const plain = async () => {
    throw new Error('a document client takes no typed attributes');
  };
  const send = () => {
    throw new Error('DaxDocument does not support send()');
  };
  return { ...operations, getItem: plain, batchGetItem: plain, send, counts };
}
