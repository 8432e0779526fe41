import { describe, expect, it } from 'vitest';
import { jsonSerializer } from '../../src/serializers/json.js';
import { serializerCases, storeConformance } from '../../src/testing/index.js';
import { unnoticedLies } from './lies.js';

type Lies = Readonly<Record<string, number>>;

/** The lies that a case cannot notice, or need not. All rules that fit its name are added up. */
const UNNOTICED: readonly (readonly [cases: RegExp, lies: Lies])[] = [
  // A copy that is read only to be spoiled.
  [/^(isolates the value from the object that a read|lets no reader)/, { 'answer of get': 1 }],
  [/^reads a batch with a repeated key/, { 'answer of getMany': 1 }],
  [/^isolates filled and versioned/, { 'answer of getVersioned': 1 }],
  [/^getIfPresent lets/, { 'answer of get': 1, 'answer of getIfPresent': 1 }],
  // Reads that must have no effect, or be rejected.
  [/^does not extend the ttl on a read/, { 'answer of get': 4 }],
  [/^returns one version for all reads/, { 'answer of get': 1 }],
  [/^rejects the read/, { 'answer of get': 1 }],
  [
    /^accepts a fill after reads/,
    { 'answer of get': 1, 'answer of has': 1, 'answer of getMany': 1 },
  ],
  // Reads whose version alone counts, or whose expiry.
  [
    /^(refuses a fill of|accepts (a fill|exactly one of twenty fills)|changes nothing|isolates filled)/,
    { 'answer of getVersioned': 1 },
  ],
  [
    /^(fills with|takes a value|shows .* to a consistent|reads a key)/,
    { 'answer of getVersioned': 1 },
  ],
  [/, after another fill$/, { 'answer of getVersioned': 1 }],
  [/^(lets (del|set)|refuses a fill after)/, { 'answer of getVersioned': 3 }],
  [/^fences each key/, { 'answer of getVersioned': 2 }],
  [/^fences keys/, { 'answer of getVersioned': 5 }],
  [/^returns the expiry/, { 'answer of getVersioned': 4 }],
  // The other of two concurrent calls, and the calls before the one that counts.
  [/^lets (del|set)/, { 'answer of setIfUnchanged': 4, 'effect of setIfUnchanged': 3 }],
  [/^refuses .* read as deleted, after (?!add)/, { 'effect of del': 1 }],
  [/^refuses .* read as expired, after (?!add)/, { 'effect of advance': 1 }],
  [/^returns one version .* deleted$/, { 'effect of del': 1 }],
  [/^returns one version .* expired$/, { 'effect of advance': 1 }],
  [/^refuses .*, after del and set/, { 'effect of del': 1 }],
  [/^refuses .*, after clear and set/, { 'effect of clear': 1 }],
  [/^refuses .*, after add$/, { 'answer of add': 1 }],
  [/^refuses .*, after delByPattern$/, { 'answer of delByPattern': 1 }],
  [/^refuses a fill after another instance/, { 'effect of del': 1 }],
  [/^(restarts the ttl|takes a value back)/, { 'effect of advance': 1 }],
  [/^holds a value for/, { 'effect of advance': 2 }],
  [/^holds a value for one millisecond/, { 'effect of advance': 1 }],
  [/^shows writes to another/, { 'effect of advance': 2 }],
  // Writes that need only not fail.
  [/^returns undefined for keys named/, { 'effect of del': 4 }],
  [/^deletes absent and deleted keys/, { 'effect of del': 3 }],
  [/^clears all keys/, { 'effect of clear': 1, 'effect of del': 1 }],
  [/^writes an empty batch/, { 'effect of setMany': 1 }],
  [/^deletes an empty batch/, { 'effect of delMany': 1 }],
  [/^does not count deleted keys/, { 'effect of del': 1 }],
  [/^does not count expired keys/, { 'effect of delByPattern': 1 }],
  // The tests of the service judge its use of the answers.
  [
    /^serializes values/,
    {
      ...{ 'answer of getVersioned': 8, 'answer of get': 1 },
      ...{ 'answer of add': 3, 'answer of setIfUnchanged': 1 },
      ...{ 'effect of add': 3, 'effect of setIfUnchanged': 1 },
    },
  ],
  [
    /to all callers of a service$/,
    {
      ...{ 'answer of getVersioned': 3, 'answer of getIfPresent': 2 },
      ...{ 'answer of add': 1, 'answer of setIfUnchanged': 1 },
    },
  ],
];

const cases = [...storeConformance, ...serializerCases(jsonSerializer, [['a number', () => 1]])];

describe('a case of the conformance suite', () => {
  it.each(cases)('notices every lie of a store: $name', async (one) => {
    const expected: Record<string, number> = {};
    for (const [names, lies] of UNNOTICED)
      if (names.test(one.name))
        for (const [lie, n] of Object.entries(lies)) expected[lie] = (expected[lie] ?? 0) + n;
    expect(await unnoticedLies(one)).toEqual(expected);
  });
});
