import type { IncomingHttpHeaders } from 'node:http';

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
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/**
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
    const http = process.getBuiltinModule('node:http');
    const url = `http://${api}/2020-01-01/extension/${path}`;
    const request = http.request(url, { method, headers, agent: false });
    request.on('error', reject);
    request.on('socket', (socket) => socket.unref());
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('error', reject);
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        if (response.statusCode === 200) resolve({ headers: response.headers, body });
        else reject(new Error(errorType(body) ?? `status ${response.statusCode}`));
      });
    });
    request.end(method === 'POST' ? JSON.stringify({ events: ['INVOKE'] }) : undefined);
  });
}

/** Such as `Extension.RegistrationClosed`. */
function errorType(body: string): string | undefined {
  return /"errorType"\s*:\s*"([^"]+)"/.exec(body)?.[1];
}
