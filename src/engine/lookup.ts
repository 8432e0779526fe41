import { type AnyKey, keyText, schemaOf } from '../model/cache-key.js';
import type { MissReason } from '../model/events.js';
import { givenList } from '../model/given.js';
import type { ResolvedPolicy } from '../model/policy.js';
import {
  type Address,
  isFresh,
  isServable,
  type Servable,
  type Snapshot,
} from '../model/snapshot.js';
import { withTimeout } from '../model/time.js';
import { isPromise } from '../util/promises.js';
import type { ServiceParts } from './assemble.js';
import type { Watched } from './inflight/in-flight.js';
import { type ChainedLoad, currentLoads } from './inflight/load-chain.js';
import { asWatched, overtaken, tagsIn } from './inflight/overtaken.js';
import { throwIfAborted, untilAborted } from './loading/caller-wait.js';
import { refreshesEarly } from './loading/early-refresh.js';
import { lastGoodOrLoaded } from './loading/last-good-value.js';
import type { LoadContext } from './loading/load-context.js';
import type { LoadAll, LoadRequest } from './loading/load-request.js';
import { STORE_BUDGET_MS } from './store-access.js';

type LoadOne = (context: LoadContext<unknown>) => unknown;
export type Asked = Pick<LoadRequest, 'address' | 'policy'>;
/** The result of a read at the end of its watch. */
export type Read = Pick<LoadRequest, 'snapshot' | 'called' | 'callers'>;
type ReadPolicy = Pick<ResolvedPolicy, 'tags' | 'forceFresh' | 'caller'>;

/** The work of `wrap` and `get`: read, serve good values, refresh stale ones, load missing ones. */
export class Lookup {
  readonly #parts: ServiceParts;

  constructor(parts: ServiceParts) {
    this.#parts = parts;
  }

  /**
   * One `wrap`, from start to end. The methods below are its steps, in this order:
   *
   *     #localHit       a fresh value in this process is served at once
   *     readWatched     watches the read: a key that is invalidated meanwhile counts as a miss (`overtaken`)
   *     #read           reads the store. Never rejects: if the store is down, the key is a miss that nothing fills
   *     serveOrLoad     a fresh value is served. A stale one is, too, and its refresh starts as background work
   *     #load           a miss joins a running load or starts one, whose fill may be background work, too
   *
   * `waitUntil` gets all background work, so that the sandbox does not freeze before its end. A `del` after the read
   * finds the load in `inFlight`: its value goes to its callers, but is not cached. A `del` by another process changes
   * the version that the fill compares.
   */
  wrap(key: AnyKey, policy: ResolvedPolicy, load: LoadOne): Promise<unknown> {
    if (policy.signal?.aborted) return Promise.reject(policy.signal.reason);
    const hit = servesAnyFresh(policy) && this.#localHit(key, keyText(key), policy.tags);
    if (hit) return hit;
    const address = this.#parts.addressOf(key);
    const serving = this.readWatched(address, policy, (read) =>
      // Most calls end here.
      isFresh(read.snapshot) && servesAnyFresh(policy) && !policy.signal
        ? this.hit(address.key, read.snapshot)
        : this.serveOrLoad({ address, policy, ...read }, load),
    );
    return policy.signal ? untilAborted(policy.signal, serving) : serving;
  }

  /** A fresh value that this process holds. Only without a schema, whose check may be asynchronous. */
  #localHit(key: AnyKey, text: string, tags: readonly string[]): Promise<unknown> | undefined {
    const { access, localHits, clock, keys, hit } = this.#parts;
    if (!access.can.holdsLocally || (typeof key === 'object' && schemaOf(key))) return undefined;
    const now = clock.now();
    const entry = localHits.find(keys.key(text), tags, now);
    if (!entry) return undefined;
    hit(text, 'fresh', entry.createdAt, now);
    return entry.promise;
  }

  /**
   * Reads a key under watch. Between the end of the watch and the start of a load nothing is awaited, so no invalidation is
   * missed: `proceed` serves the snapshot, or calls `serveOrLoad` with it, in its own turn.
   */
  readWatched<T>(
    address: Address,
    policy: ReadPolicy,
    proceed: (read: Read) => T | Promise<T>,
  ): Promise<T> {
    const callers = currentLoads();
    return this.#parts.inFlight.guard(
      { storageKey: address.storageKey, tags: policy.tags },
      () => this.#read(address, policy),
      (read, watch) => proceed({ snapshot: asWatched(read, watch), called: watch.order, callers }),
    );
  }

  /** Serves what one read has found, or the value of a load. */
  serveOrLoad(request: LoadRequest, load: LoadOne): unknown {
    const loadAll: LoadAll = (_requests, context) => {
      const loaded = load(context);
      // Resolved first, because a thenable need not return a promise.
      return isPromise(loaded) ? Promise.resolve(loaded).then(listOf) : [loaded];
    };
    const [value] = this.#serve([request], loadAll);
    return value;
  }

  #read(address: Address, policy: ReadPolicy): Promise<Snapshot> {
    const { inFlight, reader } = this.#parts;
    if (!policy.forceFresh) return reader.readNearest(address, policy);
    // Otherwise an older load could write between this read and its fill, and the fill would be refused.
    const { storageKey } = address;
    const written = inFlight.replaceLoads((load) => load.storageKey === storageKey);
    return withTimeout(written, STORE_BUDGET_MS, () => {}).then(() =>
      reader.read(address, policy.tags),
    );
  }

  /**
   * Decides about each key by its snapshot:
   *
   *     fresh                  served
   *     stale, or soon to be   served, and refreshed in the background
   *     anything else          loaded, by a running load or together with the other misses
   */
  #serve(requests: readonly LoadRequest[], load: LoadAll): unknown[] {
    // The caller may have stopped waiting while the store was read.
    throwIfAborted(requests[0]?.policy.signal);
    const missing: LoadRequest[] = [];
    const missingAt: number[] = [];
    const due: LoadRequest[] = [];
    const served = requests.map((request, i): unknown => {
      const { address, snapshot, policy } = request;
      if (isServable(snapshot) && accepts(policy, snapshot)) {
        if (this.#isDue(snapshot, policy)) due.push(request);
        return this.hit(address.key, snapshot);
      }
      const reason = reasonToLoad(policy, snapshot);
      this.#parts.emit({ type: 'miss', key: address.key, reason });
      policy.caller?.misses();
      missing.push(request);
      missingAt.push(i);
      // Its load takes this place below.
      return undefined;
    });
    if (due.length > 0) this.#parts.refresh.start(due, load);
    if (missing.length === 0) return served;
    const loads = this.#load(missing, load);
    for (const [i, position] of missingAt.entries()) served[position] = loads[i];
    return served;
  }

  #isDue({ state, entry }: Servable, { earlyRefresh }: ResolvedPolicy): boolean {
    return state === 'stale' || refreshesEarly(entry, this.#parts.clock.now(), earlyRefresh);
  }

  /** The values of the loads, or the last good ones if a load fails. */
  #load(missing: readonly LoadRequest[], load: LoadAll): Promise<unknown>[] {
    const { coordinator } = this.#parts;
    const shared = coordinator.load(missing, load);
    return missing.map((request, i) => {
      // One load for each of `missing`.
      const each = shared[i] as (typeof shared)[number];
      if (each.hasJoined) this.#parts.emit({ type: 'join', key: request.address.key });
      const loadAlone = () => coordinator.loadAlone(request, load);
      return lastGoodOrLoaded(this.#parts, request, { ...each, loadAlone });
    });
  }

  hit(key: string, { entry, state }: Servable, now?: number): unknown {
    this.#parts.hit(key, state, entry.createdAt, now);
    return entry.value;
  }

  /** `readWatched` and `serveOrLoad` for many keys. Resolves to values, and to promises of those that are loaded. */
  readAndServeAll(
    asked: readonly Asked[],
    load: LoadAll,
    callers: readonly ChainedLoad[],
  ): Promise<unknown[]> {
    const signal = asked[0]?.policy.signal;
    if (signal?.aborted) return Promise.reject(signal.reason);
    return this.#parts.inFlight.guardAll(
      asked.map(watchedOf),
      () => Promise.all(asked.map(({ address, policy }) => this.#read(address, policy))),
      (reads, watches) => {
        const requests = asked.map((each, i): LoadRequest => {
          // One read for each of `asked`.
          const read = reads[i] as Snapshot;
          const snapshot = overtaken(read, watches.invalidatedBy(i, tagsIn(read)));
          return { ...each, snapshot, called: watches.order, callers };
        });
        return this.#serve(requests, load);
      },
    );
  }

  /** Step 1 of `wrap` alone, for callers that gather the other steps into a batch. */
  localHit(key: AnyKey, text: string, policy: ResolvedPolicy): Promise<unknown> | undefined {
    return servesAnyFresh(policy) ? this.#localHit(key, text, policy.tags) : undefined;
  }

  get(key: AnyKey): Promise<unknown> {
    return this.#localHit(key, keyText(key), tagsOf(key)) ?? this.getMany([key]).then(firstOf);
  }

  async getMany(keys: readonly AnyKey[]): Promise<unknown[]> {
    const snapshots = await this.snapshots(givenList(keys, 'keys', 'INVALID_KEY'));
    return snapshots.map((snapshot, i) => {
      // One snapshot a key.
      const key = keyText(keys[i] as AnyKey);
      if (isServable(snapshot)) return this.hit(key, snapshot);
      this.#parts.emit({ type: 'miss', key, reason: snapshot.reason });
      return undefined;
    });
  }

  /** Reads without serving, and so without an event for a hit or a miss. */
  async snapshots(keys: readonly AnyKey[]): Promise<Snapshot[]> {
    const { reader, addressOf } = this.#parts;
    return reader.readMany(keys.map(addressOf), keys.flatMap(tagsOf));
  }
}

const firstOf = ([value]: readonly unknown[]): unknown => value;
const listOf = (value: unknown): unknown[] => [value];

const NO_TAGS: readonly string[] = [];

/** The tags of the key's own policy. */
const tagsOf = (key: AnyKey): readonly string[] =>
  (typeof key === 'object' && key.policy?.tags) || NO_TAGS;

const watchedOf = ({ address, policy }: Asked): Watched => ({
  storageKey: address.storageKey,
  tags: policy.tags,
});

/** True if the policy serves every fresh value. */
const servesAnyFresh = ({ forceFresh, earlyRefresh }: ResolvedPolicy): boolean =>
  !forceFresh && earlyRefresh === 0;

const accepts = ({ forceFresh, caller }: ResolvedPolicy, { entry, state }: Servable): boolean =>
  !forceFresh && (caller?.accepts(entry, state) ?? true);

function reasonToLoad({ forceFresh }: ResolvedPolicy, snapshot: Snapshot): MissReason {
  if (forceFresh) return 'forced';
  return isServable(snapshot) ? 'unusable' : snapshot.reason;
}
