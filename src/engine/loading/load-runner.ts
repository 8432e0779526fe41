import type { DependencyVersions } from '../../model/dependency.js';
import { CacheError } from '../../model/errors.js';
import type { Emit } from '../../model/event-log.js';
import { after, type Clock } from '../../model/time.js';
import type { MaybePromise } from '../../util/promises.js';
import type { InFlightTracker } from '../inflight/in-flight.js';
import type { InFlightLoad } from '../inflight/in-flight-load.js';
import { runAsLoads } from '../inflight/load-chain.js';
import { LoadRun } from '../inflight/load-run.js';
import type { VersionTracker } from '../reading/version-tracker.js';
import type { StoreAccess } from '../store-access.js';
import type { Fills, RunningLoad } from './fills.js';
import type { Lease } from './lease.js';
import { contextOf, LoadNotes, tooLong } from './load-context.js';
import { knownTags, type LoadAll, type LoadRequest } from './load-request.js';

interface Parts {
  readonly access: StoreAccess;
  readonly inFlight: InFlightTracker;
  readonly fills: Fills;
  readonly versions: VersionTracker;
  readonly clock: Clock;
  readonly emit: Emit;
}

/** Runs loads, and writes their values unless something was invalidated since the reads before them. */
export class LoadRunner {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Starts one run for all requests, with a load in flight for each, so that callers of any key can join. */
  startAll(
    requests: readonly LoadRequest[],
    load: LoadAll,
    leases: readonly (Lease | undefined)[] = [],
  ): InFlightLoad[] {
    const [only] = requests;
    if (!only) return [];
    const run = new LoadRun();
    // Most loads are of one key, and need no promise of many values.
    if (requests.length === 1) {
      const work = (inFlight: InFlightLoad) =>
        this.run([{ request: only, inFlight, lease: leases[0] }], load).then(firstOf);
      return [this.start(only, work, run)];
    }
    let begin: (values: Promise<readonly unknown[]>) => void = () => {};
    const values = new Promise<readonly unknown[]>((resolve) => {
      begin = resolve;
    });
    const running: RunningLoad[] = requests.map((request, i) => ({
      request,
      inFlight: this.start(request, async () => (await values)[i], run),
      lease: leases[i],
    }));
    begin(this.run(running, load));
    return running.map(({ inFlight }) => inFlight);
  }

  /** Starts a load in flight with the outcome of `work`. */
  start(
    request: LoadRequest,
    work: (inFlight: InFlightLoad) => Promise<unknown>,
    run = new LoadRun(),
  ): InFlightLoad {
    const { access, inFlight } = this.#parts;
    const { address, snapshot, callers } = request;
    const tags = knownTags(request);
    const started = inFlight.start({ address, snapshot, tags, run, callers }, work);
    access.watch(started.outcome);
    return started;
  }

  /** Rejects with the load's error. Events report the outcome of the fills. */
  async run(running: readonly RunningLoad[], load: LoadAll): Promise<readonly unknown[]> {
    const { clock, emit, fills } = this.#parts;
    const ensuring = this.#ensure(running);
    const staleValue = await running[0]?.request.staleValue;
    const versions = isThere(ensuring) ? ensuring : await ensuring;
    running.forEach(({ inFlight }, i) => {
      inFlight.carry(versions[i]);
      inFlight.begin();
    });
    const began = clock.now();
    const notes = new LoadNotes(running, this.#parts.versions, versions[0] !== undefined);
    try {
      const values = await this.#callLoad(running, load, staleValue, notes);
      if (!Array.isArray(values) || values.length !== running.length)
        throw wrongLength(values?.length, running.length);
      const createdAt = clock.now();
      const loadMs = Math.max(createdAt - began, 0);
      for (const { request } of running)
        emit({ type: 'load', key: request.address.key, durationMs: loadMs });
      const more = notes.added.length > 0 ? await Promise.all(notes.added) : NONE;
      await fills.write(
        running.map((each, i) => {
          const value = notes.isSkipped ? undefined : values[i];
          const own = each.request.policy;
          const policy = notes.times ? { ...own, ...notes.times } : own;
          const carried = withTags(versions[i], more);
          return {
            of: each,
            policy,
            value,
            versions: carried,
            ttl: notes.ttlMs,
            createdAt,
            loadMs,
          };
        }),
      );
      return values;
    } catch (error) {
      const durationMs = Math.max(clock.now() - began, 0);
      for (const { request } of running)
        emit({ type: 'load-error', key: request.address.key, durationMs, error });
      if (running.some(({ lease }) => lease))
        await Promise.all(running.map(({ lease }) => lease?.release()));
      throw error;
    }
  }

  /** The versions for each value, with missing ones created. Not a promise if none is missing, as in most loads. */
  #ensure(
    running: readonly RunningLoad[],
  ): MaybePromise<readonly (DependencyVersions | undefined)[]> {
    const ensuring = running.map(
      ({ request: { snapshot } }) =>
        snapshot.versions && this.#parts.versions.ensure(snapshot.versions),
    );
    return ensuring.every(isThere) ? ensuring : Promise.all(ensuring);
  }

  /**
   * Calls the user's function once for all loads, and waits until it returns, or until the run is aborted by `hardTimeout`
   * or because no caller waits. Until then, all of them wait for the loads that it joins.
   */
  async #callLoad(
    running: readonly RunningLoad[],
    load: LoadAll,
    staleValue: unknown,
    notes: LoadNotes,
  ): Promise<readonly unknown[]> {
    const [first] = running;
    if (!first) return [];
    const chained = running.map(({ inFlight }) => inFlight.chained);
    const requests = running.map(({ request }) => request);
    const { run, isInvalidated } = first.inFlight;
    const isUsable = running.length === 1 && !isInvalidated;
    const context = contextOf(run, isUsable ? staleValue : undefined, notes);
    const { hardTimeout } = first.request.policy;
    const cancel =
      hardTimeout === undefined
        ? undefined
        : after(hardTimeout, () => run.abort(tooLong(hardTimeout)));
    try {
      return await run.untilAborted(() => runAsLoads(chained, () => load(requests, context)));
    } finally {
      cancel?.();
      run.end();
      for (const each of chained) each.end();
    }
  }
}

const NONE: readonly undefined[] = [];

const firstOf = ([value]: readonly unknown[]): unknown => value;

const isThere = <T>(value: T | Promise<T>): value is T => !(value instanceof Promise);

/** The versions with those of added tags. Undefined if one is unknown, because such an entry cannot be invalidated. */
function withTags(
  versions: DependencyVersions | undefined,
  added: readonly (DependencyVersions | undefined)[],
): DependencyVersions | undefined {
  if (!versions || added.includes(undefined)) return undefined;
  if (added.length === 0) return versions;
  const first = new Map(versions);
  // The first version of a tag counts, because the tag may have been invalidated between two reads.
  for (const [name, version] of added.flatMap((more) => more ?? [])) {
    if (!first.has(name)) first.set(name, version);
  }
  return [...first];
}

function wrongLength(got: number | undefined, expected: number): CacheError {
  return new CacheError(
    'LOAD_FAILED',
    `A load of ${expected} keys returned ${got ?? 'no'} values: return one for each key, in their order; undefined for none.`,
  );
}
