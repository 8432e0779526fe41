import { request } from 'node:http';
import { Duplex } from 'node:stream';
import { AnswerReader } from '../../src/aws/framing.js';

/** The result of reading one answer's bytes: the answer, or a refusal and its reason. */
export type Read =
  | { readonly status: number; readonly headers: Record<string, string>; readonly body: string }
  | { readonly refused: string };

/** Node's own client, with everything but a socket under it. */
export function readByNode(method: string, pieces: readonly Buffer[]): Promise<Read> {
  return new Promise((resolve) => {
    let isWhole = () => false;
    const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
    const refused = (error: Error) => {
      // An error after a whole answer does not revoke it.
      if (!isWhole()) resolve({ refused: error.message });
    };
    request({ method, createConnection: () => socket }, (incoming) => {
      isWhole = () => incoming.complete;
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk) => chunks.push(chunk));
      incoming.on('error', refused);
      incoming.on('end', () => {
        const headers: Record<string, string> = {};
        for (const [name, values] of Object.entries(incoming.headersDistinct)) {
          headers[name] = (values ?? []).join(', ');
        }
        const body = Buffer.concat(chunks).toString('latin1');
        resolve({ status: incoming.statusCode ?? 0, headers, body });
      });
    })
      .on('error', refused)
      .on('upgrade', () => resolve({ refused: 'upgrade' }))
      .end();
    for (const piece of pieces) socket.push(piece);
    socket.push(null);
  });
}

/** Our reader, fed in the same way; the excess of an answer goes unread, as on a connection. */
export function readByOurs(method: string, pieces: readonly Buffer[]): Read {
  const reader = new AnswerReader(method);
  try {
    for (const piece of pieces) {
      const answer = piece.length > 0 ? reader.read(piece) : undefined;
      if (answer) return plain(answer);
    }
    const answer = reader.end();
    return answer ? plain(answer) : { refused: 'it ended too soon' };
  } catch (error) {
    return { refused: (error as { refusal: string }).refusal };
  }
}

const plain = ({ status, headers, body }: NonNullable<ReturnType<AnswerReader['end']>>): Read => ({
  status,
  headers: { ...headers } as Record<string, string>,
  body: body.toString('latin1'),
});
