import { describe, expect, it, vi } from 'vitest';
import { Tasks } from '../../src/lambda/tasks.js';

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
});
