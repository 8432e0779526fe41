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

/** Events with the reason why a client of Sentinels or of a Cluster cannot connect. The error after it is a summary. */
const REASONS = ['sentinelError', 'node error'];
const SUMMARY = /^All sentinels are unreachable|^Failed to refresh slots cache/;

/** Limits the wait for the user's own client, which may try for ever to connect. */
export interface Connecting {
  /** The outcome of a command. Rejects with the client's last error if it does not connect in time. */
  limit<T>(command: Promise<T>, kind: Kind): Promise<T>;
  enter(): void;
  leave(): void;
}

/** One for each client, however many stores use it, because Node warns of many listeners. */
const known = new WeakMap<object, Connecting>();

/** Undefined for a client that does not tell whether it is connected. Each store that enters must leave. */
export function connectingOf(client: object): Connecting | undefined {
  const { status, on, off }: Partial<Telling> = client;
  if (typeof status !== 'string' || !on || !off) return undefined;
  // Checked above.
  const connecting = known.get(client) ?? watch(client as Telling);
  known.set(client, connecting);
  connecting.enter();
  return connecting;
}

function watch(client: Telling): Connecting {
  // An ordinary listener for `error` would decide whether an error without a listener ends the process or is printed.
  const events = [process.getBuiltinModule('node:events').errorMonitor, ...REASONS];
  let stores = 0;
  let wasReady = false;
  let last: unknown;
  const keep = (error: unknown) => {
    if (last === undefined || !SUMMARY.test(messageOf(error))) last = error;
  };
  return {
    limit(command, kind) {
      if (client.status === 'ready') {
        wasReady = true;
        last = undefined;
        return command;
      }
      // A client that was connected may be so again in time for an invalidation.
      const ms = kind === 'read' || !wasReady ? WAIT_MS : INVALIDATION_WAIT_MS;
      return withTimeout(command, ms, () => {
        if (client.status === 'ready') return command;
        const why = messageOf(last ?? 'The client is not connected and tells no reason');
        throw new Error(`${why.replace(/\.$/, '')} (timed out after ${ms} ms)`, { cause: last });
      }).then((reply) => {
        wasReady = true;
        return reply;
      });
    },
    enter() {
      if (stores++ === 0) for (const event of events) client.on(event, keep);
    },
    leave() {
      if (--stores === 0) for (const event of events) client.off(event, keep);
    },
  };
}
