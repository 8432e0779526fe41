export type MaybePromise<T> = T | Promise<T>;

/** True for a promise of any realm or library. */
export const isPromise = <T>(value: MaybePromise<T>): value is Promise<T> =>
  typeof Object(value).then === 'function';

/** For a value that nobody takes: if it is a promise that rejects, the rejection would end the process. */
export function ignoreRejection(value: unknown): void {
  try {
    if (isPromise(value)) value.then(undefined, () => {});
  } catch {
    // A proxy that has been revoked is nobody's concern either.
  }
}

/**
 * Applies `next` to a value: immediately, or once the value's promise has resolved. Unlike `await` it takes no extra
 * turn for a value that needs no waiting, so calls made in the same tick keep their order.
 */
export function whenReady<A, B>(value: MaybePromise<A>, next: (value: A) => B): MaybePromise<B> {
  return isPromise(value) ? value.then(next) : next(value);
}

/** Runs `run`, and passes its result to `then` or its error to `fail`, now or later. */
export function attempt<A, B, F>(
  run: () => MaybePromise<A>,
  then: (result: A) => B,
  fail: (error: unknown) => F,
): MaybePromise<B | F> {
  let result: MaybePromise<A>;
  try {
    result = run();
  } catch (error) {
    return fail(error);
  }
  return isPromise(result) ? result.then(then, fail) : then(result);
}
