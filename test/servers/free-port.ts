import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';

/** A loopback port that was free a moment ago, so that nobody listens there. */
export const freePort = (): Promise<number> => closedPort(createServer().listen(0, '127.0.0.1'));

/** The port of a server that has just begun to listen, after its end. */
export async function closedPort(server: Server): Promise<number> {
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
