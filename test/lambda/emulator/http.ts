import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text is sent as it is, anything else as JSON. */
  readonly body?: unknown;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: RegExp;
  /** Gets what the path's group has matched. A reply that comes late holds the request open. */
  readonly handle: (request: IncomingMessage, part: string) => Reply | Promise<Reply>;
}

export interface HttpServer {
  /** `host:port`. */
  readonly address: string;
  close(): Promise<void>;
}

/** An error of Lambda's local APIs. */
export const refusal = (status: number, errorType: string, errorMessage: string): Reply => ({
  status,
  body: { errorType, errorMessage },
});

export const accepted: Reply = { status: 202, body: { status: 'OK' } };

/** Serves the routes on a free loopback port. */
export async function serve(routes: readonly Route[]): Promise<HttpServer> {
  const server = createServer((request, response) => {
    void answer(routes, request)
      .catch((error: unknown) => refusal(500, 'InternalServerError', String(error)))
      .then((reply) => send(response, reply));
  });
  // A frozen client leaves its sockets idle for as long as it is frozen.
  server.keepAliveTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** A member of a body whose shape is somebody else's. */
export function member(body: unknown, name: string): unknown {
  return typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined;
}

async function answer(routes: readonly Route[], request: IncomingMessage): Promise<Reply> {
  const { method, url = '' } = request;
  for (const route of routes) {
    const match = method === route.method && route.path.exec(url);
    if (match) return route.handle(request, match[1] ?? '');
  }
  return refusal(404, 'InvalidRequest', `There is no ${method} ${url}`);
}

function send(response: ServerResponse, { status, headers, body }: Reply): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body ?? {});
  const head = {
    'Content-Type': 'application/json',
    // As Lambda's APIs do for what is short: without it, a client of HTTP/1.0 waits for the end of the connection.
    'Content-Length': String(Buffer.byteLength(text)),
    ...headers,
  };
  response.writeHead(status, head).end(text);
}
