import { type AnyKey, type CacheKey, keyText, schemaOf } from './cache-key.js';
import type { CacheStore } from './cache-store.js';
import type { CacheConfig } from './config.js';
import { copyOf } from './copy-of.js';
import { refreshesEarly } from './early-refresh.js';
import { type CacheEntry, type Entry, type Marks, tagsAmong } from './entry.js';
import { invalid } from './errors.js';
import type { LoadContext } from './load-context.js';
import type { LoadAll, Need, Write } from './loader.js';
import { assemble, type Parts } from './parts.js';
import { checkedTags, type Policy as Resolved, type WrapOptions } from './policy.js';
import { type Address, isServable, type Seen } from './reader.js';
import { copyOfLoaded, type Flight, type Watch } from './single-flight.js';
import { type Duration, withTimeout } from './time.js';

export type Load<T> = (context: LoadContext<unknown>) => T | Promise<T>;
export type KeyLoad<T> = (context: LoadContext<NoInfer<T>>) => NoInfer<T> | Promise<NoInfer<T>>;
/** Resolves to values in the order of `missing`; undefined is not cached. */
export type LoadMany<K, T> = (
  missing: readonly K[],
  context: LoadContext<unknown>,
) => Promise<readonly (T | undefined)[]>;
/** A ttl, or a whole policy. */
export type Policy = Duration | WrapOptions;
type SetOptions = Duration | Pick<WrapOptions, 'ttl' | 'tags'>;

/** How long `close()` waits for background work before it closes the store under it, milliseconds. */
const CLOSE_WAIT_MS = 5_000;

/**
 * A cache over a store: the store keeps records, the service decides what they are worth.
 *
 * Reads and fills fail open: a store that is broken, slow or skipped is a miss and an event. `del`, `delMany`,
 * `delByPattern`, `invalidateTags` and `clear` always try, and reject unless the store confirmed.
 *
 * @example
 * ```ts
 * import { CacheService, MemoryCacheStore } from '@glasswork/cache';
 *
 * const cache = new CacheService(new MemoryCacheStore(), { defaultTTL: '5m', keyPrefix: 'shop' });
 * const rates = await cache.wrap('rates', '1h', async () => ({ EUR: 1, USD: 1.08 }));
 * ```
 */
export class CacheService {
  readonly #parts: Parts;
  #closing: Promise<void> | undefined;

  /** @throws CacheError `INVALID_OPTION` or `INVALID_DURATION`, naming the option. */
  constructor(store: CacheStore, config: CacheConfig = {}) {
    this.#parts = assemble(store, config);
  }

  /**
   * The value, or undefined when there is none: absent, expired, invalidated, of the wrong shape, or unreadable.
   * `null`, `0`, `''` and `false` are values. `get` and then `set` by hand is not fenced; `wrap` is.
   */
  get<T>(key: CacheKey<T>): Promise<T | undefined>;
  get<T = unknown>(key: string): Promise<T | undefined>;
  get(key: AnyKey): Promise<unknown> {
    try {
      const text = keyText(key);
      return this.#atHand(key, text, tagsOf(key)) ?? this.#getMany([key]).then(firstOf);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** The values in the order of the keys, read together. */
  getMany<T>(keys: readonly CacheKey<T>[]): Promise<(T | undefined)[]>;
  getMany<T = unknown>(keys: readonly string[]): Promise<(T | undefined)[]>;
  getMany(keys: readonly AnyKey[]): Promise<unknown[]> {
    return this.#getMany(keys);
  }

  async #getMany(keys: readonly AnyKey[]): Promise<unknown[]> {
    const reads = await this.#look(keys);
    return reads.map((seen, i) => {
      const key = keyText(keys[i] as AnyKey);
      if (isServable(seen)) return this.#hit(key, seen.entry, seen.state);
      this.#parts.emit({ type: 'miss', key, reason: seen.reason });
      return undefined;
    });
  }

  /** The value with its times (epoch milliseconds) and tags, stale ones included. */
  getEntry<T>(key: CacheKey<T>): Promise<CacheEntry<T> | undefined>;
  getEntry<T = unknown>(key: string): Promise<CacheEntry<T> | undefined>;
  async getEntry(key: AnyKey): Promise<CacheEntry<unknown> | undefined> {
    const [seen] = await this.#look([key]);
    if (!seen || !isServable(seen)) return undefined;
    const { value, createdAt, staleAt, expiresAt, marks } = seen.entry;
    const tags = tagsAmong(marks);
    return { value, createdAt, staleAt, expiresAt, tags };
  }

  /** Whether `get` would give a value. */
  async has(key: AnyKey): Promise<boolean> {
    const [seen] = await this.#look([key]);
    return seen !== undefined && isServable(seen);
  }

  async #look(keys: readonly AnyKey[]): Promise<Seen[]> {
    const ats = keys.map((key) => this.#address(key));
    const tags = keys.flatMap(tagsOf);
    return this.#parts.reader.readMany(ats, tags);
  }

  /**
   * Writes a value; resolves to whether the store took it, and an event says why it did not. Code that changes a
   * database uses `del` or tags, which reject when they are not confirmed.
   *
   * @throws CacheError `INVALID_DURATION`, `INVALID_KEY` or `INVALID_OPTION`.
   */
  set<T>(key: CacheKey<T>, value: NoInfer<T>, ttl?: SetOptions): Promise<boolean>;
  set<T>(key: string, value: T, ttl?: SetOptions): Promise<boolean>;
  set(key: AnyKey, value: unknown, ttl?: SetOptions): Promise<boolean> {
    return this.#setMany([{ key, value, ttl }]);
  }

  /** Writes many values; resolves to whether the store took them all. */
  setMany<T>(
    entries: readonly { key: CacheKey<T>; value: NoInfer<T>; ttl?: Duration }[],
  ): Promise<boolean>;
  setMany(entries: readonly { key: string; value: unknown; ttl?: Duration }[]): Promise<boolean>;
  setMany(entries: readonly { key: AnyKey; value: unknown; ttl?: Duration }[]): Promise<boolean> {
    return this.#setMany(entries);
  }

  async #setMany(
    entries: readonly { key: AnyKey; value: unknown; ttl?: SetOptions | undefined }[],
  ): Promise<boolean> {
    const { invalidation, flights, marks, loader } = this.#parts;
    const writes = await Promise.all(
      entries.map(
        async ({
          key,
          value,
          ttl,
        }): Promise<Omit<Write, 'marks'> & { marks: Marks | undefined }> => {
          const [at, policy] = [this.#address(key), this.#policy(key, ttl)];
          await invalidation.detach((flight) => flight.key === at.name);
          const current = await marks.ensure(await marks.current([null, ...policy.tags]));
          return { at, value, policy, marks: current, loadMs: 0 };
        },
      ),
    );
    const ready = writes.filter((write): write is Write => write.marks !== undefined);
    const written = ready.length === 0 || (await loader.write(ready));
    const names = new Set(ready.map(({ at }) => at.name));
    flights.overtake((read) => names.has(read.key));
    return written && ready.length === writes.length;
  }

  /**
   * Deletes a value. A load that began before this call is never the cached value once it has resolved.
   *
   * @throws CacheError `NOT_CONFIRMED` when the store did not confirm it.
   */
  async del(key: AnyKey): Promise<void> {
    await this.#parts.invalidation.keys([this.#address(key)]);
  }

  /** Deletes many values. @throws CacheError `NOT_CONFIRMED` unless the store confirmed all of them. */
  async delMany(keys: readonly AnyKey[]): Promise<void> {
    await this.#parts.invalidation.keys(keys.map((key) => this.#address(key)));
  }

  /**
   * Deletes what a glob matches (`*`, `?`; `\` escapes) and resolves to the number of stored keys it deleted, or to
   * undefined where the store cannot. It promises stored keys and this process's loads only.
   *
   * @throws CacheError `NOT_CONFIRMED` when the store did not confirm it.
   */
  async delByPattern(pattern: string): Promise<number | undefined> {
    return this.#parts.invalidation.pattern(keyText(pattern));
  }

  /**
   * Invalidates every value that carries one of the tags: one write a tag, whatever the number of values.
   *
   * @throws CacheError `NOT_CONFIRMED` unless the store confirmed every tag.
   */
  async invalidateTags(tags: readonly string[]): Promise<void> {
    await this.#parts.invalidation.tags(checkedTags(tags));
  }

  /**
   * Invalidates everything under this service's prefix with one write. Other processes see it within `versionTTL`.
   * What other prefixes keep in the same store stays.
   *
   * @throws CacheError `NOT_CONFIRMED` when the store did not confirm it.
   */
  async clear(): Promise<void> {
    await this.#parts.invalidation.all();
  }

  /**
   * The cached value, or what `load` gives, which is then cached. A stale value is served at once and refreshed in the
   * background. Concurrent callers share one load, its value and its error; an error is never cached.
   *
   * @throws What the load throws; CacheError `TIMEOUT` past `hardTimeout`; never because of the store.
   *
   * @example
   * ```ts
   * import { CacheService, MemoryCacheStore } from '@glasswork/cache';
   *
   * const cache = new CacheService(new MemoryCacheStore());
   * const loadUser = async (id: string) => ({ id, name: 'Ada' });
   *
   * const user = await cache.wrap('user:1', { ttl: '5m', tags: ['users'] }, () => loadUser('1'));
   * await cache.invalidateTags(['users']);
   * ```
   */
  wrap<T>(key: CacheKey<T>, load: KeyLoad<T>): Promise<T>;
  wrap<T>(key: CacheKey<T>, policy: Policy, load: KeyLoad<T>): Promise<T>;
  wrap<T>(key: string, policy: Policy, load: Load<T>): Promise<T>;
  wrap(key: AnyKey, options: Policy | Load<unknown>, load?: Load<unknown>): Promise<unknown> {
    try {
      const own = typeof options === 'function' ? undefined : options;
      const loads = typeof options === 'function' ? options : load;
      if (typeof loads !== 'function') throw noLoad(loads);
      const text = keyText(key);
      const policy = this.#policy(key, own);
      const held = takesAnyFresh(policy) ? this.#atHand(key, text, policy.tags) : undefined;
      return held ?? this.#wrap(this.#address(key), policy, loads);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** What takes longer than a look into this process. */
  async #wrap(at: Address, policy: Resolved, load: Load<unknown>): Promise<unknown> {
    const watch = this.#parts.flights.watch(at.name, policy.tags);
    try {
      const seen = unlessOvertaken(await this.#read(at, policy), watch);
      // What most calls come to.
      if (seen.state === 'fresh' && isServable(seen) && takesAnyFresh(policy))
        return this.#hit(at.key, seen.entry, seen.state);
      const loadOne: LoadAll = async (_needs, context) => [await load(context)];
      const [value] = this.#serve([{ at, policy, seen }], loadOne);
      return value;
    } finally {
      watch.end();
    }
  }

  /**
   * `wrap` with stale-while-revalidate: stale from `staleTTL` on, gone after `maxTTL`.
   *
   * @throws As `wrap` does.
   */
  wrapSWR<T>(key: CacheKey<T>, staleTTL: Duration, maxTTL: Duration, load: KeyLoad<T>): Promise<T>;
  wrapSWR<T>(key: string, staleTTL: Duration, maxTTL: Duration, load: Load<T>): Promise<T>;
  wrapSWR(
    key: AnyKey,
    staleTTL: Duration,
    maxTTL: Duration,
    load: Load<unknown>,
  ): Promise<unknown> {
    return this.wrap(key as string, { staleTTL, ttl: maxTTL }, load);
  }

  /**
   * `wrap` for many keys: what is cached comes from the cache, and one call of `load` gets the rest.
   *
   * @throws As `wrap` does; CacheError `LOAD_FAILED` when the load returns another number of values.
   */
  wrapMany<T, A extends readonly unknown[]>(
    keys: readonly CacheKey<T, A>[],
    load: LoadMany<CacheKey<T, A>, NoInfer<T>>,
  ): Promise<(T | undefined)[]>;
  wrapMany<T, A extends readonly unknown[]>(
    keys: readonly CacheKey<T, A>[],
    policy: Policy,
    load: LoadMany<CacheKey<T, A>, NoInfer<T>>,
  ): Promise<(T | undefined)[]>;
  wrapMany<T>(
    keys: readonly string[],
    policy: Policy,
    load: LoadMany<string, T>,
  ): Promise<(T | undefined)[]>;
  async wrapMany<K extends AnyKey>(
    keys: readonly K[],
    options: Policy | LoadMany<K, unknown>,
    load?: LoadMany<K, unknown>,
  ): Promise<unknown[]> {
    const [own, loads] = typeof options === 'function' ? [undefined, options] : [options, load];
    const names = keys.map((key) => this.#address(key).name);
    const unique = new Map(keys.map((key, i) => [names[i], key]));
    if (typeof loads !== 'function') throw noLoad(loads);
    const asked = Array.from(unique.values(), (key) => {
      return { at: this.#address(key), policy: this.#policy(key, own) };
    });
    const values = await Promise.all(
      await this.#readAndServe(asked, async (missing, context) => {
        const originals = missing.map(({ at }) => unique.get(at.name) as K);
        return (await loads(originals, context)) ?? [];
      }),
    );
    const found = new Map(asked.map(({ at }, i) => [at.name, values[i]]));
    const given = new Set<string>();
    return names.map((name) => {
      const value = found.get(name);
      if (given.has(name)) return copyOf(value);
      given.add(name);
      return value;
    });
  }

  /**
   * What was counted since the service was made: `hits`, `staleHits`, `misses`, `joins`, `loads`, `loadErrors`,
   * `refreshes`, `fills`, `refusals`, `staleServed`, `invalidations`, `corrupt`, `storeErrors` and others.
   */
  stats(): Readonly<Record<string, number>> {
    return this.#parts.stats();
  }

  /**
   * Opens the store's connections ahead of the first call, where the store can. Await it while a Lambda function
   * initialises, when it has all of its CPU. Never rejects: what goes wrong is a `store-error` event.
   *
   * @example
   * ```ts
   * import { CacheService, DynamoDBCacheStore } from '@glasswork/cache';
   *
   * const cache = new CacheService(new DynamoDBCacheStore({ tableName: 'my-cache' }));
   * await cache.warm();
   * export const handler = () => cache.wrap('rates', '1h', async () => ({ EUR: 1 }));
   * ```
   */
  async warm(): Promise<void> {
    await this.#parts.access.attempt('warm', undefined, async (store) => store.warm?.());
  }

  /** Resolves when no background work of this service is pending. Await it in tests and before a process ends. */
  settled(): Promise<void> {
    return this.#parts.background.settled();
  }

  /** Waits for background work, 5 seconds at most, and closes the store. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** `close()`, under the name that Glasswork calls. */
  onModuleDestroy(): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const { access, background, emit } = this.#parts;
    await withTimeout(this.settled(), CLOSE_WAIT_MS, () => {
      const pending = background.size;
      emit({ type: 'background-unfinished', pending, waitedMs: CLOSE_WAIT_MS });
    });
    await access.store.close?.();
  }

  #address(key: AnyKey): Address {
    const text = keyText(key);
    return { key: text, name: this.#parts.keys.key(text), schema: schemaOf(key) };
  }

  #policy(key: AnyKey, options: Policy | undefined): Resolved {
    const keyed = typeof key === 'object' ? key.policy : undefined;
    return this.#parts.policyOf(keyed, options);
  }

  /** A fresh value that is at hand in this process, where nothing about it needs a second look. */
  #atHand(key: AnyKey, text: string, tags: readonly string[]): Promise<unknown> | undefined {
    const { access, reader, clock, keys } = this.#parts;
    if (!access.store.peek || (typeof key === 'object' && schemaOf(key))) return undefined;
    const now = clock.now();
    const entry = reader.peek(keys.key(text), tags, now);
    if (!entry) return undefined;
    this.#hit(text, entry, 'fresh', now);
    return entry.promise;
  }

  #hit(key: string, entry: Entry, state: 'fresh' | 'stale', now?: number): unknown {
    this.#parts.hit(key, state, entry.createdAt, now);
    return entry.value;
  }

  async #readAndServe(asked: readonly Omit<Need, 'seen'>[], load: LoadAll): Promise<unknown[]> {
    const { flights } = this.#parts;
    const watches = asked.map(({ at, policy }) => flights.watch(at.name, policy.tags));
    try {
      const reads = await Promise.all(asked.map(({ at, policy }) => this.#read(at, policy)));
      const needs = asked.map(({ at, policy }, i): Need => {
        return { at, policy, seen: unlessOvertaken(reads[i] as Seen, watches[i] as Watch) };
      });
      return this.#serve(needs, load);
    } finally {
      for (const watch of watches) watch.end();
    }
  }

  #read(at: Address, { tags, forceFresh }: Resolved): Promise<Seen> {
    const { reader } = this.#parts;
    return forceFresh ? reader.read(at, tags) : reader.readNearest(at, tags);
  }

  /**
   * What to do with each key that was read:
   *
   *     fresh                  served
   *     stale, or soon to be   served, and refreshed in the background
   *     anything else          loaded: by a load that is running already, or together with the rest
   */
  #serve(needs: readonly Need[], load: LoadAll): unknown[] {
    const { stampede, clock, emit } = this.#parts;
    const missing: Need[] = [];
    const due: Need[] = [];
    const served = needs.map((need) => {
      const { at, seen, policy } = need;
      if (isServable(seen) && !policy.forceFresh) {
        const early = () => refreshesEarly(seen.entry, clock.now(), policy.earlyRefresh);
        if (seen.state === 'stale' || early()) due.push(need);
        return this.#hit(at.key, seen.entry, seen.state);
      }
      emit({ type: 'miss', key: at.key, reason: policy.forceFresh ? 'forced' : seen.reason });
      return missing.push(need);
    });
    if (due.length > 0) stampede.refresh(due, load);
    if (missing.length === 0) return served;
    const outcomes = stampede.load(missing, load).map(({ flight, joined }, i) => {
      const need = missing[i] as Need;
      if (joined) emit({ type: 'join', key: need.at.key });
      return this.#outcome(need, flight, joined);
    });
    const loaded = new Map(missing.map((need, i) => [need, outcomes[i]]));
    return needs.map((need, i) => loaded.get(need) ?? served[i]);
  }

  /** The value that a caller waits for; or the last good one, where its load fails or takes too long. */
  async #outcome({ at, policy, seen }: Need, flight: Flight, joined: boolean): Promise<unknown> {
    const { access, reader, background, clock, emit } = this.#parts;
    const lasts = !policy.forceFresh && seen.entry;
    const lastGood =
      lasts && clock.now() < lasts.expiresAt + policy.staleIfError ? lasts : undefined;
    const standIn = (entry: Entry, reason: 'error' | 'timeout', error?: unknown) => {
      emit({ type: 'stale-served', key: at.key, reason, error });
      return entry.value;
    };
    try {
      const soft = lastGood && policy.softTimeout;
      const value = await (soft === undefined
        ? flight.outcome
        : withTimeout(flight.outcome, soft, () => LATE));
      // Read again: what was invalidated while the load ran must not be served, however long the load takes.
      const again = value === LATE && !flight.detached && (await reader.read(at, policy.tags));
      if (again && lastGood && isSame(again, seen)) {
        // A failed load has told of it by an event of its own.
        background.run(
          flight.outcome.catch(() => {}),
          policy.waitUntil,
        );
        return standIn(lastGood, 'timeout');
      }
      const loaded = value === LATE ? await flight.outcome : value;
      return joined ? copyOfLoaded(flight, loaded, access.store.shares) : loaded;
    } catch (error) {
      if (!lastGood) throw error;
      // Read again: it may have been invalidated meanwhile, or replaced by a better one.
      const again = await reader.read(at, policy.tags);
      if (!again.entry || (flight.detached && isSame(again, seen))) throw error;
      return standIn(again.entry, 'error', error);
    }
  }
}

const firstOf = ([value]: readonly unknown[]): unknown => value;

const NO_TAGS: readonly string[] = [];

/** Those that the key itself names. */
const tagsOf = (key: AnyKey): readonly string[] =>
  (typeof key === 'object' && key.policy.tags) || NO_TAGS;

/** Whether a fresh value is served whatever else there is to say of it. */
const takesAnyFresh = ({ forceFresh, earlyRefresh }: Resolved): boolean =>
  !forceFresh && earlyRefresh === 0;

/** What an invalidation of this process has overtaken while it was read counts as invalidated. */
function unlessOvertaken(seen: Seen, watch: Watch): Seen {
  if (!watch.isOvertaken(tagsAmong(seen.entry?.marks ?? []))) return seen;
  return { ...seen, entry: undefined, state: 'none', reason: 'invalidated' };
}

const LATE = Symbol('late');

/** Whether two reads saw one and the same entry. */
const isSame = (again: Seen, seen: Seen): boolean =>
  again.version === seen.version && again.entry?.createdAt === seen.entry?.createdAt;

const noLoad = (load: unknown) => invalid('load', load, 'a function that loads the value');
