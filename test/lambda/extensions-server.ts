import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request for the next event, held open as Lambda holds it. */
export interface Parked {
  /** Announces an invocation. */
  invoke(requestId: string, deadlineMs?: number): void;
  answer(status: number, body: unknown): void;
  /** Breaks the connection. */
  destroy(): void;
  /** The same, with half of an answer sent. */
  cut(): void;
}

export interface ExtensionsServer {
  /** For AWS_LAMBDA_RUNTIME_API. */
  readonly api: string;
  readonly registrations: { readonly name: string | undefined; readonly body: unknown }[];
  /** Answers the next requests to register with an error of this type. */
  refuse: string | undefined;
  /** Answers requests to register once this is fulfilled. */
  holdRegistration: Promise<void>;
  /** How many requests for the next event came. */
  readonly asked: number;
  /** The first request for the next event that nobody has answered, once it is there. */
  parked(): Promise<Parked>;
  /** Fulfilled by the first request to register. */
  registered(): Promise<void>;
  stop(): Promise<void>;
}

/** The Extensions API over HTTP in this process: no freezing, events are the test's to tell. */
export async function startExtensionsServer(): Promise<ExtensionsServer> {
  const waiting: Parked[] = [];
  let wake = () => {};
  let onRegistration = () => {};
  const registration = new Promise<void>((resolve) => {
    onRegistration = resolve;
  });
  const state = {
    registrations: [] as ExtensionsServer['registrations'],
    refuse: undefined as string | undefined,
    holdRegistration: Promise.resolve(),
    asked: 0,
  };

  const server = createServer(async (request, response) => {
    if (request.url === '/2020-01-01/extension/register') {
      const body: unknown = JSON.parse(await read(request));
      state.registrations.push({ name: header(request, 'lambda-extension-name'), body });
      onRegistration();
      await state.holdRegistration;
      if (state.refuse) {
        return send(response, 403, { errorMessage: 'no', errorType: state.refuse });
      }
      response.setHeader('Lambda-Extension-Identifier', 'id-1');
      return send(response, 200, { functionName: 'f', functionVersion: '$LATEST', handler: 'h' });
    }
    const known = header(request, 'lambda-extension-identifier') === 'id-1';
    if (request.url !== '/2020-01-01/extension/event/next' || !known) {
      return send(response, 404, {});
    }
    state.asked++;
    waiting.push({
      invoke: (requestId, deadlineMs = Date.now() + 30_000) =>
        send(response, 200, { eventType: 'INVOKE', requestId, deadlineMs }),
      answer: (status, body) => send(response, status, body),
      destroy: () => response.destroy(),
      cut: () => response.write('{"eventType"', () => response.destroy()),
    });
    wake();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  return Object.assign(state, {
    api: `127.0.0.1:${port}`,
    async parked() {
      for (;;) {
        const first = waiting.shift();
        if (first) return first;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    registered: () => registration,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
}

const header = (request: IncomingMessage, name: string) => request.headers[name]?.toString();

async function read(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.statusCode = status;
  response.end(JSON.stringify(body));
}
