import { globMatcher, literalStart } from '../../glob.js';
import { type Database, type Item, isConditionFailed, type Request } from './database.js';
import { aliasesIn, originalKey } from './item.js';

/**
 * The items of this package in a table, page by page; with a pattern, those that hold a value and whose key matches.
 * A scan pays for every item it passes, so the filter saves traffic, not money.
 */
export async function* scanTable(
  database: Database,
  TableName: string,
  pattern: string | undefined,
): AsyncGenerator<Item[]> {
  const start = pattern === undefined ? '' : literalStart(pattern);
  const filter = [
    'attribute_exists(#ver)',
    ...(pattern === undefined ? [] : ['attribute_exists(#value)']),
    ...(start === '' ? [] : ['(begins_with(#pk, :start) OR begins_with(#key, :start))']),
  ].join(' AND ');
  // The value is projected away; that it is there, the filter says.
  const projection = '#pk, #key, #exp, #ttl';
  const request: Request = {
    TableName,
    FilterExpression: filter,
    ProjectionExpression: projection,
    ExpressionAttributeNames: aliasesIn(filter, projection),
    ...(start !== '' && { ExpressionAttributeValues: { ':start': { S: start } } }),
  };
  const matches = pattern === undefined ? () => true : globMatcher(pattern);
  for (let from: Item | undefined; ; ) {
    const page = { ...request, ...(from && { ExclusiveStartKey: from }) };
    const response = await database.send('Scan', page, 'always');
    if (isConditionFailed(response)) return;
    yield (response.Items ?? []).filter((item) => matches(originalKey(item)));
    from = response.LastEvaluatedKey;
    if (!from) return;
  }
}
