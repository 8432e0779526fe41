import { type AnyKey, keyText, schemaOf } from './cache-key.js';
import { copyOf } from './copy-of.js';
import { refreshesEarly } from './early-refresh.js';
import { type Entry, tagsAmong } from './entry.js';
import type { LoadContext } from './load-context.js';
import type { LoadAll, Need } from './loader.js';
import { outcomeOf } from './outcome.js';
import type { Parts } from './parts.js';
import type { Policy } from './policy.js';
import { type Address, isServable, type Seen } from './reader.js';
import type { Watch } from './single-flight.js';
import { STORE_BUDGET_MS } from './store-access.js';
import { withTimeout } from './time.js';

type LoadOne = (context: LoadContext<unknown>) => unknown;

/** What `wrap` and `get` do: read, serve what is good, refresh what is stale, load what is missing. */
export class Lookup {
  readonly #parts: Parts;

  constructor(parts: Parts) {
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
  async see(keys: readonly AnyKey[]): Promise<Seen[]> {
    const { reader, addressOf } = this.#parts;
    return reader.readMany(keys.map(addressOf), keys.flatMap(tagsOf));
  }

  wrap(key: AnyKey, policy: Policy, load: LoadOne): Promise<unknown> {
    const held = takesAnyFresh(policy) && this.#atHand(key, keyText(key), policy.tags);
    return held || this.#wrap(this.#parts.addressOf(key), policy, load);
  }

  /** What takes longer than a look into this process. A promise in place of `await`: see `Reader`. */
  #wrap(at: Address, policy: Policy, load: LoadOne): Promise<unknown> {
    const watch = this.#parts.flights.watch(at.name, policy.tags);
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
    policyOf: (key: K) => Policy,
    load: (missing: readonly K[], context: LoadContext<unknown>) => Promise<readonly unknown[]>,
  ): Promise<unknown[]> {
    const { addressOf } = this.#parts;
    const names = keys.map((key) => addressOf(key).name);
    const unique = new Map(keys.map((key, i) => [names[i], key]));
    const asked = Array.from(unique.values(), (key) => {
      return { at: addressOf(key), policy: policyOf(key) };
    });
    const served = await this.#readAndServe(asked, (missing, context) => {
      const originals = missing.map(({ at }) => unique.get(at.name) as K);
      return load(originals, context);
    });
    const values = await Promise.all(served);
    const found = new Map(asked.map(({ at }, i) => [at.name, values[i]]));
    const given = new Set<string>();
    return names.map((name) => {
      const value = found.get(name);
      if (given.has(name)) return copyOf(value);
      given.add(name);
      return value;
    });
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

  #read(at: Address, { tags, forceFresh }: Policy): Promise<Seen> {
    const { flights, reader } = this.#parts;
    if (!forceFresh) return reader.readNearest(at, tags);
    // What an older load writes would land between this read and the fill that it is for, and refuse the newer value.
    const barred = flights.bar(({ key }) => key === at.name);
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
      return outcomeOf(this.#parts, need, flight, joined);
    });
    const loaded = new Map(missing.map((need, i) => [need, outcomes[i]]));
    return needs.map((need, i) => loaded.get(need) ?? served[i]);
  }

  /** A fresh value that is at hand in this process, where nothing about it needs a second look. */
  #atHand(key: AnyKey, text: string, tags: readonly string[]): Promise<unknown> | undefined {
    const { access, reader, clock, keys, hit } = this.#parts;
    if (!access.store.peek || (typeof key === 'object' && schemaOf(key))) return undefined;
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
const takesAnyFresh = ({ forceFresh, earlyRefresh }: Policy): boolean =>
  !forceFresh && earlyRefresh === 0;

/** What an invalidation of this process has overtaken while it was read counts as invalidated. */
function unlessOvertaken(seen: Seen, watch: Watch): Seen {
  if (!watch.isOvertaken(tagsAmong(seen.entry?.marks ?? []))) return seen;
  return { ...seen, entry: undefined, state: 'none', reason: 'invalidated' };
}
