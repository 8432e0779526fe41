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

/**
 * Sends a request once and reads the whole answer. Never rejects, and what happens to the socket after it has resolved
 * is nobody's business any more.
 *
 * @param limits milliseconds to connect, for this try, and what is left of the total.
 */
export function exchange(
  open: () => ClientRequest,
  body: string | Uint8Array,
  limits: Readonly<Record<'connect' | 'request' | 'total', number>>,
): Promise<Answer | Failure> {
  let late = false;
  let sent = false;
  let reused = false;

  return new Promise<Answer>((resolve, reject) => {
    const outgoing = open().on('error', reject);
    const limit = (name: keyof typeof limits) => {
      const timer = setTimeout(() => {
        late = true;
        reject(new Error(`timeouts.${name} ran out`));
        outgoing.destroy();
      }, limits[name]);
      outgoing.on('close', () => clearTimeout(timer));
      return timer;
    };
    limit('request');
    limit('total');

    outgoing.on('socket', (socket) => {
      sent = reused = !socket.connecting;
      if (reused) return;
      const timer = limit('connect');
      // Nothing is written before the handshake is over.
      socket.once('encrypted' in socket ? 'secureConnect' : 'connect', () => {
        sent = true;
        clearTimeout(timer);
      });
    });
    outgoing.on('response', (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          body: Buffer.concat(chunks),
        }),
      );
    });
    outgoing.end(body);
  }).catch((error) => ({ error, late, sent, reused }));
}
