import { pause } from '../../../model/time.js';
import { OPEN_MS } from '../own-client.js';
import type { Argument, NodeRedisClient } from './client-types.js';
import type { Send } from './commands.js';

/** The pause between two looks at a client that is not connected, milliseconds. */
const STEP_MS = 20;

/** Events by which clients of one server, of Sentinels and of a Cluster say that a connection failed. */
const FAILURES = ['error', 'client-error', 'node-error'] as const;

interface Failures {
  count: number;
  last: unknown;
}

/** One listener for each client, however many stores use it. */
const failuresOf = new WeakMap<object, Failures>();

/** Counts the failures of a client's connections. Without a listener for `error`, Node would end the process. */
function countFailures(client: NodeRedisClient): Failures {
  const counted = failuresOf.get(client);
  if (counted) return counted;
  const failures: Failures = { count: 0, last: undefined };
  failuresOf.set(client, failures);
  for (const event of FAILURES) {
    client.on(event, (error) => {
      failures.count++;
      failures.last = error;
    });
  }
  return failures;
}

/**
 * Waits until the client can send. node-redis would queue a command without a time limit, and send a `set` long after
 * its caller has given up. The wait ends with the client's next failure.
 */
export class Readiness {
  readonly #client: NodeRedisClient;
  readonly #failures: Failures;
  readonly #isReady: (key: Argument | undefined) => boolean;

  constructor(client: NodeRedisClient, isReady: (key: Argument | undefined) => boolean) {
    this.#client = client;
    this.#failures = countFailures(client);
    this.#isReady = isReady;
  }

  /** `send`, after the wait if there is one. Without one, the order of commands is kept. */
  before(send: Send): Send {
    return (key, args, options) =>
      this.#isReady(key)
        ? send(key, args, options)
        : this.#wait(key).then(() => send(key, args, options));
  }

  async #wait(key: Argument | undefined): Promise<void> {
    const { count } = this.#failures;
    for (let waitedMs = 0; waitedMs < OPEN_MS; waitedMs += STEP_MS) {
      if (this.#isReady(key)) return;
      if (!this.#client.isOpen) throw new Error('The client is closed');
      if (this.#failures.count !== count) throw errorOf(this.#failures.last);
      await pause(STEP_MS);
    }
    throw new Error(`Connecting timed out after ${OPEN_MS} ms`);
  }
}

/** A Sentinel client wraps the error in an event. */
function errorOf(failure: unknown): unknown {
  if (failure instanceof Error) return failure;
  const { error } = Object(failure) as { error?: unknown };
  return error ?? new Error(`The client failed: ${String(failure)}`);
}
