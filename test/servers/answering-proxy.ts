import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** An answer in place of the server's own. */
export interface Answer {
  readonly status: number;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Call {
  /** Such as `GetItem`, from the header of AWS's JSON protocol; the path for others. */
  readonly action: string;
  readonly body: unknown;
  /** The access key that signed it. Undefined without a signature. */
  readonly signedBy: string | undefined;
}

export interface AnsweringProxy {
  readonly endpoint: string;
  readonly calls: readonly Call[];
  stop(): Promise<void>;
}

/** Stands before a DynamoDB, and answers some calls itself. Without a server behind it, it answers all. */
export async function startAnsweringProxy(
  behind: string | undefined,
  answer: (call: Call) => Answer | undefined,
): Promise<AnsweringProxy> {
  const calls: Call[] = [];
  const server = createServer(async (incoming, response) => {
    const body = await text(incoming);
    const target = String(incoming.headers['x-amz-target'] ?? incoming.url);
    const call = {
      action: target.split('.').at(-1) ?? '',
      body: body ? JSON.parse(body) : undefined,
      signedBy: /Credential=([^/]+)/.exec(incoming.headers.authorization ?? '')?.[1],
    };
    calls.push(call);
    const own = answer(call) ?? (behind ? undefined : { status: 404, body: {} });
    if (!own) return forward(behind ?? '', incoming, body, response);
    response.writeHead(own.status, {
      'content-type': 'application/x-amz-json-1.0',
      ...own.headers,
    });
    response.end(JSON.stringify(own.body));
  });
  // A client may take longer than the usual five seconds to send its next request on a busy machine.
  server.keepAliveTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    calls,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function forward(
  to: string,
  { method, headers, url = '/' }: IncomingMessage,
  body: string,
  response: ServerResponse,
): void {
  const onward = request(new URL(url, to), { method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    answer.pipe(response);
  });
  onward.on('error', () => response.destroy());
  onward.end(body);
}

/** IAM's denial. */
export const denied = (action: string): Answer => ({
  status: 400,
  body: {
    __type: 'com.amazon.coral.service#AccessDeniedException',
    Message: `User: arn:aws:iam::1:user/a is not authorized to perform: dynamodb:${action}`,
  },
});
