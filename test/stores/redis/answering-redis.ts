import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** An answer as Redis sends it, `close` to end the connection, `reset` to break it; nothing to stay silent. */
export type Answer = string | 'close' | 'reset' | undefined;

/** A server that speaks the protocol of Redis and answers each command as the test says. It ends with the test. */
export async function answeringRedis(answer: (command: string[], port: number) => Answer) {
  const sockets: Socket[] = [];
  const commands: string[][] = [];
  const first: (number | undefined)[] = [];
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => {}));
    let unread = '';
    socket.once('data', (data) => first.push(data[0]));
    socket.on('data', (data) => {
      unread += data;
      for (let [command, rest] = parse(unread); command; [command, rest] = parse(unread)) {
        unread = rest;
        commands.push(command);
        const said = answer(command, port());
        if (said === 'close') socket.destroy();
        else if (said === 'reset') socket.resetAndDestroy();
        else if (said !== undefined) socket.write(said);
      }
    });
  }).listen(0, '127.0.0.1');
  const port = () => (server.address() as AddressInfo).port;
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const names = () => commands.map(([name]) => name?.toLowerCase());
  return { host: '127.0.0.1', port: port(), sockets, commands, first, names };
}

/** The first whole command, and the text behind it. */
function parse(text: string): [command: string[] | undefined, rest: string] {
  const lines = text.split('\r\n');
  const count = Number(/^\*(\d+)$/.exec(lines[0] ?? '')?.[1]);
  if (!(lines.length > 2 * count + 1)) return [undefined, text];
  const command = Array.from({ length: count }, (_, i) => lines[2 * i + 2] ?? '');
  return [command, lines.slice(2 * count + 1).join('\r\n')];
}
