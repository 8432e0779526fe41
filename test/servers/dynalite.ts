import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import dynalite from 'dynalite';

export interface Dynalite {
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** The installed version. */
export const dynaliteVersion: string = createRequire(import.meta.url)(
  'dynalite/package.json',
).version;

/** Starts an empty dynalite in this process, in memory, on a free loopback port. */
export async function startDynalite(): Promise<Dynalite> {
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  server.prependListener('request', survive);
  // A client may take longer than the usual five seconds to send its next request on a busy machine.
  server.keepAliveTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = promisify(server.close.bind(server));
  return {
    endpoint: `http://127.0.0.1:${port}`,
    async stop() {
      // Clients keep their connections alive, and `close` waits for them.
      server.closeAllConnections();
      await close();
    },
  };
}

/** dynalite throws when a client hangs up, which would end the test process: clients that give up are a test case. */
function survive(request: IncomingMessage): void {
  const on = request.on.bind(request);
  request.on = (event: string | symbol, listener: (...values: never[]) => void) =>
    on(event, event === 'error' ? () => {} : (listener as (...values: unknown[]) => void));
}
