import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { bundleFunctions } from '../../lambda/bundle.js';

export interface Reply {
  readonly body: string;
  readonly status: string | null;
}

/** Starts processes that have connected and have been asked for nothing yet, as sandboxes that a burst starts. */
export async function startFleet(count: number, args: readonly string[]) {
  const bundles = await bundleFunctions(['process'], ['cjs'], 'test/http/fleet');
  const file = join(bundles.folder('cjs'), 'process.cjs');
  const children: ChildProcess[] = [];
  onTestFinished(async () => {
    for (const child of children) child.kill('SIGKILL');
    await bundles.remove();
  });
  // A few at a time, because a start takes a processor.
  for (let i = 0; i < count; i += 5) {
    const some = Array.from({ length: Math.min(5, count - i) }, () => fork(file, args));
    children.push(...some);
    await Promise.all(some.map((child) => once(child, 'message')));
  }
  return {
    /** Sends so many requests, one process after the other in turn, all at the same time. */
    send(path: string, requests = count): Promise<Reply[]> {
      const replies = Array.from({ length: requests }, (_none, id) => {
        const child = children[id % count] as ChildProcess;
        child.setMaxListeners(requests);
        return new Promise<Reply>((resolve) => {
          child.on('message', ([of, reply]: [number, Reply]) => of === id && resolve(reply));
          child.send([id, path]);
        });
      });
      return Promise.all(replies);
    },
  };
}

/** An origin that takes its time for each answer, and notes when it was asked. */
export async function startOrigin(ms: number, headers: Record<string, string> = {}) {
  const asked: number[] = [];
  const server = createServer(async (_request, response) => {
    asked.push(performance.now());
    const body = `answer ${asked.length}`;
    await pause(ms);
    response.writeHead(200, headers).end(body);
  });
  // A client may take longer than the usual five seconds to send its next request on a busy machine.
  server.keepAliveTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, asked };
}
