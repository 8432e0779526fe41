import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** How old a signature DynamoDB accepts. */
const SIGNATURE_LIFE_MS = 5 * 60_000;

/** In front of dynalite: it closes connections when told, and is as strict about the age of signatures as AWS is. */
export class StoreProxy {
  /** The clock that signatures are held against. */
  now: () => number = Date.now;
  /** Requests with a signature that was too old. */
  expired = 0;
  readonly endpoint: string;
  readonly #target: URL;
  readonly #sockets = new Set<Socket>();
  readonly #stop: () => Promise<void>;
  #gate: Promise<void> = Promise.resolve();

  private constructor(target: string, endpoint: string, stop: () => Promise<void>) {
    this.#target = new URL(target);
    this.endpoint = endpoint;
    this.#stop = stop;
  }

  static async start(target: string): Promise<StoreProxy> {
    const server = createServer();
    server.keepAliveTimeout = 0;
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const proxy = new StoreProxy(target, `http://127.0.0.1:${port}`, async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    });
    server.on('connection', (socket) => {
      proxy.#sockets.add(socket);
      socket.once('close', () => proxy.#sockets.delete(socket));
    });
    server.on('request', (incoming, outgoing) => void proxy.#forward(incoming, outgoing));
    return proxy;
  }

  /** Closes every connection, as a server does with those that are idle for long. Returns how many there were. */
  closeConnections(): number {
    const { size } = this.#sockets;
    for (const socket of this.#sockets) socket.end();
    return size;
  }

  /** Requests wait until the returned function is called. */
  close(): () => void {
    let open = () => {};
    this.#gate = new Promise((resolve) => {
      open = resolve;
    });
    return open;
  }

  stop(): Promise<void> {
    return this.#stop();
  }

  async #forward(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    await this.#gate;
    if (this.now() - signedAt(incoming) > SIGNATURE_LIFE_MS) {
      this.expired += 1;
      const __type = 'com.amazon.coral.service#InvalidSignatureException';
      outgoing.writeHead(400, { 'Content-Type': 'application/x-amz-json-1.0' });
      outgoing.end(JSON.stringify({ __type, message: 'Signature expired' }));
      return;
    }
    const { method, url = '/', headers } = incoming;
    const forwarded = request(new URL(url, this.#target), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    forwarded.on('error', () => outgoing.destroy());
    incoming.pipe(forwarded);
  }
}

/** `X-Amz-Date`, such as `20260301T120000Z`, in epoch milliseconds. */
function signedAt({ headers }: IncomingMessage): number {
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(
    String(headers['x-amz-date']),
  ) ?? [''];
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts.map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}
