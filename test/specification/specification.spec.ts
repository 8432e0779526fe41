import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { root } from '../../scripts/run.js';
import { findsViolation, SPECIFICATIONS as NAMES } from '../../scripts/specification.js';
import { readSpecification, seed } from './quint.js';

// The promises of docs/invalidation.md, checked by a simulator that other people wrote. Each wrong module lacks one rule.
const SPECIFICATIONS = [
  {
    name: 'fence',
    samples: 2_000,
    wrong: [
      'withoutTombstone',
      'withATombstoneWithoutVersion',
      'withoutCounter',
      'withoutAgeLimit',
    ],
    vacuous: 'nothingIsFilled',
  },
  {
    name: 'eviction',
    samples: 3_000,
    wrong: ['withoutToken', 'withATokenThatStays'],
    vacuous: 'nothingIsFilled',
  },
  {
    name: 'tags',
    samples: 2_000,
    wrong: ['withoutCondition', 'withoutConsistentRead', 'withoutCounter'],
    vacuous: 'nothingIsStale',
  },
  {
    name: 'lease',
    samples: 3_000,
    wrong: ['withoutVersion', 'withAReleaseOfAny'],
    vacuous: 'nobodyWaits',
  },
] as const;

/** A wrong rule is found within hundreds of runs. */
const ENOUGH_FOR_A_WRONG_RULE = 20_000;

describe.each(SPECIFICATIONS)(
  `the specification of $name (SPECIFICATION_SEED=${seed})`,
  ({ name, samples, wrong, vacuous }) => {
    const simulate = (main: string, invariant: string, most: number) =>
      findsViolation({ name, main, invariant, samples: most, seed });

    it('keeps its promise', async () => {
      expect(await simulate('right', 'promise', samples)).toBe(false);
    });

    it('does what it promises something about', async () => {
      expect(await simulate('right', vacuous, samples)).toBe(true);
    });

    it.each(wrong)('breaks its promise %s', async (main) => {
      expect(await simulate(main, 'promise', ENOUGH_FOR_A_WRONG_RULE)).toBe(true);
    });

    it('names every module that lacks a rule', async () => {
      const modules = [...(await readSpecification(name)).matchAll(/^module (\w+)/gm)];
      expect(modules.map(([, module]) => module)).toEqual([name, 'right', ...wrong]);
    });
  },
);

it('runs in CI for a minute', () => {
  expect(SPECIFICATIONS.map(({ name }) => name)).toEqual(NAMES);
  const steps = readFileSync(`${root}.ci/run`, 'utf8');
  expect(steps).toContain('step npx tsx scripts/specification.ts --seconds 60');
});
