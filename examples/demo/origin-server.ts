import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { delays, originDelay } from './network.js';

/** A load that has read its value and not yet answered. */
export interface HeldLoad {
  readonly hasRead: Promise<void>;
  answer(): void;
}

export interface OriginServer {
  readonly url: string;
  /** The queries since the last call. */
  take(): number;
  version(key: string): number;
  /** The next query of this key reads at once, and answers when it is told to: a load as slow as one likes. */
  hold(key: string): HeldLoad;
  stop(): void;
}

/** The database of the acts that count queries or time them to the moment: a version for each key, behind a network. */
export async function startOriginServer(median: number, seed: number): Promise<OriginServer> {
  const nextDelay = delays(originDelay(median), seed);
  const versions = new Map<string, number>();
  const held = new Map<string, { read: () => void; answered: Promise<void> }>();
  let queries = 0;
  const version = (key: string) => versions.get(key) ?? 1;

  const server = createServer(async (request, response) => {
    const key = decodeURIComponent(request.url?.slice(1) ?? '');
    if (request.method === 'PUT') versions.set(key, version(key) + 1);
    else queries++;
    // As a database does: the query sees what is there when it begins, however long it takes.
    const seen = version(key);
    const hold = request.method === 'GET' ? held.get(key) : undefined;
    if (hold) {
      held.delete(key);
      hold.read();
      await hold.answered;
    } else if (median > 0) {
      await pause(nextDelay());
    }
    response.end(String(seen));
  });
  // A client may take longer than the usual five seconds to send its next request on a busy machine.
  server.keepAliveTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // An AddressInfo, because it listens on a port.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    version,
    take() {
      const taken = queries;
      queries = 0;
      return taken;
    },
    hold(key) {
      let [read, answer] = [() => {}, () => {}];
      const hasRead = new Promise<void>((resolve) => {
        read = resolve;
      });
      const answered = new Promise<void>((resolve) => {
        answer = resolve;
      });
      held.set(key, { read, answered });
      return { hasRead, answer };
    },
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
