import { consoleReporter } from '../model/console-reporter.js';
import { invalid } from '../model/errors.js';
import { safeListener } from '../model/event-log.js';
import type { CacheEvent } from '../model/events.js';
import { givenObject } from '../model/given.js';
import type { WaitUntil } from '../model/policy.js';
import { type Duration, milliseconds } from '../model/time.js';
import { Extension, MARGIN_MS } from './extension.js';
import { type AnyHandler, trackInvocations } from './handler.js';
import type { Invocation } from './invocations.js';
import { Tasks } from './tasks.js';
import { within } from './waiting.js';

/** The longest wait for the registration, milliseconds. A later answer still counts. Lambda usually answers at once. */
const REGISTER_WAIT_MS = 1_000;
/** Lambda's limit for an invocation, milliseconds: 15 minutes. A timer of 25 days or more would fire immediately. */
const LONGEST_WAIT_MS = 900_000;

/**
 * The treatment of background work at a response.
 *
 * - `extension`: the response leaves immediately, and the sandbox keeps running until the work is done.
 * - `await`: the response waits for the work.
 * - `detached`: nothing waits, because nothing freezes: outside Lambda, and on Lambda Managed Instances.
 */
export type AfterResponseMode = 'extension' | 'await' | 'detached';

export interface AfterResponseOptions {
  /** Default: the best mode that the environment allows. If `extension` turns out to be impossible, `await`. */
  mode?: AfterResponseMode | undefined;
  /** The longest time that the sandbox stays awake for work after a response. Default 2 s. */
  maxWait?: Duration | undefined;
  /**
   * Receives `background-error` and `background-unfinished`. Its errors are swallowed. Default: `consoleReporter()`,
   * each cause once and then at most once a minute.
   */
  onEvent?: ((event: CacheEvent) => void) | undefined;
  /**
   * Called at the end of each invocation, when its background work is done or has run out of time: to flush metrics, for
   * example. In mode `detached` it is called when the handler is done. Its errors are swallowed. Default: none.
   */
  atEnd?: (() => void) | undefined;
}

export interface AfterResponse {
  /** Takes work that may continue after the response: for `CacheConfig.waitUntil`. Never throws. */
  readonly waitUntil: WaitUntil;
  /** The current mode. `extension` becomes `await` if the extension fails. */
  readonly mode: AfterResponseMode;
  /**
   * Returns the end of the current invocation, epoch milliseconds: for `CacheConfig.deadline`. Undefined outside an
   * invocation, and in `detached` mode.
   */
  readonly deadline: () => number | undefined;
  /** Marks the start and end of invocations. Make it the outermost wrapper of the handler that Lambda calls. */
  handler<F extends AnyHandler>(handler: F): F;
}

/**
 * Lets work finish after the response of a Lambda function, before the sandbox freezes.
 *
 * Await it at the top level of an ES module, because Lambda accepts extensions only while the function initialises.
 * Further calls share the registration. In `extension` mode it adds no time to a response, and it never breaks one.
 *
 * @throws CacheError `INVALID_OPTION` or `INVALID_DURATION` that names the option.
 * @example
 * ```ts
 * import { CacheService, DynamoDBCacheStore } from '@glasswork/cache';
 * import { afterResponse } from '@glasswork/cache/lambda';
 *
 * const after = await afterResponse();
 * const store = new DynamoDBCacheStore({ tableName: process.env.CACHE_TABLE ?? 'cache' });
 * const cache = new CacheService(store, { waitUntil: after.waitUntil, deadline: after.deadline });
 *
 * export const handler = after.handler(async (event: { id: string }) =>
 *   cache.wrapSWR(`item:${event.id}`, '1m', '1h', async () => ({ id: event.id })),
 * );
 * ```
 */
export async function afterResponse(options: AfterResponseOptions = {}): Promise<AfterResponse> {
  const maxWaitMs = Math.min(
    milliseconds(givenObject(options).maxWait ?? '2s', 'maxWait'),
    LONGEST_WAIT_MS,
  );
  const tasks = new Tasks(maxWaitMs, safeListener(options.onEvent ?? consoleReporter()));
  const atEnd = callAtEnd(options.atEnd);
  const { AWS_LAMBDA_RUNTIME_API: api = '', AWS_LAMBDA_MAX_CONCURRENCY: concurrency } = process.env;
  // Managed Instances run several invocations at once, never freeze, and accept no INVOKE extension inside the process.
  const wanted = options.mode ?? (api && !concurrency ? 'extension' : 'detached');
  if (wanted === 'detached') {
    const waitUntil: WaitUntil = (work) => tasks.add(work);
    const marks = <F extends AnyHandler>(handler: F): F =>
      trackInvocations(handler, () => () => atEnd?.());
    const handler = atEnd ? marks : <F extends AnyHandler>(handler: F): F => handler;
    return { waitUntil, mode: wanted, deadline: () => undefined, handler };
  }
  if (wanted !== 'extension' && wanted !== 'await') {
    throw invalid('mode', wanted, 'extension, await or detached');
  }

  const extension = extensionOf(api);
  if (atEnd) extension.atEnd.add(atEnd);
  if (wanted === 'extension') await within(extension.start(), REGISTER_WAIT_MS, 'ref');
  const end = (invocation: Invocation) => {
    // With the extension, the wait comes after the response. Without it, the outermost handler waits.
    const waitsLater = extension.isRegistered ? wanted === 'extension' : invocation.running > 1;
    if (waitsLater) return extension.end(invocation);
    const endNow = () => {
      extension.tellEnd();
      return extension.end(invocation);
    };
    if (!extension.isBusy) return endNow();
    // A test that calls the handler without a context has no deadline.
    const untilMs = (invocation.deadlineMs ?? Infinity) - MARGIN_MS;
    return extension.finish(untilMs, 'ref').then(endNow);
  };
  return {
    waitUntil(work) {
      tasks.add(work);
      extension.hold(tasks);
    },
    get mode() {
      return extension.isRegistered ? wanted : 'await';
    },
    deadline: () => extension.invocations.deadlineMs,
    handler(handler) {
      extension.isMarked = true;
      return trackInvocations(handler, (context) => {
        const invocation = extension.invocations.begin(context);
        let ended: readonly [leaves: Promise<void> | undefined] | undefined;
        return () => {
          ended ??= [end(invocation)];
          return ended[0];
        };
      });
    },
  };
}

/** @throws CacheError `INVALID_OPTION`. */
function callAtEnd(atEnd: AfterResponseOptions['atEnd']): (() => undefined) | undefined {
  if (atEnd == null) return undefined;
  if (typeof atEnd !== 'function') throw invalid('atEnd', atEnd, 'a function');
  return () => {
    try {
      atEnd();
    } catch {
      // It must not break the invocation, and no place is left to report its error.
    }
  };
}

/**
 * One extension for each Extensions API of this process; on Lambda there is one. All copies of this package share it,
 * because Lambda accepts an extension's name only once, and `import` and `require` may load a copy each.
 */
function extensionOf(api: string): Extension {
  // The number counts the layouts of `Extension`.
  const key: unique symbol = Symbol.for('@glasswork/cache/extensions/2');
  const shared: typeof globalThis & { [key]?: Map<string, Extension> } = globalThis;
  shared[key] ??= new Map();
  const known = shared[key].get(api) ?? new Extension(api);
  shared[key].set(api, known);
  return known;
}
