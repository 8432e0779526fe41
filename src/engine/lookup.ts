import { type AnyKey, keyText, schemaOf } from '../model/cache-key.js';
import { tagsAmong } from '../model/dependency.js';
import type { Entry } from '../model/entry.js';
import type { ResolvedPolicy } from '../model/policy.js';
import { type Address, isServable, type Snapshot } from '../model/snapshot.js';
import { withTimeout } from '../model/time.js';
import type { ServiceParts } from './assemble.js';
import { copyOfHit, NOT_COPIED } from './copies.js';
import type { InFlightRead } from './inflight/in-flight.js';
import { refreshesEarly } from './loading/early-refresh.js';
import { lastGoodOrLoaded } from './loading/last-good-value.js';
import type { LoadContext } from './loading/load-context.js';
import type { LoadAll, LoadRequest } from './loading/load-runner.js';
import { STORE_BUDGET_MS } from './store-access.js';

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
    return reads.map((snapshot, i) => {
      const key = keyText(keys[i] as AnyKey);
      if (isServable(snapshot)) return this.#hit(key, snapshot.entry, snapshot.state);
      this.#parts.emit({ type: 'miss', key, reason: snapshot.reason });
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
  #wrap(address: Address, policy: ResolvedPolicy, load: LoadOne): Promise<unknown> {
    const watch = this.#parts.inFlight.watch(address.storageKey, policy.tags);
    return this.#read(address, policy).then((read) => {
      try {
        const snapshot = unlessOvertaken(read, watch);
        // What most calls come to.
        if (snapshot.state === 'fresh' && isServable(snapshot) && takesAnyFresh(policy))
          return this.#hit(address.key, snapshot.entry, snapshot.state);
        const loadAll: LoadAll = async (_needs, context) => [await load(context)];
        const [value] = this.#serve([{ address, policy, snapshot }], loadAll);
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
      return { address: addressOf(key), policy: policyOf(key) };
    });
    const loadAll: LoadAll = (missing, context) => {
      const originals = missing.map(({ address }) => unique.get(address.storageKey) as K);
      return load(originals, context);
    };
    const values = await Promise.all(await this.#readAndServe(asked, loadAll));
    if (values.length === names.length) return values;
    const found = new Map(
      asked.map((one, i) => [one.address.storageKey, { one, value: values[i] }]),
    );
    const given = new Set<string>();
    const served = names.map(async (name) => {
      const { one, value } = found.get(name) as { one: (typeof asked)[number]; value: unknown };
      if (!given.has(name)) {
        given.add(name);
        return value;
      }
      const copy = await copyOfHit(this.#parts.access.store, value, name);
      return copy === NOT_COPIED ? (await this.#readAndServe([one], loadAll))[0] : copy;
    });
    return Promise.all(served);
  }

  async #readAndServe(
    asked: readonly Omit<LoadRequest, 'snapshot'>[],
    load: LoadAll,
  ): Promise<unknown[]> {
    const { inFlight } = this.#parts;
    const watches = asked.map(({ address, policy }) =>
      inFlight.watch(address.storageKey, policy.tags),
    );
    try {
      const reads = await Promise.all(
        asked.map(({ address, policy }) => this.#read(address, policy)),
      );
      const needs = asked.map(({ address, policy }, i): LoadRequest => {
        return {
          address,
          policy,
          snapshot: unlessOvertaken(reads[i] as Snapshot, watches[i] as InFlightRead),
        };
      });
      return this.#serve(needs, load);
    } finally {
      for (const watch of watches) watch.end();
    }
  }

  #read(address: Address, { tags, forceFresh }: ResolvedPolicy): Promise<Snapshot> {
    const { inFlight, reader } = this.#parts;
    if (!forceFresh) return reader.readNearest(address, tags);
    // What an older load writes would land between this read and the fill that it is for, and refuse the newer value.
    const barred = inFlight.invalidateLoads(({ key }) => key === address.storageKey);
    const written = withTimeout(barred, STORE_BUDGET_MS, () => {});
    return written.then(() => reader.read(address, tags));
  }

  /**
   * What to do with each key that was read:
   *
   *     fresh                  served
   *     stale, or soon to be   served, and refreshed in the background
   *     anything else          loaded: by a load that is running already, or together with the rest
   */
  #serve(needs: readonly LoadRequest[], load: LoadAll): unknown[] {
    const { coordinator, clock, emit } = this.#parts;
    const missing: LoadRequest[] = [];
    const due: LoadRequest[] = [];
    const served = needs.map((need) => {
      const { address, snapshot, policy } = need;
      if (isServable(snapshot) && !policy.forceFresh) {
        const early = () => refreshesEarly(snapshot.entry, clock.now(), policy.earlyRefresh);
        if (snapshot.state === 'stale' || early()) due.push(need);
        return this.#hit(address.key, snapshot.entry, snapshot.state);
      }
      emit({
        type: 'miss',
        key: address.key,
        reason: policy.forceFresh ? 'forced' : snapshot.reason,
      });
      return missing.push(need);
    });
    if (due.length > 0) coordinator.refresh(due, load);
    if (missing.length === 0) return served;
    const outcomes = coordinator.load(missing, load).map(({ flight, joined }, i) => {
      const need = missing[i] as LoadRequest;
      if (joined) emit({ type: 'join', key: need.address.key });
      const loadAlone = () => coordinator.loadAlone(need, load);
      return lastGoodOrLoaded(this.#parts, need, flight, joined, loadAlone);
    });
    const loaded = new Map(missing.map((need, i) => [need, outcomes[i]]));
    return needs.map((need, i) => loaded.get(need) ?? served[i]);
  }

  /** A fresh value that is at hand in this process, where nothing about it needs a second look. */
  #atHand(key: AnyKey, text: string, tags: readonly string[]): Promise<unknown> | undefined {
    const { access, reader, clock, keys, hit } = this.#parts;
    if (!access.store.getIfPresent || (typeof key === 'object' && schemaOf(key))) return undefined;
    const now = clock.now();
    const entry = reader.getIfPresent(keys.key(text), tags, now);
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
function unlessOvertaken(snapshot: Snapshot, watch: InFlightRead): Snapshot {
  if (!watch.isOvertaken(tagsAmong(snapshot.entry?.versions ?? []))) return snapshot;
  return { ...snapshot, entry: undefined, state: 'none', reason: 'invalidated' };
}
