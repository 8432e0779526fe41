import assert from 'node:assert/strict';
import type { CacheStore } from '../../model/cache-store.js';
import type { Serializer } from '../../serializers/serializer.js';

/**
 * What the cases run on. Make a new one for every case, since a case may close its store; the data underneath may stay
 * the same, since every case writes keys of its own.
 */
export interface ConformanceSubject {
  readonly store: CacheStore;
  /** Lets time pass for the store, milliseconds: moves its clock, or waits. */
  advance(ms: number): void | Promise<void>;
  /** True where time passes by `advance` alone, so that cases can measure to the millisecond. */
  readonly exactTime?: boolean;
  /** A second instance over the same data, as another process would have. */
  readonly another?: CacheStore;
  /** How long one instance may go on reading what another has overwritten or deleted, milliseconds. Default 0. */
  readonly lagMs?: number;
  /** The same kind of store with this serializer. */
  withSerializer?(serializer: Serializer): CacheStore;
}

/** What a case cannot do without: a member of the store, or one of the subject. */
export type ConformanceNeed = keyof CacheStore | 'exactTime' | 'another' | 'withSerializer';

/** One thing that every store has to do. */
export interface ConformanceCase {
  readonly name: string;
  readonly needs: readonly ConformanceNeed[];
  /** Rejects, with an `AssertionError` as a rule, when the store does otherwise. */
  run(subject: ConformanceSubject): Promise<void>;
}

/** A store that has the members named by `K`. */
export type Able<K> = CacheStore & Required<Pick<CacheStore, Extract<K, keyof CacheStore>>>;

/** A subject that has what `K` names. */
export interface Equipped<K> {
  readonly store: Able<K>;
  readonly another: 'another' extends K ? Able<K> : undefined;
  readonly withSerializer: 'withSerializer' extends K
    ? (serializer: Serializer) => CacheStore
    : undefined;
  readonly lagMs?: number;
  advance(ms: number): void | Promise<void>;
}

/** Ties a check to what it needs, so that it can neither run without it nor forget to say so. */
export function defineCase<const K extends ConformanceNeed>(
  name: string,
  needs: readonly K[],
  check: (subject: Equipped<K>) => Promise<void>,
): ConformanceCase {
  return {
    name,
    needs,
    async run(subject) {
      const missing = missingNeeds(needs, subject);
      if (missing.length > 0) throw new Error(`"${name}" cannot run: ${missing.join(', ')}.`);
      await check(subject as unknown as Equipped<K>);
    },
  };
}

/** What keeps a case from running on this subject, in words. */
export function missingNeeds(
  needs: readonly ConformanceNeed[],
  subject: ConformanceSubject,
): string[] {
  return needs.flatMap((need) => {
    if (need === 'exactTime' || need === 'another' || need === 'withSerializer') {
      return subject[need] ? [] : [`the subject has no ${need}`];
    }
    return subject.store[need] === undefined ? [`the store has no ${need}`] : [];
  });
}

/** What a careless caller does to what it has read; a store that shares values must not let it. */
export function spoil(store: CacheStore, list: unknown[] | undefined): void {
  const change = () => list?.push('spoiled');
  if (store.sharesFrozen) assert.throws(change, TypeError, 'a shared value can be changed');
  else change();
}

/** The start of keys that no other case, run or process has. */
export const freshPrefix = (): string => `conformance-${crypto.randomUUID()}:`;

/** The numbers from 0 up. */
export const count = (length: number): number[] => Array.from({ length }, (_, i) => i);
