import { describe, expect, it } from 'vitest';
import { type ConformanceSubject, casesFor } from '../../src/testing/index.js';

/** A subject, and what has to be closed after its case. */
export interface ClosableSubject extends ConformanceSubject {
  dispose?(): Promise<void>;
}

/**
 * The conformance suite as a suite of Vitest: a new subject for each case. `lacks` says why some cases cannot run; a
 * capability that is lost unawares fails.
 */
export function describeConformance(
  title: string,
  subject: () => ClosableSubject,
  lacks: readonly string[] = [],
): void {
  describe(title, () => {
    const sample = subject();
    const plan = casesFor(sample);
    it('runs every case that it should', async () => {
      expect([...new Set(plan.skipped.map(({ reason }) => reason))]).toEqual(lacks);
      await sample.dispose?.();
    });
    for (const { name, run } of plan.cases) {
      it(name, async () => {
        const own = subject();
        try {
          await run(own);
        } finally {
          await own.dispose?.();
        }
      });
    }
  });
}
