import { globMatcher, literalStart } from '../../util/glob.js';
import type { Database, Item, Request } from './database.js';
import { aliasesIn, originalKey } from './record.js';

/** All three, because other programs may use one of these names. */
const IS_OURS = 'attribute_exists(#ver) AND attribute_exists(#n) AND attribute_exists(#expiresAt)';
const HAS_VALUE = 'attribute_exists(#value)';
/** Both attributes, because the original of a hashed key is kept in `key`, as JSON. */
const STARTS_ALIKE = '(begins_with(#pk, :start) OR begins_with(#key, :json))';

/**
 * Yields the items of this package in a table, page by page; with a pattern, only items with a value whose key matches.
 * A scan pays for every item that it passes, so the filter saves traffic, not money.
 *
 * @param onEnd called once when the scan has ended or failed, with the read units that it cost.
 */
export async function* scanTable(
  database: Database,
  TableName: string,
  pattern: string | undefined,
  onEnd: (readUnits: number) => void,
): AsyncGenerator<Item[]> {
  const start = literalStart(pattern ?? '');
  const clauses = [IS_OURS, pattern !== undefined && HAS_VALUE, start && STARTS_ALIKE];
  const FilterExpression = clauses.filter(Boolean).join(' AND ');
  const ProjectionExpression = '#pk, #key, #exp';
  const values = { ':start': start.toWellFormed(), ':json': JSON.stringify(start).slice(0, -1) };
  const matches = globMatcher(pattern ?? '*');
  const request = {
    ...{ TableName, FilterExpression, ProjectionExpression },
    ExpressionAttributeNames: aliasesIn(FilterExpression + ProjectionExpression),
    ...(start && { ExpressionAttributeValues: values }),
    ReturnConsumedCapacity: 'TOTAL',
  };
  let total = 0;
  try {
    for await (const { items, readUnits } of scanPages(database, request)) {
      total += readUnits;
      yield pattern === undefined
        ? items.slice()
        : items.filter((item) => matches(originalKey(item)));
    }
  } finally {
    onEnd(total);
  }
}

interface ScanPage {
  readonly items: readonly Item[];
  /** Its cost in read units, if the request asks for it. */
  readonly readUnits: number;
}

/** All pages of a scan. Consistent, because a scan must see an item that was written just before it. */
export async function* scanPages(database: Database, request: Request): AsyncGenerator<ScanPage> {
  let ExclusiveStartKey: Item | undefined;
  do {
    const next = {
      ...request,
      ConsistentRead: true,
      ...(ExclusiveStartKey && { ExclusiveStartKey }),
    };
    const response = await database.send('scan', next, 'always');
    const readUnits = response.ConsumedCapacity?.CapacityUnits ?? 0;
    yield { items: response.Items ?? [], readUnits };
    ExclusiveStartKey = response.LastEvaluatedKey;
  } while (ExclusiveStartKey);
}
