import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';

type Fetch = (request: Request) => Response | Promise<Response>;

const MOST_BODY = 4_000_000;

export interface Served {
  readonly port: number;
  /** Resolves when the server has ended. */
  readonly ended: Promise<unknown>;
}

/** Serves on the loopback interface alone. `create` is given the port. @throws if the port is taken. */
export async function serve(port: number, create: (port: number) => Fetch): Promise<Served> {
  let answer: Fetch = () => new Response(null, { status: 503 });
  const server = createServer((incoming, outgoing) => {
    respond(incoming, outgoing, answer).catch(() => outgoing.destroy());
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  // A server on a port has an address with a port, no path.
  const { port: own } = server.address() as AddressInfo;
  answer = create(own);
  return { port: own, ended: once(server, 'close') };
}

async function respond(incoming: IncomingMessage, outgoing: ServerResponse, answer: Fetch) {
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) headers.set(name, String(value));
  const { method = 'GET', url = '/' } = incoming;
  // The host is checked by the application. A URL with a host of its own is none of this server's.
  if (!url.startsWith('/')) return void outgoing.writeHead(400).end();
  const body = method === 'POST' ? await bodyOf(incoming) : null;
  if (body === undefined) return void outgoing.writeHead(413, { connection: 'close' }).end();
  const response = await answer(new Request(`http://127.0.0.1${url}`, { method, headers, body }));
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  if (!response.body) return void outgoing.end();
  // The same stream. The types of Node and of the DOM differ in name only.
  const stream = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]);
  outgoing.once('close', () => stream.destroy());
  stream.on('error', () => outgoing.destroy()).pipe(outgoing);
}

/** Undefined if it is too long. */
async function bodyOf(incoming: IncomingMessage): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of incoming) {
    length += part.length;
    if (length > MOST_BODY) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts);
}
