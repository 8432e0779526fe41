import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type Bundles, bundleFunctions } from '../bundle.js';
import type { PlainEvent } from '../functions/plain.js';
import { describeOnLambda } from '../suite.js';
import { LambdaFunction } from './lambda-function.js';
import type { FunctionOptions } from './options.js';

describeOnLambda('The emulator', (runtime) => {
  let bundles: Bundles;
  let lambda: LambdaFunction;

  beforeAll(async () => {
    bundles = await bundleFunctions(['plain', 'plain-callback', 'plain-stream', 'broken']);
  });
  afterEach(() => lambda.stop());
  afterAll(() => bundles.remove());

  function start(name: string, options: Partial<FunctionOptions> = {}): void {
    const folder = bundles.folder('esm');
    const timeoutMs = 300_000;
    const handler = `${name}.handler`;
    lambda = new LambdaFunction({ runtime, folder, handler, timeoutMs, ...options });
  }
  const send = (event: PlainEvent) => lambda.invoke(event);

  it('answers with what the handler returns, and starts but one sandbox', async () => {
    start('plain');
    const first = await lambda.invokeAndFreeze({ do: 'echo', text: 'é' });
    const second = await lambda.invokeAndFreeze({ do: 'echo', text: 'é' });
    expect(first.value).toEqual({ text: 'é', pid: expect.any(Number) });
    expect(second.value).toEqual(first.value);
    expect(first.end.outcome).toBe('frozen');
  });

  it('tells what a handler throws, and goes on with the same sandbox', async () => {
    start('plain');
    const { answered, ended } = send({ do: 'throw' });
    expect((await answered).error).toEqual({ errorType: 'RangeError', errorMessage: 'as asked' });
    expect((await ended).outcome).toBe('frozen');
    const next = send({ do: 'echo', text: '' });
    expect((await next.answered).error).toBeUndefined();
    expect(next.initMs).toBeUndefined();
  });

  it('tells that a function cannot start', async () => {
    start('broken');
    const { answered } = lambda.invoke({});
    const { error } = await answered;
    expect(error).toEqual({ errorType: 'TypeError', errorMessage: 'cannot start' });
  });

  it('ends a function at its timeout, and starts another sandbox', async () => {
    start('plain', { timeoutMs: 2_000 });
    const { answered, ended } = send({ do: 'hang' });
    expect((await answered).error?.errorMessage).toMatch(/Task timed out after 2.00 seconds$/);
    expect((await ended).outcome).toBe('timeout');
    const next = send({ do: 'echo', text: '' });
    expect((await next.answered).error).toBeUndefined();
    expect(next.initMs).toBeGreaterThan(0);
  });

  it('tells the caller of a crash before the answer', async () => {
    start('plain');
    const { answered, ended } = send({ do: 'exit', after: 'event' });
    expect((await answered).error?.errorType).toBe('Runtime.ExitError');
    expect((await ended).outcome).toBe('crash');
    expect((await send({ do: 'echo', text: '' }).answered).error).toBeUndefined();
  });

  it('holds still what the function left running, until the next event', async () => {
    start('plain');
    const { value } = await lambda.invokeAndFreeze({ do: 'echo', text: '' });
    const { pid } = value as { pid: number };
    await lambda.invokeAndFreeze({ do: 'leave a timer' });
    await expect.poll(() => statusOf(pid).State?.[0]).toBe('T');
    const { voluntary_ctxt_switches: wakings } = statusOf(pid);
    expect(wakings).toMatch(/^\d+$/);
    await sleep(200);
    // A timer that fires wakes its process.
    expect(statusOf(pid).voluntary_ctxt_switches).toBe(wakings);
    const { value: later } = await lambda.invokeAndFreeze({ do: 'wait for the timer' });
    expect(later).toBe('fired');
  });

  it('streams, and tells an error that comes after the first byte', async () => {
    start('plain-stream');
    const { body, error, firstByteMs, ms } = await lambda.invoke({}).answered;
    expect(body.toString()).toBe('one,two');
    expect(error).toBeUndefined();
    expect(firstByteMs).toBeLessThan(ms);
    const failed = await lambda.invoke({ fail: true }).answered;
    expect(failed.body.toString()).toBe('one,');
    expect(failed.error).toEqual({ errorType: 'RangeError', errorMessage: 'as asked' });
  });

  it('takes callbacks where the runtime does', async () => {
    start('plain-callback');
    const { body, error } = await lambda.invoke({}).answered;
    if (runtime.client === 3) {
      expect(JSON.parse(body.toString())).toEqual({ event: {} });
      expect((await lambda.invoke({ fail: true }).answered).error?.errorMessage).toBe('as asked');
    } else {
      expect(error?.errorType).toBe('Runtime.CallbackHandlerDeprecated');
    }
  });
});

/** A process's status on Linux: a `State` that begins with `T` is stopped. */
function statusOf(pid: number): Readonly<Record<string, string>> {
  const lines = readFileSync(`/proc/${pid}/status`, 'utf8').trim().split('\n');
  return Object.fromEntries(lines.map((line) => line.split(/:\s*/, 2)));
}
