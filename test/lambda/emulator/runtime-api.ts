import type { IncomingMessage } from 'node:http';
import { accepted, member, type Reply, type Route, readBody, refusal } from './http.js';
import type { FunctionError, Invocation } from './invocation.js';

/** Lambda's limit for a response that is not streamed. */
const MAX_RESPONSE_BYTES = 6 * 1024 * 1024 + 100;

export interface RuntimeApiOptions {
  /** The runtime asks for an event: it has nothing to do. */
  readonly onParked: () => void;
  readonly onAnswered: () => void;
  readonly onInitError: (error: FunctionError) => void;
}

/** The Runtime API of one sandbox. */
export class RuntimeApi {
  /** Requests for the next event: one, or on Managed Instances one a worker. */
  readonly #parked: ((reply: Reply) => void)[] = [];
  readonly #running = new Map<string, Invocation>();
  readonly #options: RuntimeApiOptions;

  constructor(options: RuntimeApiOptions) {
    this.#options = options;
  }

  get isParked(): boolean {
    return this.#parked.length > 0;
  }

  /** Hands the event to the runtime, which has to be parked. */
  deliver(invocation: Invocation, headers: Readonly<Record<string, string>>): void {
    const { requestId, payload } = invocation;
    this.#running.set(requestId, invocation);
    this.#parked.shift()?.({
      status: 200,
      headers: { 'Lambda-Runtime-Aws-Request-Id': requestId, ...headers },
      body: payload,
    });
  }

  readonly routes: readonly Route[] = [
    {
      method: 'GET',
      path: /^\/2018-06-01\/runtime\/invocation\/next$/,
      handle: () => this.#next(),
    },
    {
      method: 'POST',
      path: /^\/2018-06-01\/runtime\/invocation\/([^/]+)\/response$/,
      handle: (request, id) => this.#respond(request, id),
    },
    {
      method: 'POST',
      path: /^\/2018-06-01\/runtime\/invocation\/([^/]+)\/error$/,
      handle: (request, id) => this.#fail(request, id),
    },
    {
      method: 'POST',
      path: /^\/2018-06-01\/runtime\/init\/error$/,
      handle: async (request) => {
        this.#options.onInitError(functionError(request, await readBody(request)));
        return accepted;
      },
    },
  ];

  #next(): Promise<Reply> {
    return new Promise((resolve) => {
      this.#parked.push(resolve);
      this.#options.onParked();
    });
  }

  async #respond(request: IncomingMessage, id: string): Promise<Reply> {
    const invocation = this.#running.get(id);
    if (invocation === undefined) return unknownRequest(id);
    request.once('data', () => invocation.markFirstByte());
    const body = await readBody(request);
    const isStreamed = request.headers['lambda-runtime-function-response-mode'] === 'streaming';
    if (!isStreamed && body.length > MAX_RESPONSE_BYTES) {
      return refusal(413, 'RequestEntityTooLarge', `${body.length} bytes`);
    }
    const contentType = request.headers['content-type'] ?? 'application/json';
    return this.#answer(invocation, body, contentType, trailingError(request));
  }

  async #fail(request: IncomingMessage, id: string): Promise<Reply> {
    const invocation = this.#running.get(id);
    if (invocation === undefined) return unknownRequest(id);
    const body = await readBody(request);
    return this.#answer(invocation, body, 'application/json', functionError(request, body));
  }

  #answer(invocation: Invocation, body: Buffer, type: string, error?: FunctionError): Reply {
    this.#running.delete(invocation.requestId);
    invocation.answer(body, type, error);
    this.#options.onAnswered();
    return accepted;
  }
}

const unknownRequest = (id: string) => refusal(400, 'InvalidRequestID', `Invalid request ID ${id}`);

/** A stream that has begun can fail only in its trailers. */
function trailingError({ trailers }: IncomingMessage): FunctionError | undefined {
  const errorType = trailers['lambda-runtime-function-error-type'];
  if (errorType === undefined) return undefined;
  const body = trailers['lambda-runtime-function-error-body'] ?? '';
  return errorIn(Buffer.from(body, 'base64'), errorType);
}

function functionError({ headers }: IncomingMessage, body: Buffer): FunctionError {
  return errorIn(body, String(headers['lambda-runtime-function-error-type'] ?? 'Unhandled'));
}

/** The runtime client writes both into the body; what lacks there comes from the header. */
function errorIn(body: Buffer, fallback: string): FunctionError {
  const parsed: unknown = JSON.parse(body.toString() || '{}');
  return {
    errorType: String(member(parsed, 'errorType') ?? fallback),
    errorMessage: String(member(parsed, 'errorMessage') ?? ''),
  };
}
