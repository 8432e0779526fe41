import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { LambdaFunction } from '../emulator/lambda-function.js';
import type { CachedEvent } from '../functions/cache.js';
import { describeOnLambda } from '../suite.js';
import { callback, hono, honoStream, promise, type Shape, stream } from './events.js';
import { type StartOptions, World } from './world.js';

describeOnLambda('A refresh', (runtime) => {
  let world: World;
  let lambda: LambdaFunction;
  let key: string;

  beforeAll(async () => {
    const shapes = [promise, callback, stream, hono, honoStream];
    world = await World.start(shapes.map(({ name }) => name));
  });
  afterEach(() => world.reset());
  afterAll(() => world.stop());

  /** A function whose cache has the value `old`, which is stale. */
  async function start(shape: Shape, options?: StartOptions): Promise<void> {
    lambda = world.start(runtime, shape.name, options);
    key = randomUUID();
    world.origin.value = 'old';
    const { answered, ended } = lambda.invoke(shape.event({ key }));
    expect(shape.answer(await answered).value).toBe('old');
    await ended;
    world.origin.value = 'new';
  }

  const send = (shape: Shape, event: Partial<CachedEvent> = {}) =>
    lambda.invoke(shape.event({ key, ...event }));

  const shapes = [promise, stream, hono, honoStream, ...(runtime.client === 3 ? [callback] : [])];
  describe.each(shapes)('of a $name handler', (shape) => {
    it('lets the response leave before it, and the sandbox sleep after it', async () => {
      await start(shape);
      const release = world.origin.hold();
      const { answered, ended } = send(shape);
      const { value, mode } = shape.answer(await answered);
      expect({ value, mode }).toEqual({ value: 'old', mode: 'extension' });
      expect(await world.stored(key)).toBe('old');
      release();
      expect((await ended).outcome).toBe('frozen');
      expect(await world.stored(key)).toBe('new');
    });

    // Node 20's runtime waits by itself until nothing runs any more, after a streamed response and no other.
    const waits = runtime.client === 3 && (shape === stream || shape === honoStream);
    it(
      waits ? 'is waited for without the extension' : 'is frozen without the extension',
      async () => {
        // The value that becomes stale must be in the table.
        await start(shape, { env: { MODE: 'detached', BACKGROUND_FILL: 'false' } });
        const release = world.origin.hold();
        const { answered, ended } = send(shape);
        expect(shape.answer(await answered).value).toBe('old');
        if (!waits) expect((await ended).outcome).toBe('frozen');
        release();
        await Promise.all([ended, sleep(100)]);
        expect(await world.stored(key)).toBe(waits ? 'new' : 'old');
      },
    );

    it('ends before the invocation in the mode that awaits it', async () => {
      await start(shape, { env: { MODE: 'await' } });
      const { requests } = world.origin;
      const release = world.origin.hold();
      const invocation = send(shape);
      await world.origin.asked(requests + 1);
      // A stream has sent its body by then, and what waits is the end of its handler; any other answer waits.
      if (shape === stream || shape === honoStream) await invocation.answered;
      await sleep(50);
      const { isAnswered } = invocation;
      release();
      expect(shape.answer(await invocation.answered).value).toBe('old');
      expect((await invocation.ended).outcome).toBe('frozen');
      expect(isAnswered).toBe(shape === stream || shape === honoStream);
      expect(await world.stored(key)).toBe('new');
      expect(lambda.registrations).toEqual([]);
    });
  });

  it('that fails, beside a promise that rejects, kills no invocation', async () => {
    await start(promise);
    world.origin.isDown = true;
    const first = send(promise, { reject: true });
    const { pid } = promise.answer(await first.answered);
    expect((await first.ended).outcome).toBe('frozen');
    world.origin.isDown = false;
    const second = send(promise);
    expect(promise.answer(await second.answered)).toMatchObject({ value: 'old', pid });
    expect((await second.ended).outcome).toBe('frozen');
    expect(await world.stored(key)).toBe('new');
  });

  it('that hangs ends with its cap, and the next event is served', async () => {
    await start(promise, { env: { MAX_WAIT: '300ms' } });
    const release = world.origin.hold();
    const first = send(promise);
    expect(promise.answer(await first.answered).value).toBe('old');
    const { outcome, ms } = await first.ended;
    expect(outcome).toBe('frozen');
    expect(ms).toBeGreaterThanOrEqual(300);
    release();
    const second = send(promise);
    // The hung refresh resumes after the freeze, and may end before the cache is read.
    expect(['old', 'new']).toContain(promise.answer(await second.answered).value);
    await second.ended;
    expect(await world.stored(key)).toBe('new');
  });

  it('that hangs ends before the function’s time is over', async () => {
    // The function is told that its time is over in two seconds; in truth it has much more.
    const now = () => Date.now() - 58_000;
    await start(promise, { env: { MAX_WAIT: '60s' }, timeoutMs: 60_000, now });
    const release = world.origin.hold();
    const first = send(promise);
    expect((await first.answered).error).toBeUndefined();
    expect((await first.ended).outcome).toBe('frozen');
    release();
  });

  it('in which the process crashes leaves the old value, to be refreshed when its lease has run out', async () => {
    await start(promise, { withClock: true });
    const first = send(promise, { crash: true });
    const { pid } = promise.answer(await first.answered);
    expect((await first.ended).outcome).toBe('crash');
    expect(await world.stored(key)).toBe('old');
    await world.moveClock(60_000);
    const second = send(promise);
    const answer = promise.answer(await second.answered);
    expect(answer.value).toBe('old');
    expect(answer.pid).not.toBe(pid);
    expect((await second.ended).outcome).toBe('frozen');
    expect(await world.stored(key)).toBe('new');
  });
});
