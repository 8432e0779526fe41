import type { Socket } from 'node:net';
import { endpoint, signedHeaders } from './bare-signature.js';

// The floor: the least code that reads one item over a socket. It takes an answer with a length for granted, and one
// request at a time; a lost connection, a slow one or any other answer leaves it waiting for good.
const isSecure = endpoint.protocol === 'https:';
const net = process.getBuiltinModule('node:net');
const tls = isSecure ? process.getBuiltinModule('node:tls') : undefined;
const host = endpoint.hostname;
const port = Number(endpoint.port);

let socket: Socket | undefined;
let answered = (_: string): void => {};
let text = '';
let end = 0;

function open(): Socket {
  const opened = tls?.connect({ host, port }) ?? net.connect({ host, port });
  opened.setNoDelay(true);
  opened.setEncoding('latin1');
  opened.on('data', (chunk: string) => {
    text += chunk;
    if (end === 0) {
      const start = text.indexOf('\r\n\r\n');
      if (start < 0) return;
      end = start + 4 + Number(/content-length: (\d+)/i.exec(text)?.[1]);
    }
    if (text.length < end) return;
    const body = text.slice(text.indexOf('\r\n\r\n') + 4);
    text = '';
    end = 0;
    opened.unref();
    answered(body);
  });
  return opened;
}

/** The text of the attribute `value` of one item. */
export function getItem(tableName: string, pk: string): Promise<string> {
  const body = JSON.stringify({ TableName: tableName, Key: { pk: { S: pk } } });
  let head = 'POST / HTTP/1.1\r\n';
  const headers = signedHeaders(body);
  for (const name in headers) head += `${name}: ${headers[name]}\r\n`;
  socket ??= open();
  socket.ref();
  socket.write(`${head}\r\n${body}`);
  return new Promise((resolve) => {
    answered = (answer) => resolve(JSON.parse(answer).Item.value.S);
  });
}
