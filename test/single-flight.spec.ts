import { describe, expect, it } from 'vitest';
import { copyOf, SingleFlight } from '../src/single-flight.js';
import { deferred } from './cache-service/helpers.js';

describe('copyOf', () => {
  it.each([0, '', false, null, undefined, 'text'])('gives %j as it is', (value) => {
    expect(copyOf(value)).toBe(value);
  });

  it('copies all the way down', () => {
    const value = { list: [{ n: 1 }], when: new Date(5), map: new Map([['a', { n: 2 }]]) };
    const copy = copyOf(value);
    expect(copy).toEqual(value);
    expect(copy).not.toBe(value);
    expect(copy.list[0]).not.toBe(value.list[0]);
    expect(copy.map.get('a')).not.toBe(value.map.get('a'));
  });

  it('copies cycles', () => {
    const value: { self?: unknown } = {};
    value.self = value;
    const copy = copyOf(value);
    expect(copy).not.toBe(value);
    expect(copy.self).toBe(copy);
  });

  it('copies a value with functions as a hit would give it', () => {
    const value = { name: 'Ada', greet: () => 'hello', inner: { n: 1 } };
    const copy = copyOf(value);
    expect(copy).toEqual({ name: 'Ada', inner: { n: 1 } });
    expect(copy.inner).not.toBe(value.inner);
  });

  it('gives back what nothing can copy', () => {
    const value: { run: () => void; self?: unknown } = { run: () => {} };
    value.self = value;
    expect(copyOf(value)).toBe(value);
  });
});

describe('SingleFlight', () => {
  it('waits, when it detaches, for the writes that are on their way', async () => {
    const flights = new SingleFlight();
    const load = deferred<string>();
    const write = deferred<void>();
    const flight = flights.start('k', 'v1', [], () => load.promise);
    flight.writing = write.promise;
    let detached = false;
    const detaching = flights
      .detach((each) => each.key === 'k')
      .then(() => {
        detached = true;
      });
    expect(flight.detached).toBe(true);
    await Promise.resolve();
    expect(detached).toBe(false);
    write.resolve();
    await detaching;
    load.resolve('value');
    await expect(flight.outcome).resolves.toBe('value');
  });

  it('detaches only what matches', async () => {
    const flights = new SingleFlight();
    const one = flights.start('one', 'v', ['red'], () => new Promise(() => {}));
    const two = flights.start('two', 'v', ['blue'], () => new Promise(() => {}));
    await flights.detach((flight) => flight.tags.has('red'));
    expect([one.detached, two.detached]).toEqual([true, false]);
  });

  it('detaches every load of a key, not only the youngest', async () => {
    const flights = new SingleFlight();
    const older = flights.start('k', 'v', [], () => new Promise(() => {}));
    const younger = flights.start('k', 'v', [], () => new Promise(() => {}));
    await flights.detach((flight) => flight.key === 'k');
    expect([older.detached, younger.detached]).toEqual([true, true]);
  });
});
