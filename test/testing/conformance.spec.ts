import { describe, expect, it } from 'vitest';
import { MemoryCacheStore } from '../../src/stores/memory/memory-cache-store.js';
import {
  type ConformanceCase,
  casesFor,
  createVirtualClock,
  storeConformance,
} from '../../src/testing/index.js';
import { batches } from './broken/batches.js';
import type { BrokenStore } from './broken/broken-store.js';
import { expiry } from './broken/expiry.js';
import { fence } from './broken/fence.js';
import { getIfPresent } from './broken/get-if-present.js';
import { instances } from './broken/instances.js';
import { keys } from './broken/keys.js';
import { patterns } from './broken/patterns.js';
import { serializing } from './broken/serializing.js';
import { values } from './broken/values.js';
import { writeBack } from './broken/write-back.js';
import { writes } from './broken/writes.js';

const brokenStores = [
  ...values,
  ...serializing,
  ...keys,
  ...expiry,
  ...writes,
  ...batches,
  ...fence,
  ...writeBack,
  ...patterns,
  ...getIfPresent,
  ...instances,
];

function subjectOf(broken: BrokenStore) {
  const clock = createVirtualClock();
  return { ...broken.create(clock), advance: clock.advance, exactTime: true };
}

/** True if the case finds fault with the store's behaviour, not with the test. */
async function fails({ run }: ConformanceCase, broken: BrokenStore): Promise<boolean> {
  return run(subjectOf(broken)).then(
    () => false,
    () => true,
  );
}

describe('the conformance suite', () => {
  it.each(brokenStores)('catches a store that $what', async (broken) => {
    const { cases } = casesFor(subjectOf(broken));
    const failed = [];
    for (const one of cases) if (await fails(one, broken)) failed.push(one.name);
    expect(failed).toEqual(expect.arrayContaining([...broken.caughtBy]));
    // One mistake is no reason to fail everything: the names of the failed cases say what it was.
    expect(failed.length).toBeLessThan(cases.length / 2);
  });

  it('has no case that nothing here makes fail', () => {
    const caught = new Set(brokenStores.flatMap(({ caughtBy }) => caughtBy));
    // Cases that differ from a caught one only in their data.
    const alike =
      /^(stores and returns|rejects .* and stores nothing|separates keys|refuses a fill of a key|deletes by a pattern:)/;
    const never = storeConformance.filter(({ name }) => !caught.has(name) && !alike.test(name));
    expect(never.map(({ name }) => name)).toEqual([]);
  });

  it('calls every case by a name of its own', () => {
    const names = storeConformance.map(({ name }) => name);
    expect(names).toEqual([...new Set(names)]);
  });
});

describe('the choice of cases', () => {
  const { get, set, del } = new MemoryCacheStore();
  const least = { store: { name: 'least', get, set, del }, advance: () => {} };

  it('runs or skips every case', () => {
    const { cases, skipped } = casesFor(least);
    const names = [...cases, ...skipped].map(({ name }) => name);
    expect(names.toSorted()).toEqual(storeConformance.map(({ name }) => name).toSorted());
  });

  it('says what is missing', () => {
    const { skipped } = casesFor(least);
    expect(skipped).toContainEqual({
      name: 'reads a batch in the order of its keys',
      reason: 'the store has no getMany',
    });
    expect(skipped).toContainEqual({
      name: 'accepts an add from only one of two instances',
      reason: 'the subject has no another, the store has no add',
    });
    expect(skipped).toContainEqual({
      name: 'holds a value for 30 days, and no longer',
      reason: 'the subject has no exactTime',
    });
  });

  it('runs on the least store what needs no more', () => {
    const { cases } = casesFor(least);
    expect(cases.flatMap(({ needs }) => needs)).toEqual([]);
    expect(cases.length).toBeGreaterThan(30);
  });

  it('rejects a case that is run without what it needs', async () => {
    const one = storeConformance.find(({ needs }) => needs.includes('add')) as ConformanceCase;
    await expect(one.run(least)).rejects.toThrow('the store has no add');
  });

  it('waits on a store whose time cannot be moved', async () => {
    const waits: number[] = [];
    const clock = createVirtualClock();
    const advance = async (ms: number) => {
      waits.push(ms);
      clock.advance(ms);
    };
    const { cases } = casesFor({ store: new MemoryCacheStore({ clock }), advance });
    for (const { run } of cases) await run({ store: new MemoryCacheStore({ clock }), advance });
    // Real time passes for such a store: what all the cases wait for together is bearable.
    expect(waits.reduce((sum, ms) => sum + ms, 0)).toBeLessThan(5_000);
  });
});
