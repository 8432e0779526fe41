import type { Socket } from 'node:net';

/** What Lambda tells an extension when an invocation begins. */
export interface InvokeEvent {
  readonly requestId: string;
  /** The end of the invocation, epoch milliseconds. */
  readonly deadlineMs: number;
}

/**
 * Lambda's Extensions API, for an extension inside this process, over HTTP/1.0 on a bare socket that is read without a
 * stream: Lambda waits for both of the first requests while the function initialises, and the first one of node:http
 * takes twice the time. A server must not answer a request of HTTP/1.0 in chunks (RFC 9112, section 6.1).
 *
 * One request at a time, on a connection that is kept while the server keeps it. The sandbox never freezes with an idle
 * one, which could die unnoticed: it freezes only while a request for the next event is held open.
 *
 *     register ─▶ answer ─▶ next event asked for ─▶ freeze ─▶ resume, answer ─▶ work ─▶ next event asked for ─▶ freeze
 *     │◀─────────────────────────────────── one connection ────────────────────────────────────────────────▶ …
 */
export class ExtensionsApi {
  readonly #api: string;
  #identifier: string | undefined;
  #socket: Socket | undefined;
  /** Takes what comes for the last request: text of its answer, or the end of the connection. */
  #take: (text: string, end?: string) => void = () => {};

  /** @param api host and port, as in AWS_LAMBDA_RUNTIME_API. */
  constructor(api: string) {
    this.#api = api;
  }

  /**
   * Registers for INVOKE events: Lambda allows an extension inside the process no others.
   *
   * @throws Error whose message is the API's type of error, where it gives one.
   */
  async register(): Promise<void> {
    // No other extension of the function may have this name.
    const lines = 'Name: glasswork-cache\r\nContent-Length: 21';
    const answer = await this.#send('register', lines, '{"events":["INVOKE"]}');
    this.#identifier = field(answer, 'lambda-extension-identifier');
    if (!this.#identifier) throw new Error('no id');
  }

  /** Tells Lambda that nothing is left to do for now, and waits for the next invocation. */
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
        // Without a length, the end of the connection ends the answer.
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

  /** It keeps no process alive: with it in the event loop, callback and streaming handlers on Node 20 would time out. */
  #connect(): Socket {
    // Not by `import`: see aws/builtin.ts.
    const net = process.getBuiltinModule('node:net');
    const [host, port] = this.#api.split(':');
    const buffer = Buffer.alloc(4_096);
    const callback = (bytes: number) => {
      // One character a byte: what is read of an answer is ASCII.
      this.#take(buffer.toString('latin1', 0, bytes));
      return true;
    };
    // If a name has two addresses, the error for both has a code and an empty message.
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
