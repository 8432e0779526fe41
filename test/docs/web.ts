import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { vi } from 'vitest';

/** A request that a block has sent to a host of the Internet. */
export interface Sent {
  readonly url: string;
  readonly method: string;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

export interface Web {
  /** All requests so far. */
  readonly sent: Sent[];
  /** The hosts' answers, by the beginning of the address; an empty page where none fits. */
  readonly answers: Map<string, string>;
  /** The real one, for servers that a block has started. */
  readonly fetch: typeof fetch;
  stop(): Promise<void>;
}

/** Stands for the hosts that the pages name: `fetch` leads to a server on loopback, which records what it is asked. */
export async function startWeb(): Promise<Web> {
  const sent: Sent[] = [];
  const answers = new Map<string, string>();
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { 'x-asked-for': url = '', ...headers } = request.headers;
    sent.push({ url: String(url), method: request.method ?? '', headers, body });
    const [, answer] = [...answers].find(([start]) => String(url).startsWith(start)) ?? [];
    response.end(answer ?? '');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { fetch } = globalThis;
  vi.stubGlobal('fetch', (input: string | URL | Request, init?: RequestInit) => {
    const request = new Request(input, init);
    request.headers.set('x-asked-for', request.url);
    const { pathname, search } = new URL(request.url);
    return fetch(new Request(`http://127.0.0.1:${port}${pathname}${search}`, request));
  });
  return {
    sent,
    answers,
    fetch,
    async stop() {
      vi.unstubAllGlobals();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
