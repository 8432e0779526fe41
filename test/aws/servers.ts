import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  type AddressInfo,
  createServer as createSocketServer,
  type Server,
  type Socket,
} from 'node:net';
import { onTestFinished } from 'vitest';
import { createTransport, type TransportOptions } from '../../src/aws/transport.js';

export const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };

/** A request as the server saw it, whole. */
export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly socket: Socket;
  /** Counts from 1. */
  readonly number: number;
}

export type Reply =
  | { status?: number; headers?: Record<string, string>; body?: string | Buffer }
  | ((response: ServerResponse, request: IncomingMessage) => void);

/** A real HTTP server on a free port that remembers what it got and is closed with the test. */
export async function serveHttp(answer: (request: Received) => Reply) {
  const requests: Received[] = [];
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('error', () => {});
    incoming.on('data', (chunk) => chunks.push(chunk));
    incoming.on('end', () => {
      const received: Received = {
        method: incoming.method ?? '',
        url: incoming.url ?? '',
        headers: incoming.headers as Record<string, string>,
        body: Buffer.concat(chunks).toString(),
        socket: incoming.socket,
        number: requests.length + 1,
      };
      requests.push(received);
      const reply = answer(received);
      if (typeof reply === 'function') reply(response, incoming);
      else {
        response.writeHead(reply.status ?? 200, reply.headers);
        response.end(reply.body ?? '{}');
      }
    });
  });
  const { sockets, port } = await listen(server);
  return { url: new URL(`http://127.0.0.1:${port}`), requests, sockets };
}

/** A real TCP server that does what it is told with each connection. */
export async function serveTcp(connected: (socket: Socket) => void) {
  const server = createSocketServer(connected);
  const { sockets, port } = await listen(server);
  return { port, url: new URL(`http://127.0.0.1:${port}`), sockets };
}

async function listen(server: Server) {
  const sockets: Socket[] = [];
  server.on('connection', (socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return { sockets, port: (server.address() as AddressInfo).port };
}

/** Limits that no slow machine reaches. A test about limits gives its own. */
const PATIENT = { connect: '60s', request: '60s', total: '90s' } as const;

/** The transport under test, closed with it. */
export function transportTo(endpoint: URL, options: Partial<TransportOptions> = {}) {
  const transport = createTransport({
    service: 'dynamodb',
    region: 'eu-central-1',
    endpoint,
    credentials: async () => credentials,
    timeouts: PATIENT,
    ...options,
  });
  onTestFinished(() => transport.close());
  return transport;
}

export const ask = {
  headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'DynamoDB.GetItem' },
  body: '{}',
  retry: 'always',
} as const;

/** The same, for a request that must not be applied twice. */
export const change = { ...ask, retry: 'unsent' } as const;

export const errorBody = (type: string, message = 'no') =>
  JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${type}`, message });
