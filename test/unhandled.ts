import { expect, onTestFinished, vi } from 'vitest';

/**
 * Notes from now on the rejections that nobody handles. The returned function ends fake time, lets Node tell of them, and
 * expects that there were none.
 */
export function noteUnhandled(): () => Promise<void> {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => void unhandled.push(reason);
  process.on('unhandledRejection', note);
  onTestFinished(() => void process.off('unhandledRejection', note));
  return async () => {
    vi.useRealTimers();
    // Node tells of a rejection when the promise jobs of its turn are done.
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
  };
}
