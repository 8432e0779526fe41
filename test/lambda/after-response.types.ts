// Compiled, never run: handlers keep their types.
import { CacheService, MemoryCacheStore } from '@glasswork/cache';
import {
  type AfterResponse,
  type AfterResponseMode,
  type AfterResponseOptions,
  afterResponse,
} from '@glasswork/cache/lambda';
import type {
  APIGatewayProxyEventV2,
  APIGatewayProxyResultV2,
  Handler,
  SQSHandler,
} from 'aws-lambda';
import { Hono } from 'hono';
import { handle, streamHandle } from 'hono/aws-lambda';
import { type Assert, hasType, type Same } from '../type-assertions.js';

const options: AfterResponseOptions = { mode: 'await', maxWait: '2s', onEvent: () => {} };
const after: AfterResponse = await afterResponse(options);

export type _Modes = Assert<Same<AfterResponseMode, 'extension' | 'await' | 'detached'>>;
hasType<AfterResponseMode>()(after.mode);
hasType<number | undefined>()(after.deadline());

// The service's options.
new CacheService(new MemoryCacheStore(), {
  waitUntil: after.waitUntil,
  deadline: after.deadline,
  onEvent: options.onEvent,
});

// Lambda's own types, given as a type of the export or of the function.
type Http = Handler<APIGatewayProxyEventV2, APIGatewayProxyResultV2>;
export const http: Http = after.handler(async (event) => ({ body: event.rawPath }));
export const sqs: SQSHandler = after.handler(async (event) => {
  hasType<string | undefined>()(event.Records[0]?.body);
});
hasType<Http>()(after.handler<Http>(async () => ({ statusCode: 204 })));
hasType<(event: { id: string }) => Promise<string>>()(
  after.handler(async (event: { id: string }) => event.id),
);

// Streaming, marked inside or outside.
after.handler(
  awslambda.streamifyResponse<{ id: string }>(async (event, stream, context) => {
    stream.end(event.id + context.awsRequestId);
  }),
);

const app = new Hono();
const [buffered, streamed] = [handle(app), streamHandle(app)];
export const bufferedHandler: typeof buffered = after.handler(buffered);
export const streamedHandler: typeof streamed = after.handler(streamed);

// @ts-expect-error Only a function can be a handler.
after.handler({ handler: async () => {} });
// @ts-expect-error There are three modes.
await afterResponse({ mode: 'background' });
