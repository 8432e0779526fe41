import { type AnyKey, keyText, schemaOf } from '../model/cache-key.js';
import { copyOf } from '../util/clone.js';
import { refreshesEarly } from './loading/early-refresh.js';
import { type Entry, tagsAmong } from '../model/entry.js';
import type { LoadContext } from './loading/load-context.js';
import type { LoadAll, LoadRequest } from './loading/load-runner.js';
import { lastGoodOrLoaded } from './loading/last-good-value.js';
import type { ServiceParts } from './assemble.js';
import type { ResolvedPolicy } from '../model/policy.js';
import { type Address, isServable, type Snapshot } from './reading/entry-reader.js';
import type { InFlightRead } from './inflight/in-flight.js';
import { STORE_BUDGET_MS } from './store-access.js';
import { withTimeout } from '../model/time.js';

type LoadOne = (context: LoadContext<unknown>) => unknown;

/** What `wrap` and `get` do: read, serve what is good, refresh what is stale, load what is missing. */
export class Lookup {
  readonly #parts: ServiceParts;

  constructor(parts: ServiceParts) {
    this.#parts = parts;
  }

  get(key: AnyKey): Promise<unknown> {
    return this.#atHand(key, keyText(key), tagsOf(key)) ?? this.getMany([key]).then(firstOf);
  }

  async getMany(keys: readonly AnyKey[]): Promise<unknown[]> {
    const reads = await this.see(keys);
    return reads.map((seen, i) => {
      const key = keyText(keys[i] as AnyKey);
      if (isServable(seen)) return this.#hit(key, seen.entry, seen.state);
      this.#parts.emit({ type: 'miss', key, reason: seen.reason });
      return undefined;
    });
  }

  /** Reads without serving: no event of a hit or a miss. */
  async see(keys: readonly AnyKey[]): Promise<Snapshot[]> {
    const { reader, addressOf } = this.#parts;
    return reader.readMany(keys.map(addressOf), keys.flatMap(tagsOf));
  }

  wrap(key: AnyKey, policy: ResolvedPolicy, load: LoadOne): Promise<unknown> {
    const held = takesAnyFresh(policy) && this.#atHand(key, keyText(key), policy.tags);
    return held || this.#wrap(this.#parts.addressOf(key), policy, load);
  }

  /** What takes longer than a look into this process. A promise in place of `await`: see `Reader`. */
  #wrap(at: Address, policy: ResolvedPolicy, load: LoadOne): Promise<unknown> {
    const watch = this.#parts.flights.watch(at.storageKey, policy.tags);
    return this.#read(at, policy).then((read) => {
      try {
        const seen = unlessOvertaken(read, watch);
        // What most calls come to.
        if (seen.state === 'fresh' && isServable(seen) && takesAnyFresh(policy))
          return this.#hit(at.key, seen.entry, seen.state);
        const loadAll: LoadAll = async (_needs, context) => [await load(context)];
        const [value] = this.#serve([{ at, policy, seen }], loadAll);
        return value;
      } finally {
        watch.end();
      }
    });
  }

  /** Every key once; a key that is named twice gets a copy for each. */
  async wrapMany<K extends AnyKey>(
    keys: readonly K[],
    policyOf: (key: K) => ResolvedPolicy,
    load: (missing: readonly K[], context: LoadContext<unknown>) => Promise<readonly unknown[]>,
  ): Promise<unknown[]> {
    const { addressOf } = this.#parts;
    const names = keys.map((key) => addressOf(key).storageKey);
    const unique = new Map(keys.map((key, i) => [names[i], key]));
    const asked = Array.from(unique.values(), (key) => {
      return { at: addressOf(key), policy: policyOf(key) };
    });
    const served = await this.#readAndServe(asked, (missing, context) => {
      const originals = missing.map(({ at }) => unique.get(at.storageKey) as K);
      return load(originals, context);
    });
    const values = await Promise.all(served);
    const found = new Map(asked.map(({ at }, i) => [at.storageKey, values[i]]));
    const given = new Set<string>();
    return names.map((name) => {
      const value = found.get(name);
      if (given.has(name)) return copyOf(value);
      given.add(name);
      return value;
    });
  }

  async #readAndServe(asked: readonly Omit<LoadRequest, 'seen'>[], load: LoadAll): Promise<unknown[]> {
    const { flights } = this.#parts;
    const watches = asked.map(({ at, policy }) => flights.watch(at.storageKey, policy.tags));
    try {
      const reads = await Promise.all(asked.map(({ at, policy }) => this.#read(at, policy)));
      const needs = asked.map(({ at, policy }, i): LoadRequest => {
        return { at, policy, seen: unlessOvertaken(reads[i] as Snapshot, watches[i] as InFlightRead) };
      });
      return this.#serve(needs, load);
    } finally {
      for (const watch of watches) watch.end();
    }
  }

  #read(at: Address, { tags, forceFresh }: ResolvedPolicy): Promise<Snapshot> {
    const { flights, reader } = this.#parts;
    if (!forceFresh) return reader.readNearest(at, tags);
    // What an older load writes would land between this read and the fill that it is for, and refuse the newer value.
    const barred = flights.bar(({ key }) => key === at.storageKey);
    const written = withTimeout(barred, STORE_BUDGET_MS, () => {});
    return written.then(() => reader.read(at, tags));
  }

  /**
   * What to do with each key that was read:
   *
   *     fresh                  served
   *     stale, or soon to be   served, and refreshed in the background
   *     anything else          loaded: by a load that is running already, or together with the rest
   */
  #serve(needs: readonly LoadRequest[], load: LoadAll): unknown[] {
    const { stampede, clock, emit } = this.#parts;
    const missing: LoadRequest[] = [];
    const due: LoadRequest[] = [];
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
      const need = missing[i] as LoadRequest;
      if (joined) emit({ type: 'join', key: need.at.key });
      return lastGoodOrLoaded(this.#parts, need, flight, joined);
    });
    const loaded = new Map(missing.map((need, i) => [need, outcomes[i]]));
    return needs.map((need, i) => loaded.get(need) ?? served[i]);
  }

  /** A fresh value that is at hand in this process, where nothing about it needs a second look. */
  #atHand(key: AnyKey, text: string, tags: readonly string[]): Promise<unknown> | undefined {
    const { access, reader, clock, keys, hit } = this.#parts;
    if (!access.store.getIfPresent || (typeof key === 'object' && schemaOf(key))) return undefined;
    const now = clock.now();
    const entry = reader.peek(keys.key(text), tags, now);
    if (!entry) return undefined;
    hit(text, 'fresh', entry.createdAt, now);
    return entry.promise;
  }

  #hit(key: string, entry: Entry, state: 'fresh' | 'stale'): unknown {
    this.#parts.hit(key, state, entry.createdAt);
    return entry.value;
  }
}

const firstOf = ([value]: readonly unknown[]): unknown => value;

const NO_TAGS: readonly string[] = [];

/** Those that the key itself names. */
const tagsOf = (key: AnyKey): readonly string[] =>
  (typeof key === 'object' && key.policy.tags) || NO_TAGS;

/** Whether a fresh value is served whatever else there is to say of it. */
const takesAnyFresh = ({ forceFresh, earlyRefresh }: ResolvedPolicy): boolean =>
  !forceFresh && earlyRefresh === 0;

/** What an invalidation of this process has overtaken while it was read counts as invalidated. */
function unlessOvertaken(seen: Snapshot, watch: InFlightRead): Snapshot {
  if (!watch.isOvertaken(tagsAmong(seen.entry?.marks ?? []))) return seen;
  return { ...seen, entry: undefined, state: 'none', reason: 'invalidated' };
}
