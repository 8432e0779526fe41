import type { StoreEntry } from '../../model/cache-store.js';
import { createEntry, type DependencyVersions } from '../../model/entry.js';
import { CacheError } from '../../model/errors.js';
import type { Emit, RefusalReason } from '../../model/events.js';
import type { Lease } from './lease.js';
import { type LoadContext, type LoadNotes, runLoad } from './load-context.js';
import { lifetime, type ResolvedPolicy } from '../../model/policy.js';
import type { Address, Snapshot } from '../reading/entry-reader.js';
import { type InFlightLoad, LONGEST_LOAD_MS } from '../inflight/in-flight.js';
import { FAILED, type StoreAccess } from '../store-access.js';
import type { VersionTracker } from '../reading/version-tracker.js';
import { type Clock, LONGEST_LIFE_MS, monotonic } from '../../model/time.js';

/** One key that a call needs loaded, how to cache its value, and what the read before the load saw. */
export interface LoadRequest {
  readonly at: Address;
  readonly policy: ResolvedPolicy;
  readonly seen: Snapshot;
}

/** A need whose load is running. */
export interface RunningLoad extends LoadRequest {
  readonly flight: InFlightLoad;
  readonly lease?: Lease | undefined;
}

/** Gives the values of the keys, in their order. */
export type LoadAll = (
  needs: readonly LoadRequest[],
  context: LoadContext<unknown>,
) => Promise<readonly unknown[]>;

/** One value to write. */
export interface Write {
  readonly at: Address;
  readonly value: unknown;
  readonly policy: ResolvedPolicy;
  readonly marks: DependencyVersions;
  readonly loadMs: number;
}

/** Runs loads, and writes what they give where nothing was invalidated since the reads before them. */
export class LoadRunner {
  readonly #access: StoreAccess;
  readonly #marks: VersionTracker;
  readonly #clock: Clock;
  readonly #emit: Emit;

  constructor(access: StoreAccess, marks: VersionTracker, clock: Clock, emit: Emit) {
    this.#access = access;
    this.#marks = marks;
    this.#clock = clock;
    this.#emit = emit;
  }

  /** Rejects with what the load throws. What becomes of the fills is told by events only. */
  async run(targets: readonly RunningLoad[], load: LoadAll): Promise<readonly unknown[]> {
    const marks = await Promise.all(
      targets.map(async ({ seen, flight }) => {
        const ensured = seen.marks && (await this.#marks.ensure(seen.marks));
        flight.marks = ensured;
        return ensured;
      }),
    );
    for (const { flight } of targets) flight.begun = true;
    const began = this.#clock.now();
    const notes: LoadNotes = {};
    const added: Promise<DependencyVersions | undefined>[] = [];
    const addTags = async (tags: readonly string[]) => {
      for (const { flight } of targets) {
        flight.extended = true;
        for (const tag of tags) flight.tags.add(tag);
      }
      const reading = Promise.resolve(this.#marks.current(tags)).then((read) =>
        this.#marks.ensure(read),
      );
      added.push(reading);
      await reading;
    };
    const tell = (more: { type: 'load' } | { type: 'load-error'; error: unknown }) => {
      const durationMs = Math.max(this.#clock.now() - began, 0);
      for (const { at } of targets) this.#emit({ ...more, key: at.key, durationMs });
      return durationMs;
    };
    let filled: readonly boolean[] = [];
    try {
      const [first] = targets;
      const valid = targets.length === 1 && !first?.flight.detached;
      const stale = valid ? first?.seen.entry?.value : undefined;
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
          this.#fill(target, values[i], withTags(marks[i], more), notes, loadMs),
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
    { at, policy, seen, flight }: RunningLoad,
    value: unknown,
    marks: DependencyVersions | undefined,
    notes: LoadNotes,
    loadMs: number,
  ): Promise<boolean> {
    if (value === undefined || notes.skipped) return false;
    const age = Math.max(this.#clock.now() - seen.wallMs, monotonic() - seen.monotonicMs);
    let refused: RefusalReason | undefined;
    if (!marks) refused = 'unread';
    else if (flight.detached) refused = 'invalidated';
    else if (age > LONGEST_LOAD_MS) refused = 'late';
    else {
      const ttl = notes.ttlMs ?? policy.ttl;
      const write = { at, value, policy: { ...policy, ttl }, marks, loadMs };
      const written = await this.#access.attempt('fill', at.key, async (store) => {
        const { key, value: entry, ttl: seconds } = this.#storeEntry(write);
        const writing =
          seen.version !== undefined && store.setIfUnchanged
            ? store.setIfUnchanged(key, entry, seconds, seen.version)
            : store.set(key, entry, seconds).then(() => true);
        // The store's own promise: it may write long after the service gave up waiting for it.
        flight.writing = writing.catch(() => {});
        return writing;
      });
      if (written === FAILED) return false;
      if (written) this.#emit({ type: 'fill', key: at.key, ttlMs: ttl });
      else refused = 'changed';
    }
    if (refused) this.#emit({ type: 'refused', key: at.key, reason: refused });
    return !refused;
  }

  /** Writes without a condition, for `set`. Never rejects; resolves to whether everything was written. */
  async write(writes: readonly Write[]): Promise<boolean> {
    const key = writes.length === 1 ? writes[0]?.at.key : undefined;
    const written = await this.#access.attempt('set', key, async (store) => {
      // The last one of a key: a store that writes one by one may end any of them last.
      const byKey = new Map(writes.map((write) => [write.at.storageKey, this.#storeEntry(write)]));
      const entries = [...byKey.values()];
      if (store.setMany && entries.length > 1) await store.setMany(entries);
      else await Promise.all(entries.map((e) => store.set(e.key, e.value, e.ttl)));
    });
    if (written === FAILED) return false;
    for (const { at, policy } of writes) {
      this.#emit({ type: 'fill', key: at.key, ttlMs: policy.ttl });
    }
    return true;
  }

  #storeEntry({ at, value, policy, marks, loadMs }: Write): StoreEntry {
    const createdAt = this.#clock.now();
    const ttlMs = lifetime(policy);
    const { staleTTL = ttlMs, staleIfError } = policy;
    const staleAt = staleTTL < ttlMs ? createdAt + staleTTL : undefined;
    const times = { createdAt, staleAt, expiresAt: createdAt + ttlMs, loadMs };
    const entry = createEntry(at.key, { ...times, marks }, value);
    // setTTL knows nothing of staleIfError, and no entry may outlive the records that invalidate it.
    const keptMs = Math.min(ttlMs + staleIfError, LONGEST_LIFE_MS);
    return { key: at.storageKey, value: entry, ttl: keptMs / 1000 };
  }
}

/** Undefined as soon as one version is not known: such an entry could not be invalidated. */
function withTags(
  marks: DependencyVersions | undefined,
  added: readonly (DependencyVersions | undefined)[],
): DependencyVersions | undefined {
  if (!marks || added.includes(undefined)) return undefined;
  const first = new Map(marks);
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
