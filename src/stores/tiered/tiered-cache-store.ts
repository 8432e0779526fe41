import type {
  CacheStore,
  CacheVersion,
  NearestRead,
  StoreEntry,
  VersionedRead,
} from '../../model/cache-store.js';
import { isEntry } from '../../model/entry.js';
import { isRecord } from '../../model/key-space.js';
import { type Clock, type Duration, milliseconds, systemClock } from '../../model/time.js';
import { checkStore } from '../../resilience/check-store.js';
import type { Serializer } from '../../serializers/serializer.js';
import { freezeDeep } from '../../util/deep-freeze.js';
import { InvalidationBus } from './invalidation-bus.js';
import type { InvalidationChannel } from './invalidation-channel.js';
import { checkedTiers, type Tier } from './tier.js';
import { NO_LOOK, snapshot, UpperTier } from './upper-tier.js';

export interface TieredCacheStoreOptions {
  /**
   * The longest that a tier above the last keeps a copy: so long may another process go on serving what this one has
   * invalidated. Default 5 s.
   */
  readonly upperTTL?: Duration | undefined;
  /**
   * How processes tell each other what their first tiers must drop, such as `invalidations()` of a `RedisCacheStore`:
   * then another process follows within a second at most, whatever `upperTTL` is, and an invalidation that could not
   * be told rejects. Opt-in: it takes a second connection. Default none.
   */
  readonly channel?: InvalidationChannel | undefined;
  /** Where the time comes from. Default: the system. */
  readonly clock?: Clock | undefined;
}

/**
 * Stores in front of a store: the first answers, the last knows.
 *
 *     read      look at the upper tier: none, version t1 ── read below ── copy, if the upper tier is still at t1
 *     fill      look: t1 ── write below, if it is still as the load saw it ── copy, if the upper tier is still at t1
 *     del, set                   write below ── drop above: t1 is gone, and with it every copy that is on its way
 *
 * Whatever was read or written below before an invalidation has looked at the upper tier before it too, so its copy is
 * either dropped by the invalidation or refused after it. A copy lives no longer than `upperTTL`, counted from that
 * look, nor than the value itself; the service's own records, which say what is invalidated, are never copied.
 *
 * Two tiers are all there is to understand: of three, the last two are one store to the first.
 *
 * @throws CacheError `INVALID_OPTION` for less than two tiers, one that compares no versions, or one whose serializer has
 * another name than the last tier's; `INVALID_DURATION`.
 *
 * @example
 * ```ts
 * import {
 *   CacheService,
 *   DynamoDBCacheStore,
 *   MemoryCacheStore,
 *   TieredCacheStore,
 * } from '@glasswork/cache';
 *
 * const last = new DynamoDBCacheStore({ tableName: 'my-cache' });
 * const store = new TieredCacheStore([new MemoryCacheStore(), last], { upperTTL: '2s' });
 * export const cache = new CacheService(store, { defaultTTL: 300 });
 * ```
 */
export class TieredCacheStore implements CacheStore {
  readonly name = 'tiered';
  readonly durable: boolean;
  readonly sharesFrozen: boolean;
  readonly getIfPresent?: NonNullable<CacheStore['getIfPresent']>;
  readonly copy?: NonNullable<CacheStore['copy']>;
  /** Of the last tier, where it says. */
  readonly serializer?: Serializer | undefined;
  readonly #upper: UpperTier;
  readonly #below: Tier;
  readonly #fleet: InvalidationBus | undefined;

  /** `tiers`: the nearest first; the last one holds what counts. */
  constructor(tiers: readonly CacheStore[], options: TieredCacheStoreOptions = {}) {
    const [first, next, ...others] = checkedTiers(tiers);
    const { upperTTL = '5s', clock = systemClock, channel } = options;
    this.#upper = new UpperTier(first, milliseconds(upperTTL, 'upperTTL'), clock);
    const rest = [next, ...others] as const;
    this.#below = others.length === 0 ? next : new TieredCacheStore(rest, { upperTTL, clock });
    const fleet = channel && new InvalidationBus(channel, first, clock);
    this.#fleet = fleet;
    this.durable = this.#below.durable ?? false;
    this.sharesFrozen = first.sharesFrozen ?? false;
    const from = this.#below.copy ? this.#below : first;
    if (from.copy) this.copy = from.copy.bind(from);
    this.serializer = Object(this.#below).serializer;
    const { getIfPresent } = first;
    if (getIfPresent) {
      this.getIfPresent = <T>(key: string, now?: number) =>
        !fleet || fleet.trusts(now) ? (getIfPresent<T>).call(first, key, now) : undefined;
    }
  }

  async get<T>(key: string): Promise<T | undefined> {
    const { value, error } = await this.getNearest<T>(key);
    if (error !== undefined) throw error;
    return value;
  }

  async getNearest<T>(key: string): Promise<NearestRead<T>> {
    const below = this.#below;
    const nearest = below.getNearest?.bind(below) ?? below.getVersioned.bind(below);
    if (isRecord(key)) return nearest(key);
    const look = await this.#upper.look<T>(key);
    if (look.value !== undefined && this.#trusted) return { ...look, version: undefined };
    return this.#shared(await this.#upper.follow(key, look, nearest<T>(key)));
  }

  /** What the last tier holds, with its version; the tiers above follow it. */
  async getVersioned<T>(key: string): Promise<VersionedRead<T>> {
    if (isRecord(key)) return this.#below.getVersioned(key);
    const look = await this.#upper.look(key);
    return this.#shared(await this.#upper.follow(key, look, this.#below.getVersioned<T>(key)));
  }

  async getMany<T>(keys: readonly string[]): Promise<(T | undefined)[]> {
    return Promise.all(keys.map((key) => this.get<T>(key)));
  }

  async has(key: string): Promise<boolean> {
    const below = this.#below;
    return below.has ? below.has(key) : (await below.get(key)) !== undefined;
  }

  async set<T>(key: string, value: T, ttl: number): Promise<void> {
    await this.#change([key], () => this.#below.set(key, value, ttl));
  }

  async setMany(entries: readonly StoreEntry[]): Promise<void> {
    const below = this.#below;
    const keys = entries.map(({ key }) => key);
    await this.#change(keys, async () => {
      if (below.setMany) await below.setMany(entries);
      else await all(entries.map(({ key, value, ttl }) => below.set(key, value, ttl)));
    });
  }

  async add<T>(key: string, value: T, ttl: number): Promise<boolean> {
    const added = await this.#below.add(key, value, ttl);
    if (added && !isRecord(key)) await this.#drop([key]);
    return added;
  }

  async setIfUnchanged<T>(
    key: string,
    value: T,
    ttl: number,
    version: CacheVersion,
  ): Promise<boolean> {
    if (isRecord(key)) return this.#below.setIfUnchanged(key, value, ttl, version);
    const given = snapshot(value);
    // What cannot be kept as it is now is written at once; the next read makes its copy.
    const look = given === undefined ? NO_LOOK : await this.#upper.look(key);
    const writing = this.#below.setIfUnchanged(key, given ?? value, ttl, version);
    return this.#upper.raise(key, look, given, ttl, writing);
  }

  async del(key: string): Promise<void> {
    await this.#change([key], () => this.#below.del(key));
  }

  async delMany(keys: readonly string[]): Promise<void> {
    const below = this.#below;
    await this.#change(keys, async () => {
      if (below.delMany) await below.delMany(keys);
      else await all(keys.map((key) => below.del(key)));
    });
  }

  /** Resolves to the number that the last tier deleted. */
  async delByPattern(pattern: string): Promise<number | undefined> {
    const { store } = this.#upper;
    return downThenUp(
      () => this.#below.delByPattern(pattern),
      () => all([store.delByPattern(pattern), this.#fleet?.publish({ pattern })]),
    );
  }

  async clear(): Promise<void> {
    const { store } = this.#upper;
    await downThenUp(
      () => this.#below.clear(),
      () => all([store.clear(), this.#fleet?.publish({ all: true })]),
    );
  }

  /** Warms every tier, and rejects with the first failure. */
  async warm(): Promise<void> {
    await all([this.#upper.store.warm?.(), this.#below.warm?.()]);
    // Not before: the channel may go over the connection of the tier below.
    await this.#fleet?.prove();
  }

  /**
   * Checks the last tier, those above it, the channel, and then all of them together; see `CacheService.check()`.
   *
   * @throws CacheError with what is wrong.
   */
  async check(keyPrefix?: string): Promise<void> {
    for (const tier of [this.#below, this.#upper.store])
      await (tier.check?.(keyPrefix) ?? checkStore(tier, keyPrefix));
    await this.#fleet?.prove();
    await checkStore(this, keyPrefix);
  }

  /** Closes every tier, and rejects with the first failure. */
  async close(): Promise<void> {
    try {
      await this.#fleet?.close();
    } finally {
      await all([this.#upper.store.close?.(), this.#below.close?.()]);
    }
  }

  /** `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** An invalidation; also a `set`, whose copy the next read makes. */
  async #change(keys: readonly string[], write: () => Promise<void>): Promise<void> {
    const copied = keys.filter((key) => !isRecord(key));
    await downThenUp(write, () => this.#drop(copied));
  }

  /** From this process's first tier, and from those of others. */
  async #drop(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    await all([...keys.map((key) => this.#upper.store.del(key)), this.#fleet?.publish({ keys })]);
  }

  get #trusted(): boolean {
    return this.#fleet?.trusts() ?? true;
  }

  /** A value from below is nobody else's yet; where the first tier shares, the caller must not notice which it came from. */
  #shared<R extends NearestRead>(read: R): R {
    const { value } = read;
    if (this.sharesFrozen) freezeDeep(isEntry(value) ? value.value : value);
    return read;
  }
}

/**
 * Both are tried, whatever becomes of the first, and both must succeed: what is above could be served until its time
 * is over. The other way round a read between the two would copy what is about to go.
 */
async function downThenUp<T>(below: () => Promise<T>, above: () => Promise<unknown>): Promise<T> {
  try {
    return await below();
  } finally {
    await above();
  }
}

/** Waits for all, and then rejects with the first error. */
async function all(work: readonly (Promise<unknown> | undefined)[]): Promise<void> {
  for (const one of await Promise.allSettled(work)) if (one.status === 'rejected') throw one.reason;
}
