/**
 * Resolves to true if the work ends within `ms` milliseconds.
 *
 * @param timer `'unref'` does not keep the event loop alive: on Node 20 the runtime waits for an empty event loop
 * before it sends the answer of a callback handler.
 */
export function within(
  work: Promise<unknown>,
  ms: number,
  timer: 'ref' | 'unref',
): Promise<boolean> {
  return new Promise((resolve) => {
    const limit = setTimeout(resolve, Math.max(ms, 0), false);
    if (timer === 'unref') limit.unref();
    void work.then(() => {
      clearTimeout(limit);
      resolve(true);
    });
  });
}

export const immediate = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A promise, and the function that fulfils it. */
export class Latch {
  open: () => void = () => {};
  readonly opened: Promise<void> = new Promise((resolve) => {
    this.open = resolve;
  });
}
