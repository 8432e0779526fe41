import { describe, expect, it } from 'vitest';
import { carriedWith, Gates } from '../../../src/http/pages/gates.js';
import { Remembered } from '../../../src/http/pages/remembered.js';
import type { Page } from '../../../src/http/pages/stored.js';
import { PASS_MS, Unstorable } from '../../../src/http/pages/unstorable.js';
import { page } from './page.js';

const WORTH_MS = 600_000;

describe('the gates of variants', () => {
  it('are shared until the last request leaves', () => {
    const gates = new Gates();
    const gate = gates.enter('v', 'k');
    expect(gates.enter('v', 'k')).toBe(gate);
    gates.leave('v', gate);
    expect(gates.get('v')).toBe(gate);
    gates.leave('v', gate);
    expect(gates.get('v')).toBeUndefined();
    expect(gates.enter('v', 'k')).not.toBe(gate);
  });

  it('are not closed by who left an earlier one', () => {
    const gates = new Gates();
    const earlier = gates.enter('v', 'k');
    gates.leave('v', earlier);
    const later = gates.enter('v', 'k');
    gates.leave('v', earlier);
    expect(gates.get('v')).toBe(later);
  });

  it('tell which URLs are busy', () => {
    const gates = new Gates();
    expect(gates.isBusy('k')).toBe(false);
    gates.enter('v', 'k');
    expect([gates.isBusy('k'), gates.isBusy('other')]).toEqual([true, false]);
  });

  it('tell those who wait when they are released', async () => {
    const gate = new Gates().enter('v', 'k');
    expect(gate.isReleased).toBe(false);
    gate.release();
    expect(gate.isReleased).toBe(true);
    const outcome = await Promise.race([
      gate.released,
      new Promise((resolve) => setImmediate(resolve, 'not released')),
    ]);
    expect(outcome).toBe('released');
  });
});

describe('the versions that a joined response carries', () => {
  it.each<[string, Partial<Page>, boolean]>([
    ['the last one', {}, true],
    ['one of another time', { receivedMs: 2 }, false],
    ['one of another text', { text: 'b' }, false],
    ['one of other bytes', { base64: '////' }, false],
  ])('are known of %s', (_name, changes, isKnown) => {
    const gate = new Gates().enter('v', 'k');
    const carried = new Map([['tag', 'version']]);
    const last = page({ receivedMs: 1, text: 'a' });
    expect(carriedWith(gate, last)).toBeUndefined();
    gate.last = { page: last, carried };
    expect(carriedWith(gate, { ...last, ...changes })).toBe(isKnown ? carried : undefined);
  });
});

describe('what is remembered', () => {
  it('is the latest, up to a number', () => {
    const remembered = new Remembered<number>(2);
    remembered.set('a', 1);
    remembered.set('b', 2);
    expect(remembered.keys()).toEqual(['a', 'b']);
    remembered.set('a', 3);
    remembered.set('c', 4);
    expect(remembered.keys()).toEqual(['a', 'c']);
    expect([remembered.get('a'), remembered.get('b')]).toEqual([3, undefined]);
    remembered.delete('a');
    expect(remembered.keys()).toEqual(['c']);
  });
});

describe('a response that could not be stored', () => {
  it('is known for ten seconds', () => {
    const known = new Unstorable();
    known.refused('v', 'r', 'private', 1_000);
    expect([known.isKnown('v', 1_000), known.isKnown('w', 1_000)]).toEqual([true, false]);
    expect(known.isKnown('v', 1_000 + PASS_MS - 1)).toBe(true);
    expect(known.isKnown('v', 1_000 + PASS_MS)).toBe(false);
  });

  it('is likely the next of its route for ten seconds', () => {
    const known = new Unstorable();
    expect(known.isLikely('r', 0)).toBe(false);
    known.refused('v', 'r', 'private', 1_000);
    expect([known.isLikely('r', 1_000), known.isLikely('other', 1_000)]).toEqual([true, false]);
    expect(known.isLikely('r', 1_000 + PASS_MS - 1)).toBe(true);
    expect(known.isLikely('r', 1_000 + PASS_MS)).toBe(false);
  });

  it('is not likely because of a request', () => {
    const known = new Unstorable();
    known.refused('v', 'r', 'credentials', 0);
    expect([known.isKnown('v', 0), known.isLikely('r', 0)]).toEqual([true, false]);
  });

  it('is not likely within ten minutes of one that was stored', () => {
    const known = new Unstorable();
    known.stored('w', 'r', 0);
    known.refused('v', 'r', 'private', WORTH_MS);
    expect(known.isLikely('r', WORTH_MS)).toBe(false);
    expect(known.isLikely('r', WORTH_MS + 1)).toBe(true);
  });

  it('is forgotten once it is stored', () => {
    const known = new Unstorable();
    known.refused('v', undefined, 'private', 0);
    expect(known.isLikely(undefined, 0)).toBe(true);
    known.stored('v', undefined, 0);
    expect([known.isKnown('v', 0), known.isLikely(undefined, 0)]).toEqual([false, false]);
  });

  it('is known for longer if it passes once more, and forgotten if it could be stored', () => {
    const known = new Unstorable();
    known.refused('v', 'r', 'private', 0);
    known.passed('v', 'r', 'no-store', 5_000);
    expect(known.isKnown('v', 5_000 + PASS_MS - 1)).toBe(true);
    known.passed('v', 'r', undefined, 6_000);
    expect(known.isKnown('v', 6_000)).toBe(false);
  });

  it('for a reason other than headers is not judged again by headers', () => {
    const known = new Unstorable();
    known.refused('v', 'r', 'body', 0);
    known.passed('v', 'r', undefined, 1_000);
    expect(known.isKnown('v', 1_000)).toBe(true);
    known.passed('v', 'r', 'private', 1_000);
    expect(known.isKnown('v', PASS_MS)).toBe(false);
  });

  it('is known from the first that passes', () => {
    const known = new Unstorable();
    known.passed('v', 'r', 'private', 0);
    expect(known.isKnown('v', 0)).toBe(true);
  });
});
