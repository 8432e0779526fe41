import type { DependencyVersions } from '../../model/dependency.js';
import { CacheError } from '../../model/errors.js';
import type { Emit, RefusalReason } from '../../model/events.js';
import { FAILED } from '../../model/failed.js';
import type { ResolvedPolicy } from '../../model/policy.js';
import type { Address, Snapshot } from '../../model/snapshot.js';
import { type Clock, monotonic } from '../../model/time.js';
import { type InFlightLoad, LONGEST_LOAD_MS } from '../inflight/in-flight.js';
import type { VersionTracker } from '../reading/version-tracker.js';
import type { EntryWriter } from '../writing/entry-writer.js';
import type { Lease } from './lease.js';
import { type LoadContext, type LoadNotes, runLoad } from './load-context.js';

/** One key that a call needs loaded, how to cache its value, and what the read before the load saw. */
export interface LoadRequest {
  readonly address: Address;
  readonly policy: ResolvedPolicy;
  readonly snapshot: Snapshot;
  /** The stale value for the load to look at, or a promise of it: a copy that no caller has. */
  readonly staleValue?: unknown;
}

/** A need whose load is running. */
export interface RunningLoad extends LoadRequest {
  readonly inFlight: InFlightLoad;
  readonly lease?: Lease | undefined;
}

/** Gives the values of the keys, in their order. */
export type LoadAll = (
  needs: readonly LoadRequest[],
  context: LoadContext<unknown>,
) => Promise<readonly unknown[]>;

/** Runs loads, and writes what they give where nothing was invalidated since the reads before them. */
export class LoadRunner {
  readonly #writer: EntryWriter;
  readonly #versions: VersionTracker;
  readonly #clock: Clock;
  readonly #emit: Emit;

  constructor(writer: EntryWriter, versions: VersionTracker, clock: Clock, emit: Emit) {
    this.#writer = writer;
    this.#versions = versions;
    this.#clock = clock;
    this.#emit = emit;
  }

  /** Rejects with what the load throws. What becomes of the fills is told by events only. */
  async run(targets: readonly RunningLoad[], load: LoadAll): Promise<readonly unknown[]> {
    const ensuring = targets.map(async ({ snapshot, inFlight }) => {
      const ensured = snapshot.versions && (await this.#versions.ensure(snapshot.versions));
      inFlight.versions = ensured;
      return ensured;
    });
    const staleValue = await targets[0]?.staleValue;
    const versions = await Promise.all(ensuring);
    for (const { inFlight } of targets) inFlight.begun = true;
    const began = this.#clock.now();
    const notes: LoadNotes = {};
    const added: Promise<DependencyVersions | undefined>[] = [];
    const addTags = async (tags: readonly string[]) => {
      for (const { inFlight } of targets) {
        inFlight.extended = true;
        for (const tag of tags) inFlight.tags.add(tag);
      }
      const reading = Promise.resolve(this.#versions.current(tags)).then((read) =>
        this.#versions.ensure(read),
      );
      added.push(reading);
      await reading;
    };
    const tell = (more: { type: 'load' } | { type: 'load-error'; error: unknown }) => {
      const durationMs = Math.max(this.#clock.now() - began, 0);
      for (const { address } of targets) this.#emit({ ...more, key: address.key, durationMs });
      return durationMs;
    };
    let filled: readonly boolean[] = [];
    try {
      const [first] = targets;
      const valid = targets.length === 1 && !first?.inFlight.isInvalidated;
      const stale = valid ? staleValue : undefined;
      const limitMs = first?.policy.hardTimeout;
      const values = await runLoad(
        (context) => load(targets, context),
        stale,
        limitMs,
        notes,
        addTags,
      );
      if (!Array.isArray(values) || values.length !== targets.length) {
        throw wrongLength(values?.length, targets.length);
      }
      const loadMs = tell({ type: 'load' });
      const more = await Promise.all(added);
      filled = await Promise.all(
        targets.map((target, i) =>
          this.#fill(target, values[i], withTags(versions[i], more), notes, loadMs),
        ),
      );
      return values;
    } catch (error) {
      tell({ type: 'load-error', error });
      throw error;
    } finally {
      await Promise.all(targets.map(({ lease }, i) => filled[i] || lease?.release()));
    }
  }

  /** Whether the value was written. */
  async #fill(
    { address, policy, snapshot, inFlight }: RunningLoad,
    value: unknown,
    versions: DependencyVersions | undefined,
    notes: LoadNotes,
    loadMs: number,
  ): Promise<boolean> {
    if (value === undefined || notes.skipped) return false;
    const age = Math.max(this.#clock.now() - snapshot.wallMs, monotonic() - snapshot.monotonicMs);
    let refused: RefusalReason | undefined;
    if (!versions) refused = 'unread';
    else if (inFlight.isInvalidated) refused = 'invalidated';
    else if (age > LONGEST_LOAD_MS) refused = 'late';
    else {
      const ttl = notes.ttlMs ?? policy.ttl;
      const write = { address, value, policy: { ...policy, ttl }, versions, loadMs };
      const written = await this.#writer.fill(write, snapshot.version, (writing) => {
        inFlight.writing = writing;
      });
      if (written === FAILED) return false;
      if (written) this.#emit({ type: 'fill', key: address.key, ttlMs: ttl });
      else refused = 'changed';
    }
    if (refused) this.#emit({ type: 'refused', key: address.key, reason: refused });
    return !refused;
  }
}

/** Undefined as soon as one version is not known: such an entry could not be invalidated. */
function withTags(
  versions: DependencyVersions | undefined,
  added: readonly (DependencyVersions | undefined)[],
): DependencyVersions | undefined {
  if (!versions || added.includes(undefined)) return undefined;
  const first = new Map(versions);
  // The first version of a tag counts: what was invalidated between two readings must stay so.
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
