import { withTimeout } from '../../model/time.js';
import type { Kind } from './client.js';
import { messageOf } from './error.js';

/** The longest waits for a client that is not connected, milliseconds: shorter than the service's, to tell the reason. */
const WAIT_MS = 2_300;
const INVALIDATION_WAIT_MS = 4_800;

/** The members of ioredis and iovalkey that tell whether a client is connected, and why not. */
interface Telling {
  readonly status: string;
  on(event: string | symbol, listener: (error: unknown) => void): unknown;
  off(event: string | symbol, listener: (error: unknown) => void): unknown;
}

/** The reason why a client of a Cluster or of Sentinels cannot connect. The error that follows is a summary. */
const REASONS = ['sentinelError', 'node error'];
const SUMMARY = /^All sentinels are unreachable|^Failed to refresh slots cache/;

/** The last error of a client. One for each client, however many stores use it, because Node warns of many listeners. */
interface Told {
  error: unknown;
  stores: number;
  readonly forget: () => void;
}

const told = new WeakMap<Telling, Told>();

function listenTo(client: Telling): Told {
  // An ordinary listener for `error` would decide whether an error without a listener ends the process or is printed.
  const { errorMonitor } = process.getBuiltinModule('node:events');
  const keep = (error: unknown) => {
    if (now.error === undefined || !SUMMARY.test(messageOf(error))) now.error = error;
  };
  const events = [errorMonitor, ...REASONS];
  const forget = () => {
    for (const event of events) client.off(event, keep);
    told.delete(client);
  };
  const now: Told = { error: undefined, stores: 0, forget };
  for (const event of events) client.on(event, keep);
  told.set(client, now);
  return now;
}

/** Limits the wait for the user's own client, which may try for ever to connect, and tells its last error. */
export class Connecting {
  readonly #client: Telling;
  readonly #told: Told;
  #wasReady = false;
  #closed = false;

  /** Undefined for a client that does not tell whether it is connected. */
  static of(client: object): Connecting | undefined {
    const { status, on, off }: Partial<Telling> = client;
    const tells = typeof status === 'string' && on !== undefined && off !== undefined;
    // Checked above.
    return tells ? new Connecting(client as Telling) : undefined;
  }

  private constructor(client: Telling) {
    this.#client = client;
    this.#told = told.get(client) ?? listenTo(client);
    this.#told.stores++;
  }

  /** The outcome of a command. Rejects if its client does not connect in time. */
  limit<T>(command: Promise<T>, kind: Kind): Promise<T> {
    if (this.#client.status === 'ready') {
      this.#wasReady = true;
      this.#told.error = undefined;
      return command;
    }
    // A client that was connected may be so again in time for an invalidation.
    const ms = kind === 'read' || !this.#wasReady ? WAIT_MS : INVALIDATION_WAIT_MS;
    return withTimeout(command, ms, () => {
      if (this.#client.status === 'ready') return command;
      throw this.#late(ms);
    });
  }

  #late(ms: number): Error {
    const { error } = this.#told;
    const why =
      error === undefined ? 'The client is not connected and tells no reason' : messageOf(error);
    return new Error(`${why.replace(/\.$/, '')} (timed out after ${ms} ms)`, { cause: error });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (--this.#told.stores === 0) this.#told.forget();
  }
}
