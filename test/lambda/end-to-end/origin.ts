import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Where the functions load their values from. The test decides what it answers, and when. */
export class Origin {
  readonly url: string;
  value = '';
  isDown = false;
  delayMs = 0;
  #requests = 0;
  #onRequest: () => void = () => {};
  #gate: Promise<void> = Promise.resolve();
  readonly #stop: () => Promise<void>;

  private constructor(url: string, stop: () => Promise<void>) {
    this.url = url;
    this.#stop = stop;
  }

  static async start(): Promise<Origin> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const origin = new Origin(`http://127.0.0.1:${port}`, async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    });
    server.on('request', async (_request, response) => {
      origin.#requests += 1;
      origin.#onRequest();
      const { value, isDown, delayMs } = origin;
      await origin.#gate;
      if (delayMs > 0) await sleep(delayMs);
      response.writeHead(isDown ? 503 : 200).end(value);
    });
    return origin;
  }

  get requests(): number {
    return this.#requests;
  }

  /** Requests from now on wait, with the answer of now, until the returned function is called. */
  hold(): () => void {
    let release = () => {};
    this.#gate = new Promise((resolve) => {
      release = resolve;
    });
    return release;
  }

  /** Resolves when the origin has had so many requests in all. */
  async asked(requests: number): Promise<void> {
    while (this.#requests < requests) {
      await new Promise<void>((resolve) => {
        this.#onRequest = resolve;
      });
    }
  }

  stop(): Promise<void> {
    return this.#stop();
  }
}
