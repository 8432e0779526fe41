/** Any function, with any parameters and result. */
export type AnyHandler = (...args: never[]) => unknown;
type Callback = (...outcome: unknown[]) => unknown;

/** Ends a call. Returns a promise if the outcome must wait, else undefined. May be called again. */
export type End = () => Promise<void> | undefined;

/**
 * Wraps a handler so that it reports its start and end. The wrapper is a proxy, so it keeps the properties that the
 * runtime reads: the number of parameters, and the mark of `awslambda.streamifyResponse`, set before or after.
 *
 * | handler   | called with              | ends                                                             |
 * | --------- | ------------------------ | ---------------------------------------------------------------- |
 * | promise   | event, context           | when its promise does                                            |
 * | streaming | event, stream, context   | the same; the body may have been sent long before that           |
 * | callback  | event, context, callback | at the first call of the callback, or when nothing is left to do |
 *
 * The runtime of Node 20 passes a callback to promise handlers, too. The first outcome counts.
 */
export function trackInvocations<F extends AnyHandler>(
  handler: F,
  begin: (context: unknown) => End,
): F {
  return new Proxy(handler, {
    apply(target, self: unknown, args: unknown[]): unknown {
      const [, second, third] = args;
      const endCall = begin(typeof third === 'object' ? third : second);
      const end: End = () => {
        process.off('beforeExit', end);
        return endCall();
      };
      const given = isFunction(third) ? args.with(2, answering(third, end)) : args;
      const willCallBack = given !== args && target.length > 2;
      // Once the event loop is empty, the handler can no longer call back, and the runtime answers null.
      if (willCallBack) process.once('beforeExit', end);
      let result: unknown;
      try {
        result = Reflect.apply(target, self, given);
      } catch (error) {
        if (!end()) throw error;
        result = Promise.reject(error);
      }
      // On Node 20 a plain return value is not an answer: the runtime waits until the event loop is empty.
      const isPromise = isFunction(Object(result).then);
      const waits = isPromise || (!willCallBack && end() && given === args);
      return waits ? settled(result, end) : result;
    },
  });
}

async function settled(result: unknown, end: End): Promise<unknown> {
  try {
    return await result;
  } finally {
    await end();
  }
}

function answering(callback: Callback, end: End): Callback {
  let isAnswered = false;
  return (...outcome) => {
    if (isAnswered) return;
    isAnswered = true;
    const ended = end();
    if (!ended) callback(...outcome);
    // The callback throws for a value that it cannot serialise; that error goes back to the runtime.
    else void ended.then(() => callback(...outcome)).catch(callback);
  };
}

function isFunction(value: unknown): value is Callback {
  return typeof value === 'function';
}
