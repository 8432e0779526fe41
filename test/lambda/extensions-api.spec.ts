import dns from 'node:dns';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ExtensionsApi } from '../../src/lambda/extensions-api.js';
import { turns } from './helpers.js';

const EVENT = '{"eventType":"INVOKE","requestId":"1","deadlineMs":5}';
const EXPECTED = { requestId: '1', deadlineMs: 5 };
const head = (...lines: string[]) => `HTTP/1.1 200 OK\r\n${lines.join('\r\n')}\r\n\r\n`;
const sized = head(`content-LENGTH: ${EVENT.length}`);

/**
 * A server that answers every request in these pieces, one packet each; `end` closes the connection after them. The
 * second request and later ones get the event, whatever the first one got.
 */
async function serve(pieces: readonly string[], end: 'end' | 'open') {
  const connections: Socket[] = [];
  const requests: string[] = [];
  const server = createServer((socket) => {
    connections.push(socket.setNoDelay());
    socket.on('error', () => {});
    socket.on('data', async (chunk) => {
      requests.push(String(chunk));
      for (const piece of requests.length === 1 ? pieces : [sized + EVENT]) {
        await new Promise<unknown>((sent) => socket.write(piece, sent));
        await turns();
      }
      if (end === 'end') socket.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of connections) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { api: new ExtensionsApi(`127.0.0.1:${port}`), requests, connections };
}

describe('An answer of the Extensions API', () => {
  it.each<[string, string[], 'end' | 'open']>([
    ['in one packet', [sized + EVENT], 'open'],
    ['whose body follows its head', [sized, EVENT], 'open'],
    [
      'cut anywhere',
      [sized.slice(0, 30), sized.slice(30) + EVENT.slice(0, 9), EVENT.slice(9)],
      'open',
    ],
    [
      'that is larger than a read',
      [head(`Content-Length: ${EVENT.length + 9_000}`), ' '.repeat(9_000), EVENT],
      'open',
    ],
    [
      'that ends with its connection',
      [head('Date: now'), EVENT.slice(0, 9), EVENT.slice(9)],
      'end',
    ],
  ])('is read %s', async (_, pieces, end) => {
    const { api } = await serve(pieces, end);
    expect(await api.nextInvoke()).toMatchObject(EXPECTED);
  });

  it('brings the identifier, whatever the case of its header', async () => {
    const { api, requests } = await serve(
      [head('LAMBDA-extension-Identifier: abc-1', 'content-length: 2'), '{}'],
      'open',
    );
    await api.register();
    await api.nextInvoke();
    const [first = '', second] = requests;
    const [lines, body = ''] = first.split('\r\n\r\n');
    expect(lines?.split('\r\n')).toEqual([
      'POST /2020-01-01/extension/register HTTP/1.0',
      'Connection: keep-alive',
      'Lambda-Extension-Name: glasswork-cache',
      `Content-Length: ${body.length}`,
    ]);
    expect(JSON.parse(body)).toEqual({ events: ['INVOKE'] });
    expect(second?.split('\r\n')).toEqual([
      'GET /2020-01-01/extension/event/next HTTP/1.0',
      'Connection: keep-alive',
      'Lambda-Extension-Identifier: abc-1',
      '',
      '',
    ]);
  });

  it.each([
    [
      'names its error',
      ['HTTP/1.1 403 Forbidden\r\n\r\n', '{"errorType":"Extension.Closed"}'],
      'Extension.Closed',
    ],
    ['names none', ['HTTP/1.1 500 Oops\r\n\r\n'], 'HTTP/1.1 500'],
    ['gives no identifier', [head('content-length: 0')], 'no id'],
    ['is empty', [], 'closed'],
  ])('fails where it %s', async (_, pieces, message) => {
    const { api } = await serve(pieces, 'end');
    await expect(api.register()).rejects.toThrow(message);
  });

  it.each([
    ['of another type', '{"eventType":"SHUTDOWN","deadlineMs":5}'],
    ['without a deadline', '{"eventType":"INVOKE","requestId":"1"}'],
    ['with the deadline 0', '{"eventType":"INVOKE","requestId":"1","deadlineMs":0}'],
    ['cut short', EVENT.slice(0, 20)],
  ])('fails with an event %s', async (_, body) => {
    const { api } = await serve([head('Date: now'), body], 'end');
    await expect(api.nextInvoke()).rejects.toThrow();
  });
});

describe('The connection to the Extensions API', () => {
  const KEPT = head(`Content-Length: ${EVENT.length}`, 'Connection: keep-alive') + EVENT;

  it('is kept where the server keeps it', async () => {
    const { api, connections } = await serve([KEPT], 'open');
    for (let request = 1; request <= 2; request++) await api.nextInvoke();
    expect(connections).toHaveLength(1);
  });

  it.each([
    ['does not say that it keeps it', sized + EVENT, 'open' as const],
    [
      'says that it closes it',
      head(`Content-Length: ${EVENT.length}`, 'Connection: close') + EVENT,
      'open' as const,
    ],
    ['closes it after all', KEPT, 'end' as const],
  ])('is another one for the next request where the server %s', async (_, answer, end) => {
    const { api, connections } = await serve([answer], end);
    await api.nextInvoke();
    await turns();
    await expect.poll(() => connections[0]?.destroyed).toBe(true);
    expect(await api.nextInvoke()).toMatchObject(EXPECTED);
    expect(connections).toHaveLength(2);
  });

  it('is another one after it was lost with a request on it', async () => {
    const { api, connections, requests } = await serve([], 'open');
    const lost = api.nextInvoke();
    while (requests.length === 0) await turns();
    connections[0]?.resetAndDestroy();
    await expect(lost).rejects.toThrow('ECONNRESET');
    expect(await api.nextInvoke()).toMatchObject(EXPECTED);
  });

  it('fails with the address that does not take it', async () => {
    const registering = new ExtensionsApi('127.0.0.1:1').register();
    await expect(registering).rejects.toThrow('connect ECONNREFUSED 127.0.0.1:1');
  });

  it('fails where none of several addresses takes it', async () => {
    const addresses = [
      { address: '127.0.0.1', family: 4 },
      { address: '::1', family: 6 },
    ];
    vi.spyOn(dns, 'lookup').mockImplementation(((...args: unknown[]) => {
      const found = args.at(-1) as (error: null, found: typeof addresses) => void;
      setImmediate(found, null, addresses);
    }) as never);
    const registering = new ExtensionsApi('localhost:1').register();
    await expect(registering).rejects.toThrow(/^E[A-Z]+$/);
  });
});
