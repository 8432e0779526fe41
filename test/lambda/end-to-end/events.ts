import type { Answer } from '../emulator/invocation.js';
import type { CachedAnswer, CachedEvent } from '../functions/cache.js';

/** How a handler gets an event and gives its answer. */
export interface Shape {
  /** The file in `test/lambda/functions`. */
  readonly name: string;
  readonly event: (event: CachedEvent) => unknown;
  readonly answer: (answer: Answer) => CachedAnswer;
}

const plain = {
  event: (event: CachedEvent): unknown => event,
  answer: ({ body }: Answer): CachedAnswer => JSON.parse(body.toString()),
};

export const promise: Shape = { name: 'promise', ...plain };
export const callback: Shape = { name: 'callback', ...plain };
export const stream: Shape = { name: 'stream', ...plain };
export const commonJS: Shape = { name: 'common-js', ...plain };
export const late: Shape = { name: 'late', ...plain };
export const hono: Shape = {
  name: 'hono',
  event: httpEvent,
  answer: (answer) => JSON.parse(JSON.parse(answer.body.toString()).body),
};
export const honoStream: Shape = {
  name: 'hono-stream',
  event: httpEvent,
  // The status and the headers come first, then eight zeros, then the body.
  answer: ({ body }) => JSON.parse(body.subarray(body.indexOf(Buffer.alloc(8)) + 8).toString()),
};

/** Event of a function URL or an HTTP API for `GET /?event=…`. */
function httpEvent(event: CachedEvent): unknown {
  const query = new URLSearchParams({ event: JSON.stringify(event) });
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: '/',
    rawQueryString: query.toString(),
    headers: { host: 'emulated.lambda-url.us-east-1.on.aws' },
    requestContext: {
      accountId: '123456789012',
      domainName: 'emulated.lambda-url.us-east-1.on.aws',
      http: { method: 'GET', path: '/', protocol: 'HTTP/1.1', sourceIp: '192.0.2.1' },
    },
    isBase64Encoded: false,
  };
}
