import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { nextInvoke, register } from '../../src/lambda/extensions-api.js';

const EVENT = '{"eventType":"INVOKE","requestId":"1","deadlineMs":5}';
const EXPECTED = { requestId: '1', deadlineMs: 5 };
const head = (...lines: string[]) => `HTTP/1.1 200 OK\r\n${lines.join('\r\n')}\r\n\r\n`;
const sized = head(`content-LENGTH: ${EVENT.length}`);

/** A server that answers in these pieces, one packet each; `end` closes the connection after them. */
async function serve(pieces: readonly string[], end: 'end' | 'open') {
  const sockets = new Set<Socket>();
  const requests: string[] = [];
  const server = createServer((socket) => {
    sockets.add(socket.setNoDelay());
    socket.on('error', () => {});
    socket.once('data', async (chunk) => {
      requests.push(String(chunk));
      for (const piece of pieces) {
        await new Promise<unknown>((sent) => socket.write(piece, sent));
        for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
      }
      if (end === 'end') socket.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { api: `127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
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
    expect(await nextInvoke(api, 'id')).toMatchObject(EXPECTED);
  });

  it('gives the identifier, whatever the case of its header', async () => {
    const { api, requests } = await serve(
      [head('LAMBDA-extension-Identifier: abc-1', 'content-length: 2'), '{}'],
      'open',
    );
    expect(await register(api)).toBe('abc-1');
    const [request = ''] = requests;
    const [lines, body = ''] = request.split('\r\n\r\n');
    expect(lines?.split('\r\n')).toEqual([
      'POST /2020-01-01/extension/register HTTP/1.0',
      'Lambda-Extension-Name: glasswork-cache',
      `Content-Length: ${body.length}`,
    ]);
    expect(JSON.parse(body)).toEqual({ events: ['INVOKE'] });
  });

  it.each([
    [
      'names its error',
      ['HTTP/1.1 403 Forbidden\r\n\r\n', '{"errorType":"Extension.Closed"}'],
      'Extension.Closed',
    ],
    ['names none', ['HTTP/1.1 500 Oops\r\n\r\n'], 'HTTP 500'],
    ['gives no identifier', [head('content-length: 0')], 'no id'],
    ['is empty', [], 'HTTP'],
  ])('fails where it %s', async (_, pieces, message) => {
    const { api } = await serve(pieces, 'end');
    await expect(register(api)).rejects.toThrow(message);
  });

  it.each([
    ['of another type', '{"eventType":"SHUTDOWN","deadlineMs":5}'],
    ['without a deadline', '{"eventType":"INVOKE","requestId":"1"}'],
    ['cut short', EVENT.slice(0, 20)],
  ])('fails with an event %s', async (_, body) => {
    const { api } = await serve([head('Date: now'), body], 'end');
    await expect(nextInvoke(api, 'id')).rejects.toThrow();
  });
});
