import type {
  CacheStore,
  CacheVersion,
  NearestRead,
  ProblemReport,
  ReadOptions,
  StoreEntry,
  VersionedRead,
} from '../../model/cache-store.js';
import { isEntry } from '../../model/entry.js';
import { isRecord } from '../../model/key-space.js';
import { checkedClock, milliseconds } from '../../model/time.js';
import { checkStore } from '../../resilience/check-store.js';
import type { Serializer } from '../../serializers/serializer.js';
import { allSettled } from '../../util/all-settled.js';
import { freezeDeep } from '../../util/deep-freeze.js';
import { Copies } from './copies.js';
import { InvalidationBus } from './invalidation-bus.js';
import type { TieredCacheStoreOptions } from './options.js';
import { checkedTiers, type Tier } from './tier.js';
import { NOTHING_READ, ownCopy, UpperTier } from './upper-tier.js';

/**
 * Fast stores in front of a shared one: the fastest tier answers first; the last tier is the source of truth.
 *
 *     read      upper tier: none, version t1 ── read below ── copy, if the upper tier is still at t1
 *     fill      upper tier: t1 ── write below, if the version is as the load saw it ── copy, if still at t1
 *     del, set                   write below ── drop above: t1 is gone, and with it every copy on its way
 *
 * Each operation reads the upper tier before the tier below. So an invalidation either drops the copy or, by the
 * changed version, refuses it. A copy lives for at most `upperTTL` from that read, and never longer than the value
 * itself. The service's own records, which hold the versions of tags and prefix, are never copied.
 * Three tiers are two nested pairs: to the first tier, the last two are one store.
 *
 * @throws CacheError `INVALID_OPTION` for fewer than two tiers, one that compares no versions, or one whose serializer
 * has a different name from the last tier's; `INVALID_DURATION`.
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
  readonly keepsLarge: boolean;
  readonly measure: CacheStore['measure'];
  readonly getIfPresent?: NonNullable<CacheStore['getIfPresent']>;
  readonly copy?: NonNullable<CacheStore['copy']>;
  /** The last tier's serializer, if that tier exposes it. */
  readonly serializer?: Serializer | undefined;
  readonly #upper: UpperTier;
  readonly #below: Tier;
  readonly #bus: InvalidationBus | undefined;
  readonly #copies: Copies;
  readonly #reports: ProblemReport[] = [];

  /** `tiers`: the fastest first. The last one is the source of truth. */
  constructor(tiers: readonly CacheStore[], options: TieredCacheStoreOptions = {}) {
    const [first, next, ...others] = checkedTiers(tiers, options);
    const { upperTTL = '5s', channel } = options;
    const clock = checkedClock(options.clock);
    const reportAll: ProblemReport = (operation, error) => {
      for (const report of this.#reports) report(operation, error);
    };
    this.#upper = new UpperTier(first, milliseconds(upperTTL, 'upperTTL'), clock, reportAll);
    const rest = [next, ...others] as const;
    this.#below = others.length === 0 ? next : new TieredCacheStore(rest, { upperTTL, clock });
    const bus = channel && new InvalidationBus(channel, first, clock, reportAll);
    this.#bus = bus;
    this.#copies = new Copies(first, bus);
    this.durable = this.#below.durable ?? false;
    this.sharesFrozen = first.sharesFrozen ?? false;
    this.keepsLarge = this.#below.keepsLarge ?? false;
    this.measure = this.#below.measure?.bind(this.#below);
    const from = this.#below.copy ? this.#below : first;
    if (from.copy) this.copy = from.copy.bind(from);
    this.serializer = Object(this.#below).serializer;
    const { getIfPresent } = first;
    if (getIfPresent) {
      this.getIfPresent = <T>(key: string, now?: number) =>
        !bus || bus.trusts(now) ? (getIfPresent<T>).call(first, key, now) : undefined;
    }
  }

  problems(report: ProblemReport): void {
    this.#reports.push(report);
    for (const tier of [this.#upper.store, this.#below]) tier.problems?.(report);
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
    const snapshot = await this.#upper.snapshot<T>(key);
    if (snapshot.value !== undefined && this.#trusted) return { ...snapshot, version: undefined };
    return this.#shared(await this.#upper.backfill(key, snapshot, nearest<T>(key)));
  }

  /** Reads the last tier, with its version, and copies the value to the tiers above. */
  async getVersioned<T>(key: string, options?: ReadOptions): Promise<VersionedRead<T>> {
    if (isRecord(key)) return this.#below.getVersioned(key, options);
    const snapshot = await this.#upper.snapshot(key);
    const reading = this.#below.getVersioned<T>(key, options);
    return this.#shared(await this.#upper.backfill(key, snapshot, reading));
  }

  async getMany<T>(keys: readonly string[]): Promise<(T | undefined)[]> {
    return Promise.all(keys.map((key) => this.get<T>(key)));
  }

  async has(key: string): Promise<boolean> {
    return this.#below.has?.(key) ?? (await this.#below.get(key)) !== undefined;
  }

  async set<T>(key: string, value: T, ttl: number): Promise<void> {
    await this.#copies.change([key], () => this.#below.set(key, value, ttl));
  }

  async setMany(entries: readonly StoreEntry[]): Promise<void> {
    const below = this.#below;
    const keys = entries.map(({ key }) => key);
    await this.#copies.change(keys, async () => {
      if (below.setMany) await below.setMany(entries);
      else await allSettled(entries.map(({ key, value, ttl }) => below.set(key, value, ttl)));
    });
  }

  async add<T>(key: string, value: T, ttl: number): Promise<boolean> {
    const added = await this.#below.add(key, value, ttl);
    if (added && !isRecord(key)) await this.#copies.drop([key]);
    return added;
  }

  async setIfUnchanged<T>(
    key: string,
    value: T,
    ttl: number,
    version: CacheVersion,
  ): Promise<boolean> {
    if (isRecord(key)) return this.#below.setIfUnchanged(key, value, ttl, version);
    const given = ownCopy(value);
    // A value that cannot be copied now is written without delay, before it can change. The next read makes the copy.
    const snapshot = given === undefined ? NOTHING_READ : await this.#upper.snapshot(key);
    const writing = this.#below.setIfUnchanged(key, given ?? value, ttl, version);
    return this.#upper.writeThrough({ key, value: given, ttl }, snapshot, writing);
  }

  async dropCopies(key: string): Promise<void> {
    await this.#copies.change([key], async () => this.#below.dropCopies?.(key));
  }

  async del(key: string): Promise<void> {
    await this.#copies.change([key], () => this.#below.del(key));
  }

  async delMany(keys: readonly string[]): Promise<void> {
    const below = this.#below;
    await this.#copies.change(keys, async () => {
      if (below.delMany) await below.delMany(keys);
      else await allSettled(keys.map((key) => below.del(key)));
    });
  }

  /** Resolves to the number of values that the last tier deleted. */
  async delByPattern(pattern: string): Promise<number | undefined> {
    return this.#copies.changeMatching(pattern, () => this.#below.delByPattern(pattern));
  }

  async clear(): Promise<void> {
    await this.#copies.changeAll(() => this.#below.clear());
  }

  /** Warms every tier, and rejects with the first failure. */
  async warm(): Promise<void> {
    await allSettled([this.#upper.store.warm?.(), this.#below.warm?.()]);
    // Only now, because the channel may need the connection of the tier below.
    await this.#bus?.prove();
  }

  /**
   * Checks the last tier, the tiers above it, the channel, and then all of them together; see `CacheService.check()`.
   * @throws CacheError that names the fault.
   */
  async check(keyPrefix?: string): Promise<void> {
    for (const tier of [this.#below, this.#upper.store])
      await (tier.check?.(keyPrefix) ?? checkStore(tier, keyPrefix));
    await this.#bus?.prove();
    await checkStore(this, keyPrefix);
  }

  async close(): Promise<void> {
    try {
      await this.#bus?.close();
    } finally {
      await allSettled([this.#upper.store.close?.(), this.#below.close?.()]);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #trusted(): boolean {
    return this.#bus?.trusts() ?? true;
  }

  /** Freezes a value from below if the first tier shares frozen values, so that callers get the same from either. */
  #shared<R extends NearestRead>(read: R): R {
    const { value } = read;
    if (this.sharesFrozen) freezeDeep(isEntry(value) ? value.value : value);
    return read;
  }
}
