import assert from 'node:assert/strict';
import type { CacheStore } from '../../model/cache-store.js';
import type { Serializer } from '../../serializers/serializer.js';

/**
 * A store under test. Make a new one for every case, because a case may close its store. The data underneath may stay,
 * because every case writes its own keys.
 */
export interface ConformanceSubject {
  readonly store: CacheStore;
  /** Lets this many milliseconds pass for the store: moves its clock, or waits. */
  advance(ms: number): void | Promise<void>;
  /** True if time passes only by `advance`, so that cases can measure to the millisecond. */
  readonly exactTime?: boolean;
  /** A second instance over the same data, as in another process. */
  readonly another?: CacheStore;
  /** The time for which an instance may still read values that another has overwritten or deleted, ms. Default 0. */
  readonly lagMs?: number;
  /** The same kind of store with this serializer. */
  withSerializer?(serializer: Serializer): CacheStore;
}

/** A member of the store, or of the subject, that a case needs. */
export type ConformanceNeed = keyof CacheStore | 'exactTime' | 'another' | 'withSerializer';

/** One requirement that every store must meet. */
export interface ConformanceCase {
  readonly name: string;
  readonly needs: readonly ConformanceNeed[];
  /** Rejects, usually with an `AssertionError`, if the store does not meet it. */
  run(subject: ConformanceSubject): Promise<void>;
}

/** A store that has the members named by `K`. */
export type Able<K> = CacheStore & Required<Pick<CacheStore, Extract<K, keyof CacheStore>>>;

/** A subject that has the members named by `K`. */
export interface Equipped<K> {
  readonly store: Able<K>;
  readonly another: 'another' extends K ? Able<K> : undefined;
  readonly withSerializer: 'withSerializer' extends K
    ? (serializer: Serializer) => CacheStore
    : undefined;
  readonly lagMs?: number;
  advance(ms: number): void | Promise<void>;
}

/** Ties a check to its needs, so that it can neither run without them nor fail to declare them. */
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
      // `missingNeeds` has found every member of the type.
      await check(subject as unknown as Equipped<K>);
    },
  };
}

/** The needs of a case that this subject lacks, in words. */
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

/** Changes a value as a careless caller would. A store that shares frozen values must prevent it. */
export function spoil(store: CacheStore, list: unknown[] | undefined): void {
  const change = () => list?.push('spoiled');
  if (store.sharesFrozen) assert.throws(change, TypeError, 'a shared value can be changed');
  else change();
}

/** A prefix for keys that no other case, run or process uses. */
export const freshPrefix = (): string => `conformance-${crypto.randomUUID()}:`;

/** The numbers from 0 up. */
export const count = (length: number): number[] => Array.from({ length }, (_, i) => i);
