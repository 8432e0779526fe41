import { escapeGlob } from '../../util/glob.js';
import { inParallel } from '../../util/in-parallel.js';
import type { StoredRecord, StoreInspection } from '../stored-record.js';
import type { Database, StoredObject } from './database.js';
import { s3Keys } from './keys.js';
import { HEAD_BYTES, s3Record } from './record.js';
import { listNames } from './scan.js';

/** The most requests in parallel: a list has names only, so that each object is read. */
const MOST_REQUESTS = 25;
/** The most records of one page, because each is held with its first bytes. */
const MOST_RECORDS = 1_000;

/** The records of a bucket below the store's prefix, as they are stored. @throws CacheError `INVALID_OPTION`. */
export function inspectBucket(database: Database, prefix: string | undefined): StoreInspection {
  const keys = s3Keys(prefix ?? 'cache');

  /** Undefined for an object that has gone since it was listed. */
  async function describeName(name: string): Promise<StoredRecord | undefined> {
    const head = await database.get(name, HEAD_BYTES);
    if (!head) return undefined;
    const key = keys.decode(name) ?? s3Record(head.body)?.key();
    if (key !== undefined) return describeObject(key, head, false);
    // The key is longer than the first bytes.
    const whole = await database.get(name);
    return whole && describeObject(s3Record(whole.body)?.key() ?? name, whole, true);
  }

  return {
    async *pages(start, pageSize = MOST_RECORDS) {
      const pattern = start === '' ? undefined : `${escapeGlob(start)}*`;
      const size = Math.min(pageSize, MOST_RECORDS);
      for await (const names of listNames(database, keys, pattern))
        for (let at = 0; at < names.length; at += size) {
          const records: (StoredRecord | undefined)[] = [];
          const page = names.slice(at, at + size);
          await inParallel([...page.entries()], MOST_REQUESTS, async ([i, name]) => {
            records[i] = await describeName(name);
          });
          yield records.flatMap((record) => (record?.key.startsWith(start) ? [record] : []));
        }
    },
    async read(key) {
      const object = await database.get(keys.encode(key));
      return object && describeObject(key, object, true);
    },
    async close() {
      database.close();
    },
  };
}

function describeObject(
  key: string,
  { body, etag: version }: StoredObject,
  isWhole: boolean,
): StoredRecord {
  const record = s3Record(body);
  const common = { key, version, bytes: record?.bytes ?? body.length, collectedAt: undefined };
  const none = { expiresAt: 0, envelope: undefined, raw: undefined };
  const isForeign = isWhole && (record?.key() !== key || record.raw() === undefined);
  if (!record || isForeign) return { ...common, ...none, kind: 'foreign' };
  if (record.isTombstone) return { ...common, ...none, kind: 'tombstone' };
  return {
    ...{ ...common, kind: 'value', expiresAt: record.end },
    envelope: record.envelope() || undefined,
    raw: isWhole ? record.raw() : undefined,
  };
}
