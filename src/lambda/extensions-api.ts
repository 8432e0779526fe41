import type { Socket } from 'node:net';

/** The event that Lambda sends to an extension when an invocation begins. */
export interface InvokeEvent {
  readonly requestId: string;
  /** The end of the invocation, epoch milliseconds. */
  readonly deadlineMs: number;
}

/**
 * A client of Lambda's Extensions API, for an extension inside this process. It uses HTTP/1.0 on a bare socket, read
 * without a stream, because Lambda waits for the first two requests during initialisation, and the first one by
 * node:http takes twice as long. A server must not chunk its answer to an HTTP/1.0 request (RFC 9112, section 6.1).
 *
 * It sends one request at a time, and keeps the connection as long as the server does. The sandbox never freezes with
 * an idle connection, which could die unnoticed: it freezes only while a request for the next event is pending.
 *
 *     register ─▶ answer ─▶ next event asked for ─▶ freeze ─▶ resume, answer ─▶ work ─▶ next event asked for ─▶ freeze
 *     │◀─────────────────────────────────── one connection ────────────────────────────────────────────────▶ …
 */
export class ExtensionsApi {
  readonly #api: string;
  #identifier: string | undefined;
  #socket: Socket | undefined;
  /** Receives the answer to the last request, piece by piece, and the end of the connection. */
  #take: (text: string, end?: string) => void = () => {};

  /** @param api host and port, as in AWS_LAMBDA_RUNTIME_API. */
  constructor(api: string) {
    this.#api = api;
  }

  /**
   * Registers for INVOKE events, the only ones that Lambda allows for an extension inside the process.
   *
   * @throws Error whose message is the API's error type, if it names one.
   */
  async register(): Promise<void> {
    // The name must be unique among the function's extensions.
    const lines = 'Name: glasswork-cache\r\nContent-Length: 21';
    const answer = await this.#send('register', lines, '{"events":["INVOKE"]}');
    this.#identifier = field(answer, 'lambda-extension-identifier');
    if (!this.#identifier) throw new Error('no id');
  }

  /** Tells Lambda that the current work is done, and waits for the next invocation. */
  async nextInvoke(): Promise<InvokeEvent> {
    const lines = `Identifier: ${this.#identifier}`;
    const body = bodyOf(await this.#send('event/next', lines)) ?? '';
    const event: InvokeEvent = JSON.parse(body);
    if (event.requestId && event.deadlineMs > 0) return event;
    throw new Error(`no event: ${body}`);
  }

  #send(path: string, lines: string, content = ''): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#socket ??= this.#connect();
      const socket = this.#socket;
      let answer = '';
      this.#take = (text, end) => {
        answer += text;
        const isWhole = Number(bodyOf(answer)?.length) >= Number(field(answer, 'content-length'));
        // An answer without a length ends with the connection.
        if (!isWhole && !end) return;
        if (end || field(answer, 'connection') !== 'keep-alive') {
          socket.destroy();
          this.#socket = undefined;
        }
        const status = answer.slice(0, 12);
        if (status.endsWith('200')) return resolve(answer);
        // Such as `Extension.RegistrationClosed`.
        const type = /"errorType": *"([^"]+)/.exec(answer)?.[1];
        reject(new Error(type || status || end));
      };
      socket.write(
        `${content ? 'POST' : 'GET'} /2020-01-01/extension/${path} HTTP/1.0\r\nConnection: keep-alive\r\nLambda-Extension-${lines}\r\n\r\n${content}`,
      );
    });
  }

  /** The socket must not keep the event loop alive, or callback and streaming handlers on Node 20 would time out. */
  #connect(): Socket {
    // Instead of `import`, for the reason in aws/builtin.ts.
    const net = process.getBuiltinModule('node:net');
    const [host, port] = this.#api.split(':');
    const buffer = Buffer.alloc(4_096);
    const callback = (bytes: number) => {
      // One character per byte, because the parts of an answer that are read are ASCII.
      this.#take(buffer.toString('latin1', 0, bytes));
      return true;
    };
    // For a name with two addresses, the error has a code and an empty message.
    const end = (error?: NodeJS.ErrnoException) => {
      this.#take('', error?.message || error?.code || 'closed');
    };
    return net
      .connect({ host, port: Number(port), onread: { buffer, callback } })
      .unref()
      .on('error', end)
      .on('end', end);
  }
}

/** JSON has no blank lines. */
const bodyOf = (answer: string): string | undefined => answer.split('\r\n\r\n')[1];

const field = (answer: string, name: string): string | undefined =>
  new RegExp(`^${name}: *(\\S+)`, 'im').exec(answer)?.[1];
