import type { CacheVersion, StoreEntry } from './cache-store.js';
import { createEntry, type Marks } from './entry.js';
import { CacheError } from './errors.js';
import type { Emit, RefusalReason } from './events.js';
import type { Lease } from './lease.js';
import { type LoadContext, type LoadNotes, runLoad } from './load-context.js';
import { lifetime, type Policy } from './policy.js';
import type { Address, Reader, Seen } from './reader.js';
import type { Flight } from './single-flight.js';
import { FAILED, type StoreAccess } from './store-access.js';
import { type Clock, monotonic } from './time.js';

/** One key that a call needs loaded, how to cache its value, and what the read before the load saw. */
export interface Need {
  readonly at: Address;
  readonly policy: Policy;
  readonly seen: Seen;
}

/** A need whose load is running. */
export interface Target extends Need {
  readonly flight: Flight;
  readonly lease: Lease | undefined;
}

/** Gives the values of the keys, in their order. */
export type LoadAll = (
  needs: readonly Need[],
  context: LoadContext<unknown>,
) => Promise<readonly unknown[]>;

/** One value to write. */
export interface Write {
  readonly at: Address;
  readonly value: unknown;
  readonly policy: Policy;
  readonly marks: Marks;
  readonly loadMs: number;
}

/**
 * The oldest load that may still fill, milliseconds. Stores keep what refuses a fill for an hour; a load that was
 * frozen for longer could find it gone and take its absence for "nothing was invalidated".
 */
const OLDEST_FILL_MS = 15 * 60_000;

/** Runs loads, and writes what they give where nothing was invalidated since the reads before them. */
export class Loader {
  readonly #access: StoreAccess;
  readonly #reader: Reader;
  readonly #clock: Clock;
  readonly #emit: Emit;

  constructor(access: StoreAccess, reader: Reader, clock: Clock, emit: Emit) {
    this.#access = access;
    this.#reader = reader;
    this.#clock = clock;
    this.#emit = emit;
  }

  /** Rejects with what the load throws. What becomes of the fills is told by events only. */
  async run(targets: readonly Target[], load: LoadAll): Promise<readonly unknown[]> {
    const marks = await Promise.all(
      targets.map(({ seen }) => seen.marks && this.#reader.marksFor(seen.marks)),
    );
    const addedTags: (Marks['tags'] | undefined)[] = [];
    const began = this.#clock.now();
    const loadMs = () => Math.max(this.#clock.now() - began, 0);
    const written = targets.map(() => false);
    try {
      const { value: values, notes } = await this.#load(targets, load, loadMs, async (tags) => {
        for (const { flight } of targets) for (const tag of tags) flight.tags.add(tag);
        addedTags.push((await this.#reader.currentMarks(tags))?.tags);
      });
      await Promise.all(notes.tagReads);
      const duration = loadMs();
      await Promise.all(
        targets.map(async (target, i) => {
          const complete = withTags(marks[i], addedTags);
          written[i] = await this.#fill(target, values[i], complete, notes, duration);
        }),
      );
      return values;
    } finally {
      await Promise.all(targets.map(({ lease }, i) => (written[i] ? undefined : lease?.release())));
    }
  }

  async #load(
    targets: readonly Target[],
    load: LoadAll,
    loadMs: () => number,
    addTags: (tags: readonly string[]) => Promise<void>,
  ): Promise<{ value: readonly unknown[]; notes: LoadNotes }> {
    const only = targets.length === 1 ? targets[0] : undefined;
    try {
      const loaded = await runLoad((context) => load(targets, context), {
        staleValue: only?.seen.entry?.value,
        hardTimeout: targets[0]?.policy.hardTimeout,
        addTags,
      });
      if (loaded.value?.length !== targets.length) throw wrongLength(loaded.value, targets.length);
      for (const { at } of targets) {
        this.#emit({ type: 'load', key: at.key, durationMs: loadMs() });
      }
      return loaded;
    } catch (error) {
      for (const { at } of targets) {
        this.#emit({ type: 'load-error', key: at.key, durationMs: loadMs(), error });
      }
      throw error;
    }
  }

  /** Whether the value was written. */
  async #fill(
    { at, policy, seen, flight }: Target,
    value: unknown,
    marks: Marks | undefined,
    notes: LoadNotes,
    loadMs: number,
  ): Promise<boolean> {
    if (value === undefined || notes.skipped) return false;
    const refuse = (reason: RefusalReason): false => {
      this.#emit({ type: 'refused', key: at.key, reason });
      return false;
    };
    if (!marks) return refuse('unread');
    if (flight.detached) return refuse('invalidated');
    if (this.#isTooOld(seen)) return refuse('late');
    const ttl = notes.ttlMs ?? policy.ttl;
    const write = { at, value, policy: { ...policy, ttl }, marks, loadMs };
    const writing = this.#writeIfUnchanged(write, seen.version);
    flight.writing = writing;
    const written = await writing;
    if (written === FAILED) return false;
    if (!written) return refuse('changed');
    this.#emit({ type: 'fill', key: at.key, ttlMs: ttl });
    return true;
  }

  /** Writes without a condition, for `set`. Never rejects; resolves to whether everything was written. */
  async write(writes: readonly Write[]): Promise<boolean> {
    const key = writes.length === 1 ? writes[0]?.at.key : undefined;
    const written = await this.#access.attempt('set', key, async (store) => {
      const entries = writes.map((write) => this.#storeEntry(write));
      if (store.setMany && entries.length > 1) await store.setMany(entries);
      else await Promise.all(entries.map((e) => store.set(e.key, e.value, e.ttl)));
      return true;
    });
    if (written === FAILED) return false;
    for (const { at, policy } of writes) {
      this.#emit({ type: 'fill', key: at.key, ttlMs: policy.ttl });
    }
    return true;
  }

  /** Writes what was loaded, where the store can on condition that the key is as the read before it saw it. */
  async #writeIfUnchanged(
    write: Write,
    version: CacheVersion | undefined,
  ): Promise<boolean | typeof FAILED> {
    return this.#access.attempt('fill', write.at.key, async (store) => {
      const { key, value, ttl } = this.#storeEntry(write);
      if (version !== undefined && store.setIfUnchanged) {
        return store.setIfUnchanged(key, value, ttl, version);
      }
      await store.set(key, value, ttl);
      return true;
    });
  }

  #storeEntry({ at, value, policy, marks, loadMs }: Write): StoreEntry {
    const createdAt = this.#clock.now();
    const ttlMs = lifetime(policy);
    const { staleTTL, staleIfError } = policy;
    const staleAt = staleTTL !== undefined && staleTTL < ttlMs ? createdAt + staleTTL : undefined;
    const times = { createdAt, staleAt, expiresAt: createdAt + ttlMs, loadMs };
    const entry = createEntry(at.key, value, times, marks);
    return { key: at.name, value: entry, ttl: (ttlMs + staleIfError) / 1000 };
  }

  #isTooOld({ wallMs, monotonicMs }: Seen): boolean {
    const age = Math.max(this.#clock.now() - wallMs, monotonic() - monotonicMs);
    return age > OLDEST_FILL_MS;
  }
}

/** Undefined as soon as one version is not known: such an entry could not be invalidated. */
function withTags(
  marks: Marks | undefined,
  added: readonly (Marks['tags'] | undefined)[],
): Marks | undefined {
  if (!marks || added.length === 0) return marks;
  const tags = [...marks.tags];
  for (const more of added) {
    if (!more) return undefined;
    tags.push(...more);
  }
  // The first version of a tag counts: what was invalidated between two readings must stay so.
  return { ...marks, tags: [...new Map(tags.reverse())] };
}

function wrongLength(values: readonly unknown[] | undefined, expected: number): CacheError {
  return new CacheError(
    'LOAD_FAILED',
    `The load of ${expected} keys returned ${values?.length ?? 'no'} values: return one for each, in the order of the keys, ` +
      'and undefined for what is not there.',
  );
}
