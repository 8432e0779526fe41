import { describe, expect, it } from 'vitest';
import { InFlightTracker } from '../../../src/engine/inflight/in-flight.js';
import type { LoadBasis } from '../../../src/engine/inflight/in-flight-load.js';
import { LoadRun } from '../../../src/engine/inflight/load-run.js';
import { MISSING } from '../../../src/model/dependency.js';
import { FAILED } from '../../../src/model/failed.js';
import { deferred } from '../../cache-service/helpers.js';

const basis = (version: string, more: Partial<LoadBasis> = {}): LoadBasis => ({
  version,
  versions: [[null, 'p']],
  wallMs: 1_000_000,
  monotonicMs: 1_000,
  ...more,
});

function start<T>(
  tracker: InFlightTracker,
  key: string,
  snapshot: LoadBasis,
  tags: readonly string[],
  work: () => Promise<T>,
) {
  const address = { key, storageKey: key };
  return tracker.start({ address, snapshot, tags, run: new LoadRun(), callers: [] }, work);
}

/** By default for a caller that has called just now. */
const joinable = (
  tracker: InFlightTracker,
  key: string,
  snapshot: LoadBasis,
  called = tracker.watch({ storageKey: key, tags: [] }).order,
) => tracker.joinable(key, snapshot, called);

describe('InFlightTracker', () => {
  const never = () => new Promise<never>(() => {});

  it.each<[string, LoadBasis, boolean]>([
    ['the same', basis('v1'), true],
    ['another version', basis('v2'), false],
    ['another version of the prefix', basis('v1', { versions: [[null, 'q']] }), false],
    ['no versions', basis('v1', { versions: undefined }), false],
    [
      'a version that the load does not know',
      basis('v1', {
        versions: [
          [null, 'p'],
          ['red', 'r'],
        ],
      }),
      false,
    ],
    ['the same, a quarter of an hour later', basis('v1', { wallMs: 1_900_000 }), true],
    ['the same, later by the wall clock', basis('v1', { wallMs: 1_900_001 }), false],
    ['the same, later by the monotonic clock', basis('v1', { monotonicMs: 901_001 }), false],
  ])('lets a caller join who has seen %s: %#', (_name, seen, joins) => {
    const tracker = new InFlightTracker();
    const running = start(tracker, 'k', basis('v1'), [], never);
    expect(joinable(tracker, 'k', seen)).toBe(joins ? running : undefined);
    expect(joinable(tracker, 'other', seen)).toBeUndefined();
  });

  it.each<[string, LoadBasis]>([
    ['the key', basis('v1', { version: undefined, versions: undefined })],
    ['a tag', basis('v1', { versions: [['red', FAILED]] })],
  ])('lets a caller who could not read %s join only what began after its call', (_what, unread) => {
    const tracker = new InFlightTracker();
    const before = tracker.watch({ storageKey: 'k', tags: [] });
    const running = start(tracker, 'k', unread, [], never);
    const after = tracker.watch({ storageKey: 'k', tags: [] });
    expect(joinable(tracker, 'k', unread, before.order)).toBe(running);
    expect(joinable(tracker, 'k', unread, after.order)).toBeUndefined();
    running.addTags(['red']);
    expect(joinable(tracker, 'k', unread, before.order)).toBe(running);
    running.invalidate();
    expect(joinable(tracker, 'k', unread, before.order)).toBeUndefined();
  });

  it('takes a version that was missing and has been created for the same', () => {
    const tracker = new InFlightTracker();
    const running = start(tracker, 'k', basis('v1', { versions: [['red', MISSING]] }), [], never);
    running.carry([['red', 'created']]);
    expect(joinable(tracker, 'k', basis('v1', { versions: [['red', 'created']] }))).toBe(running);
    expect(joinable(tracker, 'k', basis('v1', { versions: [['red', 'changed']] }))).toBeUndefined();
  });

  it('takes no two missing versions for the same: one that an invalidation wrote may have been evicted', () => {
    const tracker = new InFlightTracker();
    const missing = basis('v1', { versions: [['red', MISSING]] });
    const calledBefore = tracker.watch({ storageKey: 'k', tags: [] }).order;
    const running = start(tracker, 'k', missing, [], never);
    const calledAfter = tracker.watch({ storageKey: 'k', tags: [] }).order;
    expect(tracker.joinable('k', missing, calledBefore)).toBe(running);
    expect(tracker.joinable('k', missing, calledAfter)).toBeUndefined();
  });

  it('lets nobody join what has ended or was invalidated', async () => {
    const tracker = new InFlightTracker();
    const ended = start(tracker, 'k', basis('v1'), [], async () => 'value');
    await ended.outcome;
    expect(joinable(tracker, 'k', basis('v1'))).toBeUndefined();
    start(tracker, 'k', basis('v1'), [], never);
    await tracker.invalidate(() => true);
    expect(joinable(tracker, 'k', basis('v1'))).toBeUndefined();
  });

  it('lets callers join the youngest load of a key, also when an older one ends', async () => {
    const tracker = new InFlightTracker();
    const load = deferred<string>();
    const older = start(tracker, 'k', basis('v1'), [], () => load.promise);
    const younger = start(tracker, 'k', basis('v1'), [], never);
    expect(joinable(tracker, 'k', basis('v1'))).toBe(younger);
    load.resolve('value');
    await older.outcome;
    expect(joinable(tracker, 'k', basis('v1'))).toBe(younger);
  });

  it('lets nobody join a value that is being written if its load added tags', async () => {
    const tracker = new InFlightTracker();
    const unreadable = basis('v1', { versions: undefined });
    const { order } = tracker.watch({ storageKey: 'k', tags: [] });
    for (const tags of [[], ['late']]) {
      const load = deferred<string>();
      const running = start(tracker, 'k', basis('v1'), [], () => load.promise);
      if (tags.length > 0) running.addTags(tags);
      running.write(never(), Number.POSITIVE_INFINITY);
      running.handOut('copy', never());
      load.resolve('value');
      await running.outcome;
      const expected = tags.length > 0 ? undefined : running;
      expect(joinable(tracker, 'k', basis('v1'))).toBe(expected);
      expect(joinable(tracker, 'k', unreadable, order)).toBe(expected);
    }
  });

  it('waits, when it invalidates, for the writes that are on their way', async () => {
    const tracker = new InFlightTracker();
    const load = deferred<string>();
    const write = deferred<void>();
    const running = start(tracker, 'k', basis('v1'), [], () => load.promise);
    running.write(write.promise, Number.POSITIVE_INFINITY);
    let invalidated = false;
    const invalidating = tracker
      .invalidate((each) => each.storageKey === 'k')
      .then(() => {
        invalidated = true;
      });
    expect(running.isInvalidated).toBe(true);
    await Promise.resolve();
    expect(invalidated).toBe(false);
    write.resolve();
    await invalidating;
    load.resolve('value');
    await expect(running.outcome).resolves.toBe('value');
  });

  it('invalidates only what matches', async () => {
    const tracker = new InFlightTracker();
    const one = start(tracker, 'one', basis('v'), ['red'], () => new Promise(() => {}));
    const two = start(tracker, 'two', basis('v'), ['blue'], () => new Promise(() => {}));
    await tracker.invalidate((running) => running.tags.has('red'));
    expect([one.isInvalidated, two.isInvalidated]).toEqual([true, false]);
  });

  it('invalidates every load of a key, not only the youngest', async () => {
    const tracker = new InFlightTracker();
    const older = start(tracker, 'k', basis('v'), [], () => new Promise(() => {}));
    const younger = start(tracker, 'k', basis('v'), [], () => new Promise(() => {}));
    await tracker.invalidate((running) => running.storageKey === 'k');
    expect([older.isInvalidated, younger.isInvalidated]).toEqual([true, true]);
  });

  it('leaves a load that has begun when the invalidation of reads is confirmed, and no other', () => {
    const tracker = new InFlightTracker();
    const begun = start(tracker, 'k', basis('v'), [], never);
    const waiting = start(tracker, 'k', basis('v'), [], never);
    begun.begin();
    tracker.invalidateReads(() => true);
    expect([begun.isInvalidated, waiting.isInvalidated]).toEqual([false, true]);
  });

  it('lets no caller join who has read fewer dependencies than the load', () => {
    const tracker = new InFlightTracker();
    const versions: LoadBasis['versions'] = [
      [null, 'p'],
      ['red', 'r'],
    ];
    const running = start(tracker, 'k', basis('v', { versions }), ['red'], never);
    expect(joinable(tracker, 'k', basis('v', { versions }))).toBe(running);
    expect(joinable(tracker, 'k', basis('v'))).toBeUndefined();
  });

  it('asks an invalidation of a tag once more when the entry has said which tags it carries', () => {
    const tracker = new InFlightTracker();
    const watch = tracker.watch({ storageKey: 'k', tags: ['blue'] });
    const other = tracker.watch({ storageKey: 'other', tags: [] });
    tracker.invalidateReads(({ tags }) => tags.has('red'));
    expect(watch.isInvalidated([])).toBe(false);
    expect(watch.isInvalidated(['red'])).toBe(true);
    expect(other.isInvalidated(['green'])).toBe(false);
    tracker.invalidateReads(({ tags }) => tags.has('blue'));
    expect([watch.isInvalidated([]), other.isInvalidated([])]).toEqual([true, false]);
    other.end();
    tracker.invalidateReads(() => true);
    expect(other.isInvalidated([])).toBe(false);
  });

  it('forgets a read that fails', async () => {
    const tracker = new InFlightTracker();
    const failing = tracker.guard(
      { storageKey: 'k', tags: [] },
      () => Promise.reject(new Error('no clock')),
      () => {},
    );
    await expect(failing).rejects.toThrow('no clock');
    const asked: string[] = [];
    tracker.invalidateReads(({ storageKey }) => asked.push(storageKey) > 0);
    expect(asked).toEqual([]);
  });
});
