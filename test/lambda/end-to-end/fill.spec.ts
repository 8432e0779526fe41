import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { LambdaFunction } from '../emulator/lambda-function.js';
import { describeOnLambda } from '../suite.js';
import { promise } from './events.js';
import { type StartOptions, World } from './world.js';

describeOnLambda('The fill of a miss', (runtime) => {
  let world: World;
  let lambda: LambdaFunction;

  beforeAll(async () => {
    world = await World.start(['promise']);
  });
  afterEach(() => world.reset());
  afterAll(() => world.stop());

  /** A function that has connected and read its prefix's version, so that a miss is one read, one load and one write. */
  async function start(options?: StartOptions): Promise<void> {
    lambda = world.start(runtime, 'promise', options);
    world.origin.value = 'other';
    const { answered, ended } = lambda.invoke({ key: randomUUID() });
    promise.answer(await answered);
    await ended;
    world.origin.value = 'value';
  }

  /** Sends an event for a key that is not cached. The table does not answer the write until `open` is called. */
  async function miss() {
    const key = randomUUID();
    const { requests } = world.origin;
    const release = world.origin.hold();
    const invocation = lambda.invoke({ key });
    await world.origin.asked(requests + 1);
    const open = world.proxy.close();
    release();
    return { key, invocation, open };
  }

  it('lets the response leave before it, and the sandbox sleep after it', async () => {
    await start();
    const { key, invocation, open } = await miss();
    const { value, mode } = promise.answer(await invocation.answered);
    expect({ value, mode }).toEqual({ value: 'value', mode: 'extension' });
    expect(await world.stored(key)).toBeUndefined();
    open();
    expect((await invocation.ended).outcome).toBe('frozen');
    expect(await world.stored(key)).toBe('value');
  });

  it('lets the response wait in the mode that awaits it', async () => {
    await start({ env: { MODE: 'await' } });
    const { key, invocation, open } = await miss();
    await sleep(50);
    const { isAnswered } = invocation;
    open();
    expect(promise.answer(await invocation.answered).value).toBe('value');
    expect(isAnswered).toBe(false);
    expect(await world.stored(key)).toBe('value');
  });

  it('lets the response wait where the configuration says so', async () => {
    await start({ env: { BACKGROUND_FILL: 'false' } });
    const { key, invocation, open } = await miss();
    await sleep(50);
    const { isAnswered } = invocation;
    open();
    expect(promise.answer(await invocation.answered).value).toBe('value');
    expect(isAnswered).toBe(false);
    expect(await world.stored(key)).toBe('value');
  });

  it('is in the table before the freeze, 200 times of 200', async () => {
    await start();
    let filled = 0;
    for (let i = 0; i < 200; i++) {
      const key = randomUUID();
      world.origin.value = `${i}`;
      const { answered, ended } = lambda.invoke({ key });
      promise.answer(await answered);
      expect((await ended).outcome).toBe('frozen');
      if ((await world.stored(key)) === `${i}`) filled += 1;
    }
    expect(filled).toBe(200);
  });
});
