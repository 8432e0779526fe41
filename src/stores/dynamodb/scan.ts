import { globMatcher, literalStart } from '../../util/glob.js';
import type { Database, Item } from './database.js';
import { aliasesIn, originalKey } from './record.js';

/**
 * The items of this package in a table, page by page; with a pattern, only items with a value whose key matches. A scan
 * pays for every item that it passes, so the filter saves traffic, not money.
 */
export async function* scanTable(
  database: Database,
  TableName: string,
  pattern: string | undefined,
  onUnits: (units: number) => void,
): AsyncGenerator<Item[]> {
  const start = literalStart(pattern ?? '');
  const json = JSON.stringify(start).slice(0, -1);
  // Other programs use such names, too, but only this package writes all three.
  let FilterExpression =
    'attribute_exists(#ver) AND attribute_exists(#n) AND attribute_exists(#expiresAt)';
  if (pattern !== undefined) FilterExpression += ' AND attribute_exists(#value)';
  if (start) FilterExpression += ' AND (begins_with(#pk, :start) OR begins_with(#key, :json))';
  const ProjectionExpression = '#pk, #key, #exp';
  const matches = globMatcher(pattern ?? '*');
  let ExclusiveStartKey: Item | undefined;
  do {
    const request = {
      ...{ TableName, FilterExpression, ProjectionExpression },
      ExpressionAttributeNames: aliasesIn(FilterExpression + ProjectionExpression),
      ...(start && {
        ExpressionAttributeValues: { ':start': start.toWellFormed(), ':json': json },
      }),
      ...(ExclusiveStartKey && { ExclusiveStartKey }),
      // An item written just before the scan must not escape it.
      ConsistentRead: true,
      ReturnConsumedCapacity: 'TOTAL',
    };
    const response = await database.send('scan', request, 'always');
    onUnits(response.ConsumedCapacity?.CapacityUnits ?? 0);
    const items = response.Items ?? [];
    yield pattern === undefined
      ? items.slice()
      : items.filter((item) => matches(originalKey(item)));
    ExclusiveStartKey = response.LastEvaluatedKey;
  } while (ExclusiveStartKey);
}
