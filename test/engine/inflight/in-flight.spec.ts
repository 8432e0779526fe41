import { describe, expect, it } from 'vitest';
import { type Basis, InFlightTracker } from '../../../src/engine/inflight/in-flight.js';
import { deferred } from '../../cache-service/helpers.js';

const basis = (version: string, more: Partial<Basis> = {}): Basis => ({
  version,
  versions: [[null, 'p']],
  wallMs: 1_000_000,
  monotonicMs: 1_000,
  ...more,
});

describe('SingleFlight', () => {
  const never = () => new Promise<never>(() => {});

  it.each<[string, Basis, boolean]>([
    ['the same', basis('v1'), true],
    ['another version', basis('v2'), false],
    ['another mark', basis('v1', { versions: [[null, 'q']] }), false],
    ['no marks', basis('v1', { versions: undefined }), false],
    [
      'a mark that the load does not know',
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
    const flights = new InFlightTracker();
    const flight = flights.start('k', basis('v1'), [], never);
    expect(flights.joinable('k', seen)).toBe(joins ? flight : undefined);
    expect(flights.joinable('other', seen)).toBeUndefined();
  });

  it('takes a mark that was missing and has been created for the same', () => {
    const flights = new InFlightTracker();
    const missing = Symbol('missing');
    const flight = flights.start('k', basis('v1', { versions: [['red', missing]] }), [], never);
    flight.versions = [['red', 'created']];
    expect(flights.joinable('k', basis('v1', { versions: [['red', missing]] }))).toBe(flight);
    expect(flights.joinable('k', basis('v1', { versions: [['red', 'created']] }))).toBe(flight);
    expect(flights.joinable('k', basis('v1', { versions: [['red', 'changed']] }))).toBeUndefined();
  });

  it('lets nobody join what has ended or was detached', async () => {
    const flights = new InFlightTracker();
    const ended = flights.start('k', basis('v1'), [], async () => 'value');
    await ended.outcome;
    expect(flights.joinable('k', basis('v1'))).toBeUndefined();
    flights.start('k', basis('v1'), [], never);
    await flights.invalidate(() => true);
    expect(flights.joinable('k', basis('v1'))).toBeUndefined();
  });

  it('lets callers join the youngest load of a key, also when an older one ends', async () => {
    const flights = new InFlightTracker();
    const load = deferred<string>();
    const older = flights.start('k', basis('v1'), [], () => load.promise);
    const younger = flights.start('k', basis('v1'), [], never);
    expect(flights.joinable('k', basis('v1'))).toBe(younger);
    load.resolve('value');
    await older.outcome;
    expect(flights.joinable('k', basis('v1'))).toBe(younger);
  });

  it('waits, when it detaches, for the writes that are on their way', async () => {
    const flights = new InFlightTracker();
    const load = deferred<string>();
    const write = deferred<void>();
    const flight = flights.start('k', basis('v1'), [], () => load.promise);
    flight.writing = write.promise;
    let detached = false;
    const detaching = flights
      .invalidate((each) => each.key === 'k')
      .then(() => {
        detached = true;
      });
    expect(flight.isInvalidated).toBe(true);
    await Promise.resolve();
    expect(detached).toBe(false);
    write.resolve();
    await detaching;
    load.resolve('value');
    await expect(flight.outcome).resolves.toBe('value');
  });

  it('detaches only what matches', async () => {
    const flights = new InFlightTracker();
    const one = flights.start('one', basis('v'), ['red'], () => new Promise(() => {}));
    const two = flights.start('two', basis('v'), ['blue'], () => new Promise(() => {}));
    await flights.invalidate((flight) => flight.tags.has('red'));
    expect([one.isInvalidated, two.isInvalidated]).toEqual([true, false]);
  });

  it('detaches every load of a key, not only the youngest', async () => {
    const flights = new InFlightTracker();
    const older = flights.start('k', basis('v'), [], () => new Promise(() => {}));
    const younger = flights.start('k', basis('v'), [], () => new Promise(() => {}));
    await flights.invalidate((flight) => flight.key === 'k');
    expect([older.isInvalidated, younger.isInvalidated]).toEqual([true, true]);
  });

  it('asks an invalidation of a tag once more when the entry has said which tags it carries', () => {
    const flights = new InFlightTracker();
    const watch = flights.watch('k', ['blue']);
    const other = flights.watch('other', []);
    flights.invalidateReads(({ tags }) => tags.has('red'));
    expect(watch.isOvertaken([])).toBe(false);
    expect(watch.isOvertaken(['red'])).toBe(true);
    expect(other.isOvertaken(['green'])).toBe(false);
    flights.invalidateReads(({ tags }) => tags.has('blue'));
    expect([watch.isOvertaken([]), other.isOvertaken([])]).toEqual([true, false]);
    other.end();
    flights.invalidateReads(() => true);
    expect(other.isOvertaken([])).toBe(false);
  });
});
