import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { LambdaFunction } from '../emulator/lambda-function.js';
import { describeOnLambda } from '../suite.js';
import { promise } from './events.js';
import { type StartOptions, World } from './world.js';

const MINUTE_MS = 60_000;

describeOnLambda('After a freeze', (runtime) => {
  let world: World;
  let lambda: LambdaFunction;
  let key: string;

  beforeAll(async () => {
    world = await World.start(['promise']);
  });
  afterEach(() => world.reset());
  afterAll(() => world.stop());

  async function start(options?: StartOptions): Promise<void> {
    lambda = world.start(runtime, 'promise', { withClock: true, ...options });
    key = randomUUID();
    await settle('1');
  }
  const send = (value: string) => {
    world.origin.value = value;
    return lambda.invoke({ key });
  };
  /** Sends an event, and gives its answer once the sandbox sleeps. */
  async function settle(value: string) {
    const { answered, ended } = send(value);
    const answer = promise.answer(await answered);
    expect((await ended).outcome).toBe('frozen');
    return answer;
  }
  const storeErrors = (events: readonly string[]) =>
    events.filter((event) => event.startsWith('store-error'));

  it('connections that were closed meanwhile cost nobody a value', async () => {
    await start();
    await settle('2');
    expect(world.proxy.closeConnections()).toBeGreaterThan(0);
    const { value, events } = await settle('3');
    expect(value).toBe('2');
    expect(await world.stored(key)).toBe('3');
    expect(storeErrors([...events, ...(await settle('4')).events])).toEqual([]);
  });

  it('of an hour the value is served and refreshed, and nothing is signed with the old time', async () => {
    await start();
    await settle('2');
    await world.moveClock(60 * MINUTE_MS);
    world.proxy.closeConnections();
    const expired = world.proxy.expired;
    const { value, events } = await settle('3');
    expect(value).toBe('2');
    expect(await world.stored(key)).toBe('3');
    expect(storeErrors([...events, ...(await settle('4')).events])).toEqual([]);
    expect(world.proxy.expired).toBe(expired);
  });

  it('a write that slept for ten minutes is signed and sent anew', async () => {
    await start({ env: { MAX_WAIT: '200ms', TIMEOUT: '2s' } });
    await settle('2');
    // The table is silent from the moment in which the value has been loaded: the cap ends, and the fill sleeps.
    const { requests } = world.origin;
    const release = world.origin.hold();
    const invocation = send('3');
    expect((await invocation.answered).error).toBeUndefined();
    await world.origin.asked(requests + 1);
    const open = world.proxy.close();
    release();
    expect((await invocation.ended).outcome).toBe('frozen');
    expect(await world.stored(key)).toBe('2');

    await world.moveClock(10 * MINUTE_MS);
    // More than all the time that a request has, by the clock that goes on meanwhile.
    await sleep(2_500);
    world.proxy.closeConnections();
    open();
    const other = randomUUID();
    const { answered, ended } = lambda.invoke({ key: other });
    const { events } = promise.answer(await answered);
    await ended;
    expect(await world.stored(key)).toBe('3');
    expect(storeErrors(events)).toEqual([]);
  });

  it('a load that slept for an hour fills nothing', async () => {
    await start({ env: { MAX_WAIT: '200ms' } });
    await settle('2');
    const wake = world.origin.hold();
    expect((await settle('slept')).value).toBe('2');
    await world.moveClock(60 * MINUTE_MS);
    const release = world.origin.hold();
    wake();
    expect((await settle('4')).value).toBe('2');
    expect(await world.stored(key)).toBe('2');
    release();
    await settle('4');
    expect(await world.stored(key)).toBe('4');
  });
});
