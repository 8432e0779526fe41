import type { CacheStore } from '../../model/cache-store.js';
import { invalid } from '../../model/errors.js';
import { overflowName } from '../../model/key-space.js';
import { checkStore } from '../../resilience/check-store.js';
import type { Raw } from '../../serializers/serializer.js';
import { escapeGlob } from '../../util/glob.js';
import { corrupt } from './error.js';

/** The size above which a value goes to the overflow store, bytes. Leaves room for the rest of an item of DynamoDB. */
export const OVERFLOW_BYTES = 350 * 1024;

/**
 * Added to the life of a value in the overflow store, seconds, so that it does not end shortly before that of its
 * pointer, whose store may have another clock.
 */
const LONGER = 60;

/** Before text, and before bytes as base64. */
const TEXT = 't';
const BASE64 = 'b';
const SAMPLE = Uint8Array.of(0, 255, 10);

/**
 * The values of one store that are too large for it, in another store:
 *
 *     set key     value v1 under #overflow:cache:v1:key ── pointer v1 under key
 *     set key     value v2 under #overflow:cache:v2:key ── pointer v2 under key      (v1 is an orphan, and expires)
 *
 * The name of a value contains its version, so it is written once and never changed. A fill that is refused, or two
 * writes that overlap, leave the value of the winning pointer alone. The value is written before its pointer, so a
 * pointer leads to nothing only if the value was evicted or deleted: a miss.
 */
export class Overflow {
  readonly #store: CacheStore;
  readonly #owner: string;
  #keepsBytes: Promise<boolean> | undefined;

  /** `owner` keeps apart the stores that share an overflow store. */
  constructor(store: CacheStore, owner: string) {
    this.#store = store;
    this.#owner = owner;
  }

  /** `version` is unique to this write. `ttl` in seconds. */
  async write(key: string, version: string, raw: Raw, ttl: number): Promise<void> {
    const name = this.#name(key, version);
    const value = typeof raw === 'string' ? TEXT + raw : await this.#bytes(raw, name);
    await this.#store.set(name, value, ttl + LONGER);
  }

  /** The value as it was written, or undefined if it is gone. @throws CacheError `CORRUPT`. */
  async read(key: string, version: string): Promise<Raw | undefined> {
    const value = await this.#store.get<unknown>(this.#name(key, version));
    if (value === undefined) return undefined;
    // Stores keep bytes as Uint8Array, perhaps of another realm.
    if (ArrayBuffer.isView(value)) return value as Uint8Array;
    const kind = typeof value === 'string' ? value[0] : undefined;
    if (kind === TEXT) return String(value).slice(1);
    if (kind === BASE64) return Buffer.from(String(value).slice(1), 'base64');
    throw corrupt(key, `the store "${this.#store.name}" returned something else`);
  }

  async has(key: string, version: string): Promise<boolean> {
    const name = this.#name(key, version);
    return (await this.#store.has?.(name)) ?? (await this.#store.get(name)) !== undefined;
  }

  /** Deletes all values of the owner, if the store can. Otherwise they expire. */
  async clear(): Promise<void> {
    await this.#store.delByPattern?.(`${escapeGlob(overflowName(this.#owner, ''))}*`);
  }

  async warm(): Promise<void> {
    await this.#store.warm?.();
  }

  async check(keyPrefix: string | undefined): Promise<void> {
    await (this.#store.check?.(keyPrefix) ?? checkStore(this.#store, keyPrefix));
  }

  async close(): Promise<void> {
    await this.#store.close?.();
  }

  #name(key: string, version: string): string {
    return overflowName(this.#owner, `${version}:${key}`);
  }

  /** Bytes as they are, if they survive in the store. Someone else's store may have a serializer that loses them. */
  async #bytes(raw: Uint8Array, name: string): Promise<unknown> {
    this.#keepsBytes ??= keepsBytes(this.#store, name);
    if (await this.#keepsBytes) return raw;
    const { buffer, byteOffset, byteLength } = raw;
    return BASE64 + Buffer.from(buffer, byteOffset, byteLength).toString('base64');
  }
}

async function keepsBytes(store: CacheStore, name: string): Promise<boolean> {
  try {
    const copy: unknown = await store.copy?.(SAMPLE, name);
    // Throws for anything but bytes.
    return Buffer.compare(copy as Uint8Array, SAMPLE) === 0;
  } catch {
    return false;
  }
}

/** @throws CacheError `INVALID_OPTION` for anything but a store, and for one that keeps nothing. */
export function overflowOf(store: CacheStore | undefined, owner: string): Overflow | undefined {
  if (store === undefined) return undefined;
  const { name, get, set }: Partial<CacheStore> = Object(store);
  if (name !== 'null' && typeof get === 'function' && typeof set === 'function')
    return new Overflow(store, owner);
  throw invalid('overflow', store, 'a store such as S3CacheStore');
}

/** The value that a pointer leads to. @throws CacheError `CORRUPT` if it is gone, and without an overflow store. */
export async function readOverflow(
  overflow: Overflow | undefined,
  key: string,
  version: string,
): Promise<Raw> {
  if (!overflow)
    throw corrupt(key, 'this store has no option overflow; give the one it was written with');
  const raw = await overflow.read(key, version);
  if (raw !== undefined) return raw;
  throw corrupt(key, 'it is gone there, evicted or deleted, so the key counts as a miss');
}
