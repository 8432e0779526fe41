import type { CacheStore, Clock } from '@glasswork/cache';
import { globMatcher } from '../../src/util/glob.js';

interface Held {
  json: string | undefined;
  /** When the value expires. */
  expiresAt: number;
  /** When the record goes, tombstone or value. */
  goneAt: number;
  version: string;
}

interface MapStoreOptions {
  /**
   * - `counted`: each write gives a version that there never was, as the contract asks.
   * - `content`: equal values have equal versions, as with an ETag.
   */
  readonly versions: 'counted' | 'content';
  /** The least time that a record stays, so that what refuses a late fill is still there, milliseconds. */
  readonly fenceMs: number;
}

/** A durable store in a map, in which one part of the fence at a time can be taken away. */
export function mapStore(clock: Clock, { versions, fenceMs }: MapStoreOptions): CacheStore {
  const records = new Map<string, Held>();
  let writes = 0;
  const held = (key: string): Held | undefined => {
    const record = records.get(key);
    if (record && clock.now() >= record.goneAt) records.delete(key);
    return records.get(key);
  };
  const read = <T>(key: string): T | undefined => {
    const record = held(key);
    return record?.json === undefined || clock.now() >= record.expiresAt
      ? undefined
      : (JSON.parse(record.json) as T);
  };
  const write = (key: string, json: string | undefined, ttl: number) => {
    const now = clock.now();
    const expiresAt = now + ttl * 1_000;
    const version = versions === 'counted' || json === undefined ? `v${++writes}` : json;
    records.set(key, { json, expiresAt, goneAt: Math.max(expiresAt, now + fenceMs), version });
  };
  return {
    name: 'map',
    durable: true,
    get: async (key) => read(key),
    getVersioned: async <T>(key: string) => ({
      value: read<T>(key),
      version: held(key)?.version ?? '',
    }),
    async set(key, value, ttl) {
      write(key, JSON.stringify(value), ttl);
    },
    async add(key, value, ttl) {
      if (read(key) !== undefined) return false;
      write(key, JSON.stringify(value), ttl);
      return true;
    },
    async setIfUnchanged(key, value, ttl, version) {
      if ((held(key)?.version ?? '') !== version) return false;
      write(key, JSON.stringify(value), ttl);
      return true;
    },
    async del(key) {
      write(key, undefined, 0);
    },
    async delByPattern(pattern) {
      const keys = [...records.keys()].filter(globMatcher(pattern));
      const live = keys.filter((key) => read(key) !== undefined);
      for (const key of live) write(key, undefined, 0);
      return live.length;
    },
  };
}
