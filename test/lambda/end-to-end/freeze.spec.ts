import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { LambdaFunction } from '../emulator/lambda-function.js';
import { describeOnLambda } from '../suite.js';
import { promise } from './events.js';
import { type StartOptions, World } from './world.js';

const HOUR_MS = 3_600_000;

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
    await world.moveClock(HOUR_MS);
    world.proxy.closeConnections();
    const expired = world.proxy.expired;
    const { value, events } = await settle('3');
    expect(value).toBe('2');
    expect(await world.stored(key)).toBe('3');
    expect(storeErrors([...events, ...(await settle('4')).events])).toEqual([]);
    expect(world.proxy.expired).toBe(expired);
  });

  it('a request that slept for an hour is sent anew, and its value arrives', async () => {
    await start({ env: { MAX_WAIT: '200ms' } });
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
    await world.moveClock(HOUR_MS);
    world.proxy.closeConnections();
    open();
    await settle('4');
    await expect.poll(async () => (await settle('4')).value).toBe('4');
    expect(storeErrors((await settle('4')).events)).toEqual([]);
  });

  it('a load that slept for an hour brings no old value back', async () => {
    await start({ env: { MAX_WAIT: '200ms' } });
    await settle('2');
    const release = world.origin.hold();
    expect((await settle('slept')).value).toBe('2');
    await world.moveClock(HOUR_MS);
    world.origin.value = '4';
    release();
    await settle('4');
    await expect.poll(async () => (await settle('4')).value).toBe('4');
    expect(await world.stored(key)).toBe('4');
  });
});
