import { describe, expect, it, vi } from 'vitest';
import { Extension } from '../../src/lambda/extension.js';
import { Tasks } from '../../src/lambda/tasks.js';
import { within } from '../../src/lambda/waiting.js';

describe('the wait for background work', () => {
  it('leaves the event loop idle until the work ends', async () => {
    const tasks = new Tasks(60_000, () => {});
    let end: () => void = () => {};
    tasks.add(
      new Promise<void>((resolve) => {
        end = resolve;
      }),
    );
    const turn = setImmediate;
    const turns = vi.spyOn(globalThis, 'setImmediate');
    const waiting = tasks.finish(60_000, 'unref');
    for (let i = 0; i < 20; i++) await new Promise((resolve) => turn(resolve));
    expect(turns).not.toHaveBeenCalled();
    end();
    await waiting;
    expect(tasks.isBusy).toBe(false);
  });

  it('leaves no timer behind when the work has ended', async () => {
    const clear = vi.spyOn(globalThis, 'clearTimeout');
    const start = vi.spyOn(globalThis, 'setTimeout');
    expect(await within(Promise.resolve(), 60_000, 'ref')).toBe(true);
    expect(clear).toHaveBeenCalledExactlyOnceWith(start.mock.results[0]?.value);
  });

  it('is for tasks that are done no more, because each event may bring others', async () => {
    const extension = new Extension('127.0.0.1:1');
    const tasks = new Tasks(60_000, () => {});
    const finish = vi.spyOn(tasks, 'finish');
    extension.hold(tasks);
    for (let invocation = 0; invocation < 2; invocation++)
      await extension.finish(Number.POSITIVE_INFINITY, 'ref');
    expect(finish).toHaveBeenCalledOnce();
  });
});
