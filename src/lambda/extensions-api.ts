/** Under this name Lambda knows the extension. No other extension of the function may have it. */
export const EXTENSION_NAME = 'glasswork-cache';

const PATH = '/2020-01-01/extension/';

/** What Lambda tells an extension when an invocation begins. */
export interface InvokeEvent {
  readonly requestId: string;
  /** The end of the invocation, epoch milliseconds. */
  readonly deadlineMs: number;
}

/**
 * Registers an extension inside this process, for INVOKE events: Lambda allows no others there.
 *
 * @param api host and port, as in AWS_LAMBDA_RUNTIME_API.
 * @returns the identifier that Lambda gave it.
 * @throws Error whose message is the API's type of error, where it gives one.
 */
export async function register(api: string): Promise<string> {
  const lines = `POST ${PATH}register HTTP/1.0\r\nLambda-Extension-Name: ${EXTENSION_NAME}\r\nContent-Length: 21`;
  const answer = await send(api, lines, '{"events":["INVOKE"]}');
  const identifier = /^lambda-extension-identifier: *(\S+)/im.exec(answer)?.[1];
  if (identifier) return identifier;
  throw new Error('no id');
}

/** Tells Lambda that nothing is left to do for now, and waits for the next invocation. */
export async function nextInvoke(api: string, identifier: string): Promise<InvokeEvent> {
  const lines = `GET ${PATH}event/next HTTP/1.0\r\nLambda-Extension-Identifier: ${identifier}`;
  const body = bodyOf(await send(api, lines));
  const event: InvokeEvent & { readonly eventType?: string } = JSON.parse(body);
  if (event.eventType === 'INVOKE' && event.requestId && event.deadlineMs > 0) return event;
  throw new Error(`no event: ${body}`);
}

/** JSON has no blank lines. */
const bodyOf = (answer: string): string => answer.split('\r\n\r\n')[1] ?? '';

/**
 * HTTP/1.0 on a bare socket, read without a stream: Lambda waits for it while the function initialises, and the first
 * request of node:http takes twice the time. To a request of 1.0 no server may answer in chunks (RFC 9112, section 6.1).
 *
 * Each request has a connection of its own, which is a fraction of a millisecond on loopback: one that was kept could
 * have died while the sandbox was frozen. It keeps no process alive; with it in the event loop, callback and streaming
 * handlers on Node 20 would run on to the function's timeout.
 */
function send(api: string, lines: string, content = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    // Not by `import`: see aws/builtin.ts.
    const net = process.getBuiltinModule('node:net');
    const [host, port] = api.split(':');
    const buffer = Buffer.alloc(4_096);
    let text = '';
    const read = (isOver: boolean) => {
      const body = bodyOf(text);
      const isWhole = body.length >= Number(/^content-length: *(\d+)/im.exec(text)?.[1]);
      // Where it does not say how long it is, the end of the connection does.
      if (!isWhole && !isOver) return true;
      const status = text.slice(9, 12);
      // Such as `Extension.RegistrationClosed`.
      const error = /"errorType": *"([^"]+)/.exec(body)?.[1] ?? `HTTP ${status}`;
      if (status === '200') resolve(text);
      else reject(new Error(error));
      socket.destroy();
      return false;
    };
    const callback = (bytes: number) => {
      // One character a byte: what is read of an answer is ASCII.
      text += buffer.toString('latin1', 0, bytes);
      return read(false);
    };
    const socket = net.connect({ host, port: Number(port), onread: { buffer, callback } });
    socket.unref();
    socket.on('error', reject);
    socket.on('end', () => read(true));
    socket.write(`${lines}\r\n\r\n${content}`);
  });
}
