import type { ClientRequest } from 'node:http';
import type { Answer } from './response.js';

/** One try that brought no whole answer. */
export interface Failure {
  readonly error: Error & { readonly code?: string };
  /** The budget that ran out, if one did. */
  readonly budget?: 'connect' | 'request';
  /** False when not a byte can have reached the service. */
  readonly sent: boolean;
  /** The socket had served before, so it may have been dead when this request got it. */
  readonly reused: boolean;
}

/**
 * Sends a request once and reads the whole answer. Never rejects, and what happens to the socket after it has resolved
 * is nobody's business any more.
 */
export function exchange(
  open: () => ClientRequest,
  body: string | Uint8Array,
  limits: { readonly connect: number; readonly request: number },
): Promise<Answer | Failure> {
  return new Promise((resolve) => {
    let sent = false;
    let reused = false;
    let requestTimer: NodeJS.Timeout | undefined;
    let connectTimer: NodeJS.Timeout | undefined;

    const settle = (outcome: Answer | Failure) => {
      clearTimeout(requestTimer);
      clearTimeout(connectTimer);
      resolve(outcome);
    };
    const fail = (error: Error) => settle({ error, sent, reused });

    let outgoing: ClientRequest;
    try {
      outgoing = open();
    } catch (error) {
      fail(error as Error);
      return;
    }
    const giveUp = (budget: 'connect' | 'request') => {
      settle({ error: new Error(`The ${budget} budget ran out`), budget, sent, reused });
      outgoing.destroy();
    };
    requestTimer = setTimeout(giveUp, limits.request, 'request');

    outgoing.on('error', fail);
    outgoing.on('socket', (socket) => {
      if (!socket.connecting) {
        sent = reused = true;
        return;
      }
      connectTimer = setTimeout(giveUp, limits.connect, 'connect');
      // Nothing is written before the handshake is over.
      socket.once('encrypted' in socket ? 'secureConnect' : 'connect', () => {
        sent = true;
        clearTimeout(connectTimer);
      });
    });
    outgoing.on('response', (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk) => chunks.push(chunk));
      incoming.on('error', fail);
      incoming.on('end', () =>
        settle({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          body: chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks),
        }),
      );
    });
    outgoing.end(body);
  });
}
