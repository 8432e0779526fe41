import { type CacheStore, type Clock, jsonSerializer } from '@glasswork/cache';

/** What `pg`'s Pool and PGlite have in common. */
export interface Queryable {
  query<Row>(sql: string, parameters?: unknown[]): Promise<{ rows: Row[] }>;
}

interface Row {
  readonly value: string | null;
  readonly expires: string;
  readonly version: string;
}

/** A row without a value is a tombstone: it has a version, so that a load from before a deletion cannot fill the key. */
export const SCHEMA = `
  CREATE UNLOGGED TABLE IF NOT EXISTS cache (
    key text PRIMARY KEY, value text, expires numeric NOT NULL, version bigint NOT NULL);
  CREATE SEQUENCE IF NOT EXISTS cache_version`;

const PUT = `INSERT INTO cache VALUES ($1, $2, $3, nextval('cache_version'))
  ON CONFLICT (key) DO UPDATE
  SET value = excluded.value, expires = excluded.expires, version = excluded.version`;
const ABSENT = '0';
/** PostgreSQL's text holds neither a zero byte nor half a character, which JSON escapes. */
const nameOf = (key: string): string => JSON.stringify(key);

/**
 * A store in PostgreSQL, for an application that has one already. Versions come from a sequence, so none comes twice and a
 * crash that empties the unlogged table does no harm: it is not `durable`.
 */
export function postgresStore(database: Queryable, clock: Clock = { now: Date.now }): CacheStore {
  const read = async (key: string): Promise<Row | undefined> => {
    const sql = 'SELECT value, expires::text, version::text FROM cache WHERE key = $1';
    const { rows } = await database.query<Row>(sql, [nameOf(key)]);
    return rows[0];
  };
  const liveValue = <T>(row: Row | undefined, key: string): T | undefined =>
    row && row.value !== null && clock.now() < Number(row.expires)
      ? // The caller names the type, as for every store.
        (jsonSerializer.deserialize(row.value, key) as T)
      : undefined;
  const text = (value: unknown, key: string) => String(jsonSerializer.serialize(value, key));
  const until = (ttl: number) => clock.now() + ttl * 1000;
  const wrote = async (sql: string, parameters: unknown[]) =>
    (await database.query(`${sql} RETURNING key`, parameters)).rows.length > 0;

  return {
    name: 'postgres',
    get: async (key) => liveValue(await read(key), key),
    async set(key, value, ttl) {
      await database.query(PUT, [nameOf(key), text(value, key), until(ttl)]);
    },
    async del(key) {
      await database.query(PUT, [nameOf(key), null, clock.now()]);
    },
    add: (key, value, ttl) =>
      wrote(`${PUT} WHERE cache.value IS NULL OR cache.expires <= $4`, [
        ...[nameOf(key), text(value, key), until(ttl), clock.now()],
      ]),
    async getVersioned<T>(key: string) {
      const row = await read(key);
      if (!row) return { value: undefined, version: await leaveToken(key) };
      const value = liveValue<T>(row, key);
      const { version, expires } = row;
      return { value, version, ...(value !== undefined && { expiresAt: Number(expires) }) };
    },
    setIfUnchanged: (key, value, ttl, version) =>
      wrote(
        `UPDATE cache SET value = $2, expires = $3, version = nextval('cache_version')
         WHERE key = $1 AND version = $4`,
        [nameOf(key), text(value, key), until(ttl), version],
      ),
  };

  /** Absence proves nothing where rows may be lost, so a read that finds none leaves a tombstone with a version. */
  async function leaveToken(key: string): Promise<string> {
    const sql = `INSERT INTO cache VALUES ($1, NULL, $2, nextval('cache_version'))
      ON CONFLICT (key) DO NOTHING`;
    await database.query(sql, [nameOf(key), clock.now()]);
    return (await read(key))?.version ?? ABSENT;
  }
}

/** Run it from time to time: the cache does not delete rows by itself. An hour is longer than any load may take. */
export async function deleteExpired(database: Queryable, now = Date.now()): Promise<void> {
  await database.query('DELETE FROM cache WHERE expires < $1', [now - 3_600_000]);
}
