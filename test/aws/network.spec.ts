import type { Socket } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { freePort } from '../servers/free-port.js';
import { NO_SUCH_HOST } from '../servers/no-such-host.js';
import { ask, change, serveHttp, serveTcp, transportTo } from './servers.js';

/** One try ends long before the others: whatever a busy machine makes of it, its own budget is the one that runs out. */
const SHORT = { connect: '10s', request: '250ms', total: '20s' } as const;

/** The error that it ended with. How long that took is the machine's: the error names the budget that ran out. */
const outcomeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => ({ error: undefined }),
    (error: unknown) => ({ error }),
  );

describe('a service that cannot be reached', () => {
  it('refuses the connection: tried again, whatever was to be sent, since nothing was', async () => {
    for (const request of [ask, change]) {
      const transport = transportTo(new URL(`http://127.0.0.1:${await freePort()}`));
      const { error } = await outcomeOf(transport.send(request));
      expect(error).toMatchObject({
        code: 'STORE_FAILED',
        cause: { code: 'ECONNREFUSED' },
        message: expect.stringMatching(/ECONNREFUSED \(tries: 3\)/),
      });
    }
  });

  it('is found at an IPv6 address', async () => {
    const transport = transportTo(new URL(`http://[::1]:${await freePort()}`));
    const { error } = await outcomeOf(transport.send(ask));
    // Nobody listens there, or this machine has no IPv6; a name that cannot be found would be ENOTFOUND.
    expect(error).toMatchObject({
      cause: { code: expect.stringMatching(/^(ECONNREFUSED|EADDRNOTAVAIL|ENETUNREACH)$/) },
    });
  });

  it('has no address', async () => {
    const transport = transportTo(new URL(`http://${NO_SUCH_HOST}`), { timeouts: SHORT });
    const { error } = await outcomeOf(transport.send(ask));
    expect(['STORE_FAILED', 'TIMEOUT']).toContain((error as { code: string }).code);
  });

  it('never ends the TLS handshake: the connect budget, and still nothing was sent', async () => {
    for (const request of [ask, change]) {
      const { port, sockets } = await serveTcp(() => {});
      const transport = transportTo(new URL(`https://127.0.0.1:${port}`), {
        timeouts: { connect: '100ms', request: 10, total: 10 },
      });
      const { error } = await outcomeOf(transport.send(request));
      expect(error).toMatchObject({
        code: 'TIMEOUT',
        message: expect.stringMatching(/: timeouts\.connect ran out \(tries: 3\)/),
      });
      expect(sockets).toHaveLength(3);
    }
  });
});

it('a request that cannot be sent is refused while its connection opens, without a wait for it', async () => {
  const { port } = await serveTcp(() => {});
  const transport = transportTo(new URL(`https://127.0.0.1:${port}`));
  await expect(transport.send({ ...ask, path: '/a b' })).rejects.toThrow(/ERR_INVALID_CHAR/);
});

describe('the connect budget', () => {
  it('does not outlast the total', async () => {
    const { port } = await serveTcp(() => {});
    const transport = transportTo(new URL(`https://127.0.0.1:${port}`), {
      timeouts: { connect: 15, request: 15, total: '250ms' },
    });
    const { error } = await outcomeOf(transport.send(ask));
    expect(error).toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringContaining('timeouts.total'),
    });
  });

  it('is for connecting alone, not for the answer', async () => {
    const { url } = await serveHttp(
      () => (response) => setTimeout(() => response.end('{}'), 1_100),
    );
    const transport = transportTo(url, { timeouts: { connect: '1s', request: 10, total: 10 } });
    expect(await transport.send(change)).toMatchObject({ status: 200, attempts: 1 });
  });
});

describe('a service that hangs', () => {
  it('is asked again, each time for the request budget', async () => {
    const { url, requests, sockets } = await serveHttp(() => () => {});
    const transport = transportTo(url, { timeouts: { request: '250ms', total: 10 } });
    const { error } = await outcomeOf(transport.send(ask));
    expect(error).toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringMatching(
        /: timeouts\.request ran out \(tries: 3, may have been applied\)/,
      ),
    });
    expect(requests).toHaveLength(3);
    expect(sockets).toHaveLength(3);
  });

  it('is let go of, so that it sees the connection end', async () => {
    const { url, sockets } = await serveHttp(() => () => {});
    const { error } = await outcomeOf(transportTo(url, { timeouts: SHORT }).send(change));
    expect(error).toMatchObject({ code: 'TIMEOUT' });
    const [socket] = sockets;
    if (!socket?.destroyed) await new Promise((resolve) => socket?.once('close', resolve));
    expect(sockets).toHaveLength(1);
  });

  it('ends with the total budget, in the middle of a try', async () => {
    const { url } = await serveHttp(() => () => {});
    const transport = transportTo(url, { timeouts: { request: 15, total: '250ms' } });
    const { error } = await outcomeOf(transport.send(ask));
    expect(error).toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringMatching(
        /: timeouts\.total ran out \(tries: 1, may have been applied\)/,
      ),
    });
  });

  it('is not asked again when the request may have been applied', async () => {
    const { url, requests } = await serveHttp(() => () => {});
    const { error } = await outcomeOf(transportTo(url, { timeouts: SHORT }).send(change));
    expect(error).toMatchObject({ code: 'TIMEOUT' });
    expect(requests).toHaveLength(1);
  });

  it('may hang in the middle of its answer', async () => {
    const { url, requests } = await serveHttp(() => (response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"half":');
    });
    const { error } = await outcomeOf(transportTo(url, { timeouts: SHORT }).send(change));
    expect(error).toMatchObject({ code: 'TIMEOUT' });
    expect(requests).toHaveLength(1);
  });

  it('may recover for the next try', async () => {
    const { url } = await serveHttp(({ number }) => (number === 1 ? () => {} : {}));
    const transport = transportTo(url, { timeouts: { connect: 10, request: '500ms', total: 20 } });
    expect(await transport.send(ask)).toMatchObject({ status: 200, attempts: 2 });
  });
});

describe('a connection that breaks', () => {
  const breaks = {
    'before the answer': (response: { socket: Socket | null }) => response.socket?.destroy(),
    'by a reset': (response: { socket: Socket | null }) => response.socket?.resetAndDestroy(),
  };

  it.each(Object.entries(breaks))('%s is tried again when it may be', async (_, destroy) => {
    const { url } = await serveHttp(({ number }) => (number === 1 ? destroy : {}));
    expect(await transportTo(url).send(ask)).toMatchObject({ status: 200, attempts: 2 });
  });

  it.each(Object.entries(breaks))('%s is an error when it may not', async (_, destroy) => {
    const { url, requests } = await serveHttp(() => destroy);
    const { error } = await outcomeOf(transportTo(url).send(change));
    expect(error).toMatchObject({
      code: 'STORE_FAILED',
      cause: { code: 'ECONNRESET' },
      message: expect.stringContaining('may have been applied'),
    });
    expect(requests).toHaveLength(1);
  });

  it('in the middle of the answer never gives half of it', async () => {
    const half = (response: { write(part: string): unknown; socket: Socket | null }) => {
      response.write('{"half":');
      setImmediate(() => response.socket?.resetAndDestroy());
    };
    const { url } = await serveHttp(({ number }) => (number === 1 ? half : { body: '{"all":1}' }));
    const transport = transportTo(url);
    expect((await transport.send(ask)).body.toString()).toBe('{"all":1}');

    const broken = await serveHttp(() => half);
    const { error } = await outcomeOf(transportTo(broken.url).send(change));
    expect(error).toMatchObject({ code: 'STORE_FAILED' });
  });

  it('by an answer that is no HTTP is an error at once', async () => {
    const { url, sockets } = await serveTcp((socket) =>
      socket.on('data', () => socket.end('not HTTP at all\r\n\r\n')),
    );
    const { error } = await outcomeOf(transportTo(url).send(ask));
    expect(error).toMatchObject({ code: 'STORE_FAILED' });
    expect(sockets).toHaveLength(1);
  });
});

/** A service that has dropped every connection older than the last call of `freeze()`, as after a freeze. */
async function afterFreeze(pooled: number) {
  let frozen = false;
  const old = new Set<Socket>();
  const arrived: (() => void)[] = [];
  const server = await serveHttp(({ socket }) => {
    if (frozen) return old.has(socket) ? () => socket.resetAndDestroy() : {};
    old.add(socket);
    // All of them at once, so that each gets a socket of its own.
    return (response) => {
      arrived.push(() => response.end('{}'));
      if (arrived.length === pooled) for (const answer of arrived) answer();
    };
  });
  let now = Date.now();
  const transport = transportTo(server.url, { clock: { now: () => now } });
  await Promise.all(Array.from({ length: pooled }, () => transport.send(ask)));
  expect(server.sockets).toHaveLength(pooled);
  return {
    ...server,
    transport,
    freeze(ms: number) {
      frozen = true;
      now += ms;
    },
  };
}

describe('pooled sockets that died in a frozen sandbox', () => {
  it('cost one try, not one each, and no pause', async () => {
    const { transport, freeze, sockets } = await afterFreeze(4);
    freeze(30_000);
    const random = vi.spyOn(Math, 'random');
    expect(await transport.send(ask)).toMatchObject({ status: 200, attempts: 2 });
    expect(random).not.toHaveBeenCalled();
    expect(sockets).toHaveLength(5);
    // None of the others is left open.
    await expect.poll(() => sockets.filter(({ destroyed }) => !destroyed)).toHaveLength(1);
  });

  it('are not used for what cannot be sent again, after a while without an answer', async () => {
    const { transport, freeze, sockets } = await afterFreeze(4);
    freeze(600_000);
    expect(await transport.send(change)).toMatchObject({ status: 200, attempts: 1 });
    expect(sockets).toHaveLength(5);
  });

  it('are an error when they died a moment ago, for the request may have been applied', async () => {
    const { transport, freeze, sockets } = await afterFreeze(1);
    freeze(1_000);
    const { error } = await outcomeOf(transport.send(change));
    expect(error).toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringContaining('may have been applied'),
    });
    expect(sockets).toHaveLength(1);
  });
});

describe('a request that Node refuses to write', () => {
  it('is an error that names the cause, and is not tried again', async () => {
    const { url, requests } = await serveHttp(() => ({}));
    const headers = { 'x-bad': 'line\nbreak' };
    const { error } = await outcomeOf(transportTo(url).send({ ...ask, headers }));
    expect(error).toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringMatching(/ERR_INVALID_CHAR \(tries: 1\)/),
    });
    expect(requests).toHaveLength(0);
  });
});
