import { describe, expect, it } from 'vitest';
import {
  type ConformanceSubject,
  casesFor,
  serializerCases,
  storeConformance,
} from '../../src/testing/index.js';
import { DATA, foreignSerializers } from '../serializers/foreign.js';
import { ownSerializers, slowSerializer } from '../serializers/own.js';

/** The cases of every store, of this package's serializers, and of those that its users may bring. */
const CASES = [
  ...storeConformance,
  ...ownSerializers.flatMap((serializer) => serializerCases(serializer, DATA)),
  ...foreignSerializers.flatMap(([serializer, values]) => serializerCases(serializer, values)),
];

/** A subject, and what has to be closed after its case. */
export interface ClosableSubject extends ConformanceSubject {
  /** Its serializer may return promises. */
  readonly waits?: true;
  dispose?(): Promise<void>;
}

const WAITING = serializerCases(slowSerializer, DATA);

export interface Expectations {
  /** Why some cases cannot run: a capability that is lost unawares fails. */
  readonly lacks?: readonly string[];
  /** Cases that are known to fail, each with what would fix it. One that passes fails the run. */
  readonly mistakes?: Readonly<Record<string, string>>;
}

/** The conformance suite as a suite of Vitest: a new subject for each case. */
export function describeConformance(
  title: string,
  subject: () => ClosableSubject,
  { lacks = [], mistakes = {} }: Expectations = {},
): void {
  describe(title, () => {
    const sample = subject();
    const plan = casesFor(sample, sample.waits ? [...CASES, ...WAITING] : CASES);
    it('runs every case that it should', async () => {
      expect([...new Set(plan.skipped.map(({ reason }) => reason))]).toEqual(lacks);
      const names = plan.cases.map(({ name }) => name);
      expect(names).toEqual(expect.arrayContaining(Object.keys(mistakes)));
      await sample.dispose?.();
    });
    for (const { name, run } of plan.cases) {
      const check = async () => {
        const own = subject();
        try {
          await run(own);
        } finally {
          await own.dispose?.();
        }
      };
      const mistake = mistakes[name];
      if (mistake === undefined) it(name, check);
      else it.fails(`${name} (not yet: ${mistake})`, check);
    }
  });
}
