import { givenObject } from '../../model/given.js';
import { batchCases } from './batches.js';
import { type ConformanceCase, type ConformanceSubject, missingNeeds } from './case.js';
import { expiryCases } from './expiry.js';
import { fenceCases } from './fence.js';
import { peekCases } from './get-if-present.js';
import { keyCases } from './keys.js';
import { patternCases } from './patterns.js';
import { refusedValueCases, serializingCases } from './serializers.js';
import { valueCases } from './values.js';
import { writeBackCases } from './write-back.js';
import { writeCases } from './writes.js';

/**
 * The requirements for every store, as data for any test runner. The stores of this package pass them. `casesFor` picks
 * the cases that a store can run.
 */
export const storeConformance: readonly ConformanceCase[] = [
  ...valueCases,
  ...refusedValueCases,
  ...serializingCases,
  ...peekCases,
  ...keyCases,
  ...expiryCases,
  ...writeCases,
  ...batchCases,
  ...fenceCases,
  ...writeBackCases,
  ...patternCases,
];

/** The cases that a subject can run, and the skipped ones with the reason. */
export interface ConformancePlan {
  readonly cases: readonly ConformanceCase[];
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
}

/**
 * Finds the cases that a subject can run, by default in `storeConformance`. The others are returned with the reason.
 *
 * @example
 * ```ts
 * import { test } from 'node:test';
 * import { MemoryCacheStore } from '@glasswork/cache';
 * import { casesFor, createVirtualClock } from '@glasswork/cache/testing';
 *
 * function subject() {
 *   const clock = createVirtualClock();
 *   return { store: new MemoryCacheStore({ clock }), advance: clock.advance, exactTime: true };
 * }
 *
 * const { cases, skipped } = casesFor(subject());
 * for (const { name, run } of cases) test(name, () => run(subject()));
 * for (const { name, reason } of skipped) test(name, { skip: reason });
 * ```
 */
export function casesFor(
  subject: ConformanceSubject,
  of: readonly ConformanceCase[] = storeConformance,
): ConformancePlan {
  givenObject(givenObject(subject, 'subject').store, 'subject.store');
  const cases: ConformanceCase[] = [];
  const skipped: { name: string; reason: string }[] = [];
  for (const one of of) {
    const missing = missingNeeds(one.needs, subject);
    if (missing.length === 0) cases.push(one);
    else skipped.push({ name: one.name, reason: missing.join(', ') });
  }
  return { cases, skipped };
}
