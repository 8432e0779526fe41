import type { ClientRequest } from 'node:http';
import type { Answer } from './response.js';

/** One try that brought no whole answer. */
export interface Failure {
  readonly error: Error & { readonly code?: string };
  /** A budget ran out. */
  readonly late: boolean;
  /** False when not a byte can have reached the service. */
  readonly sent: boolean;
  /** The socket had served before, so it may have been dead when this request got it. */
  readonly reused: boolean;
}

/** What an answer that came meanwhile is given to be read, milliseconds. */
const GRACE_MS = 100;

/**
 * Sends a request once and reads the whole answer. Never rejects, and what happens to the socket after it has resolved
 * is nobody's business any more.
 *
 * @param needed what `open` waits for, within the same budgets.
 * @param limits milliseconds to connect, for this try, and what is left of the total.
 * @param hasSlept whether the process was frozen since this try began: its timers are no measure then.
 */
export function exchange<Needed>(
  needed: Promise<Needed>,
  open: (needed: Needed) => ClientRequest,
  body: string | Uint8Array,
  limits: Readonly<Record<'connect' | 'request' | 'total', number>>,
  hasSlept: () => boolean,
): Promise<Answer | Failure> {
  return new Promise((resolve) => {
    let late = false;
    let sent = false;
    let reused = false;
    let grace: ReturnType<typeof setTimeout> | undefined;
    let outgoing: ClientRequest | undefined;

    const giveUp = (name: string) => {
      late = true;
      fail(new Error(`timeouts.${name} ran out`));
      outgoing?.destroy();
    };
    const limit = (name: keyof typeof limits) =>
      setTimeout(() => {
        if (grace) return;
        if (hasSlept()) grace = setTimeout(giveUp, GRACE_MS, name);
        else giveUp(name);
      }, limits[name]);
    const timer = limit(limits.total < limits.request ? 'total' : 'request');
    const settle = (outcome: Answer | Failure) => {
      clearTimeout(timer);
      clearTimeout(grace);
      resolve(outcome);
    };
    const fail = (error: Error) => settle({ error, late, sent, reused });

    const send = (found: Needed) => {
      if (late) return;
      outgoing = open(found)
        .on('error', fail)
        .on('socket', (socket) => {
          sent = reused = !socket.connecting;
          if (reused) return;
          const connectTimer = limit('connect').unref();
          // Nothing is written before the handshake is over.
          socket.once('encrypted' in socket ? 'secureConnect' : 'connect', () => {
            sent = true;
            clearTimeout(connectTimer);
          });
        })
        .on('response', (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on('data', (chunk) => chunks.push(chunk));
          incoming.on('error', fail);
          incoming.on('end', () =>
            settle({
              status: incoming.statusCode ?? 0,
              headers: incoming.headers,
              body: chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks),
            }),
          );
        })
        .end(body);
    };
    needed.then(send).catch(fail);
  });
}
