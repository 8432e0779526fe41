import type { StoredRecord, StoreInspection } from '../stored-record.js';
import type { Database, Item } from './database.js';
import {
  endOf,
  isPointer,
  originalKey,
  partitionKey,
  plain,
  rawValue,
  versionOf,
} from './record.js';
import { scanPages } from './scan.js';

/** A page of 1 MB of small items takes DynamoDB Local seconds, and a table of many of them longer than its time limit. */
const MOST_ITEMS = 1_000;

/** The records of a table as they are stored, items of other programs included. */
export function inspectTable(database: Database, tableName: string): StoreInspection {
  return {
    async *pages(start, pageSize = MOST_ITEMS) {
      const request = { TableName: tableName, Limit: Math.min(pageSize, MOST_ITEMS) };
      for await (const { items } of scanPages(database, request)) {
        yield items.map(describeItem).filter(({ key }) => key.startsWith(start));
      }
    },
    async read(key) {
      const request = {
        TableName: tableName,
        Key: { pk: partitionKey(key) },
        ConsistentRead: true,
      };
      const { Item: item } = await database.send('get', request, 'always');
      return item && describeItem(item);
    },
    async close() {
      database.close();
    },
  };
}

function describeItem(item: Item): StoredRecord {
  const isOurs =
    'ver' in item && 'n' in item && 'expiresAt' in item && (!('value' in item) || holdsValue(item));
  const key = originalKey(item);
  const seconds = Number(plain(item.expiresAt));
  const { entry } = item;
  return {
    key,
    kind: isOurs ? ('value' in item ? 'value' : 'tombstone') : 'foreign',
    bytes: itemBytes(item),
    expiresAt: isOurs ? endOf(item) : 0,
    collectedAt: Number.isFinite(seconds) ? seconds * 1000 : undefined,
    version: versionOf(item),
    envelope: isOurs && entry ? String(plain(entry)) : undefined,
    raw: isOurs && 'value' in item && !isPointer(item) ? rawValue(item, key) : undefined,
    ...(isOurs && isPointer(item) && { isPointer: true }),
  };
}

/**
 * True for text, bytes, which the lean transport brings as text, and a pointer: an item with anything else was changed
 * by another program.
 */
function holdsValue(item: Item): boolean {
  const value = plain(item.value);
  if (Object(item.value).N !== undefined) return false;
  return typeof value === 'string' || value === true;
}

/** The size by which DynamoDB bills an item: UTF-8 of names and texts, bytes, and about half a byte a digit. */
function itemBytes(item: Item): number {
  let bytes = 0;
  for (const name in item) {
    const typed: { S?: string; N?: string; B?: string } = Object(item[name]);
    bytes += Buffer.byteLength(name);
    if (typed.S !== undefined) bytes += Buffer.byteLength(typed.S);
    else if (typed.N !== undefined) bytes += Math.ceil(typed.N.length / 2) + 1;
    else if (typed.B !== undefined) bytes += Buffer.byteLength(typed.B, 'base64');
    else bytes += Buffer.byteLength(JSON.stringify(item[name]) ?? '');
  }
  return bytes;
}
