/** Under this name Lambda knows the extension. No other extension of the function may have it. */
export const EXTENSION_NAME = 'glasswork-cache';

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
  const { headers } = await send(api, 'POST', 'register', {
    'Lambda-Extension-Name': EXTENSION_NAME,
  });
  const identifier = headers['lambda-extension-identifier'];
  if (typeof identifier === 'string') return identifier;
  throw new Error('no identifier');
}

/** Tells Lambda that nothing is left to do for now, and waits for the next invocation. */
export async function nextInvoke(api: string, identifier: string): Promise<InvokeEvent> {
  const { body } = await send(api, 'GET', 'event/next', {
    'Lambda-Extension-Identifier': identifier,
  });
  const event: Partial<Record<string, unknown>> = JSON.parse(body);
  const { eventType, requestId, deadlineMs } = event;
  if (eventType === 'INVOKE' && typeof requestId === 'string' && typeof deadlineMs === 'number') {
    return { requestId, deadlineMs };
  }
  throw new Error(`no INVOKE event: ${body.slice(0, 100)}`);
}

interface Answer {
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * HTTP/1.0 on a bare socket, read without a stream: Lambda waits for it while the function initialises, and the first
 * request of node:http takes twice the time. To a request of 1.0 no server may answer in chunks (RFC 9112, section 6.1).
 *
 * Each request has a connection of its own, which is a fraction of a millisecond on loopback: one that was kept could
 * have died while the sandbox was frozen. It keeps no process alive; with it in the event loop, callback and streaming
 * handlers on Node 20 would run on to the function's timeout.
 */
function send(
  api: string,
  method: 'GET' | 'POST',
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    // Not by `import`: see aws/builtin.ts.
    const net = process.getBuiltinModule('node:net');
    const [host, port] = api.split(':');
    let text = '';
    const settle = ({ status, ...answer }: Parsed) => {
      if (status === '200') resolve(answer);
      else reject(new Error(errorType(answer.body) ?? `status ${status}`));
      socket.destroy();
      return false;
    };
    const callback = (bytes: number, buffer: Uint8Array) => {
      // One character a byte: what is read of an answer is ASCII.
      text += Buffer.from(buffer.buffer, buffer.byteOffset, bytes).toString('latin1');
      const answer = parse(text);
      return !answer.isWhole || settle(answer);
    };
    const onread = { buffer: Buffer.allocUnsafe(4_096), callback };
    const socket = net.connect({ host, port: Number(port), onread });
    socket.unref();
    socket.on('error', reject);
    socket.on('end', () => settle(parse(text)));
    const body = method === 'POST' ? '{"events":["INVOKE"]}' : '';
    const lines = Object.entries({ Host: api, ...headers, 'Content-Length': body.length });
    const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    socket.write(`${method} /2020-01-01/extension/${path} HTTP/1.0\r\n${head}\r\n${body}`);
  });
}

interface Parsed extends Answer {
  readonly status: string | undefined;
  /** Whether as much is there as the answer says; one that does not say ends with its connection. */
  readonly isWhole: boolean;
}

function parse(text: string): Parsed {
  const end = text.indexOf('\r\n\r\n');
  const [start = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const body = text.slice(end + 4);
  const isWhole = end >= 0 && body.length >= Number(headers['content-length'] ?? Number.NaN);
  return { status: start.split(' ')[1], headers, body, isWhole };
}

/** Such as `Extension.RegistrationClosed`. */
function errorType(body: string): string | undefined {
  return /"errorType"\s*:\s*"([^"]+)"/.exec(body)?.[1];
}
