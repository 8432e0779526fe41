import { CacheError } from '../../model/errors.js';
import { keyvError } from './error.js';

/*
 * The parts of Keyv 5 and 6 that matter here, and the traps in them:
 *
 * - A Keyv swallows the errors of its storage: it emits `error` and returns false or undefined. `get` of version 5 does
 *   not even emit, but its `getRaw` rejects.
 * - A Keyv takes a relative ttl (ms). A storage adapter of version 6 takes an absolute time (epoch ms) and says so in
 *   `capabilities.expires`; one of version 5 takes a relative ttl, a Map none.
 */

/** A Keyv, a storage adapter of Keyv, or anything with the same methods, such as a Map. */
export interface KeyvLike {
  get(key: string): unknown;
  set(key: string, value: unknown, ttlOrExpires?: number): unknown;
  delete(key: string): unknown;
  clear(): unknown;
  getRaw?(key: string): unknown;
  getMany?(keys: string[]): unknown;
  getManyRaw?(keys: string[]): unknown;
  /** Only on a Keyv. */
  readonly store?: { readonly getMany?: unknown };
  readonly capabilities?: { readonly expires?: boolean };
  on?(event: 'error', listener: (error: unknown) => void): unknown;
  off?(event: 'error', listener: (error: unknown) => void): unknown;
}

/** Keyv as the store uses it: every failure rejects, and a value is what was given to `set`. */
export interface KeyvAccess {
  get(key: string): Promise<unknown>;
  getMany(keys: readonly string[]): Promise<readonly unknown[]>;
  /** `ttlMs` from now, until `expires` (epoch ms). */
  set(key: string, value: string, ttlMs: number, expires: number): Promise<void>;
  delete(key: string): Promise<void>;
  clear(): Promise<void>;
  /** Stops listening. The Keyv stays open, because it belongs to the user. */
  close(): void;
}

/** @throws CacheError `INVALID_OPTION` for an object without the methods. */
export function keyvAccess(given: object): KeyvAccess {
  const keyv = checked(given);
  const isAbsolute = keyv.capabilities?.expires === true;
  const isBatching = typeof (keyv.store ?? keyv).getMany === 'function';
  let errors = 0;
  let lastError: unknown;
  const listener = (error: unknown): void => {
    errors++;
    lastError = error;
  };
  keyv.on?.('error', listener);

  /** An error that is emitted meanwhile may be another operation's. It counts all the more: nothing is confirmed. */
  const run = async <T>(operation: () => T): Promise<Awaited<T>> => {
    const before = errors;
    const result = await operation();
    if (errors === before) return result;
    throw lastError instanceof Error ? lastError : keyvError(String(lastError));
  };
  return {
    async get(key) {
      if (!keyv.getRaw) return run(() => keyv.get(key));
      return rowValue(await run(() => keyv.getRaw?.(key)));
    },
    async getMany(keys) {
      // Without a batch of its own, a Keyv of version 5 would hide errors.
      if (!isBatching) return Promise.all(keys.map((key) => this.get(key)));
      const isRaw = keyv.getManyRaw !== undefined;
      const rows = await run(() => keyv.getManyRaw?.([...keys]) ?? keyv.getMany?.([...keys]));
      if (!Array.isArray(rows) || rows.length !== keys.length)
        throw keyvError(`getMany returned no list of ${keys.length}`);
      return isRaw ? rows.map(rowValue) : rows;
    },
    async set(key, value, ttlMs, expires) {
      const written = await run(() => keyv.set(key, value, isAbsolute ? expires : ttlMs));
      if (written === false) throw keyvError('set returned false');
    },
    async delete(key) {
      // False means that there was nothing to delete.
      await run(() => keyv.delete(key));
    },
    async clear() {
      await run(() => keyv.clear());
    },
    close() {
      keyv.off?.('error', listener);
    },
  };
}

/** The value of a row. In place of a row, rubbish of the storage that no record looks like. */
function rowValue(row: unknown): unknown {
  if (row === undefined || row === null) return undefined;
  return typeof row === 'object' && 'value' in row ? row.value : { row };
}

function checked(given: object): KeyvLike {
  const keyv: KeyvLike = Object(given);
  const missing = (['get', 'set', 'delete', 'clear'] as const).filter(
    (member) => typeof keyv[member] !== 'function',
  );
  if (missing.length === 0) return keyv;
  const message = `keyv has no ${missing.join(', ')}: give a Keyv, or a storage adapter for it.`;
  throw new CacheError('INVALID_OPTION', message, { subject: 'keyv' });
}
