import { beforeEach, describe, expect, it, vi } from 'vitest';
import {
  ask,
  change,
  credentials,
  errorBody,
  type Received,
  type Reply,
  serveHttp,
  serveTcp,
  transportTo,
} from './servers.js';

const HOUR_MS = 3_600_000;
/** For a server that accepts and says nothing. In real time, because every try has to end by it, and by nothing else. */
const SHORT = { connect: '1s', request: '1s', total: '1500ms' } as const;
/** For all others: only a freeze, or `hang`, can pass these limits, however slow the machine. */
const LONG = { connect: '60s', request: '60s', total: '90s' } as const;

/** A reply that never comes: the limit of its try has passed. Sockets know no virtual time, but the limit does. */
const hang: Reply = () => {
  vi.advanceTimersByTime(60_000);
};

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true });
  return () => vi.useRealTimers();
});

const running = process.hrtime.bigint;

/** A transport whose process is frozen on demand. Whether the monotonic clock counts it differs between machines. */
function freezable(url: URL, counted: boolean, timeouts: object = LONG, provide?: () => void) {
  let passedMs = 0;
  const transport = transportTo(url, {
    timeouts,
    clock: { now: () => Date.now() + passedMs },
    credentials: async () => {
      provide?.();
      return credentials;
    },
  });
  const freeze = (ms = HOUR_MS) => {
    passedMs += ms;
    const countedNs = BigInt(passedMs) * 1_000_000n;
    if (counted) vi.spyOn(process.hrtime, 'bigint').mockImplementation(() => running() + countedNs);
  };
  return { transport, freeze, now: () => Date.now() + passedMs };
}

describe.each([
  ['that stops the monotonic clock', false],
  ['through which the monotonic clock goes on', true],
])('a freeze %s', (_how, counted) => {
  /** A service for which something happens to the first request while the process is frozen. */
  async function frozenDuring(first: (request: Received) => Reply) {
    let freeze = () => {};
    const server = await serveHttp((request) => {
      if (request.number > 1) return {};
      freeze();
      return first(request);
    });
    const made = freezable(server.url, counted);
    freeze = made.freeze;
    return { ...server, ...made };
  }

  const ends: [string, Reply][] = [
    ['hangs', hang],
    ['is reset', (response) => response.socket?.resetAndDestroy()],
    ['ends', (response) => response.socket?.destroy()],
    ['brings rubbish', (response) => void response.socket?.write('rubbish')],
  ];

  it.each(ends)('and a connection that %s: sent anew, with all its time', async (_, first) => {
    const { transport, requests } = await frozenDuring(() => first);
    expect(await transport.send(ask)).toMatchObject({ status: 200, attempts: 2 });
    const [signed, second] = requests.map(({ headers }) => headers['x-amz-date']?.slice(0, 11));
    expect(second).not.toBe(signed);
  });

  it.each(ends)('and a connection that %s: not sent twice where it may not', async (_, first) => {
    const { transport, requests } = await frozenDuring(() => first);
    await expect(transport.send(change)).rejects.toMatchObject({
      message: expect.stringContaining('may have been applied'),
    });
    expect(requests).toHaveLength(1);
  });

  it('before anything was sent: sent anew, whatever it is', async () => {
    let connections = 0;
    let freeze = () => {};
    const { port } = await serveTcp(() => {
      connections++;
      freeze();
      freeze = () => {};
    });
    const made = freezable(new URL(`https://127.0.0.1:${port}`), counted, SHORT);
    freeze = made.freeze;
    await expect(made.transport.send(change)).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.not.stringContaining('may have been applied'),
    });
    // The second gets all of the total budget, so there is time for it and not for a third.
    expect(connections).toBeGreaterThanOrEqual(2);
  });

  it('while credentials are fetched, which fail through it: asked for again', async () => {
    const server = await serveHttp(() => ({}));
    let asked = 0;
    const made = freezable(server.url, counted, LONG, () => {
      if (++asked > 1) return;
      made.freeze();
      throw new Error('aborted');
    });
    expect(await made.transport.send(change)).toMatchObject({ status: 200, attempts: 2 });
  });

  it('after the signature: refused for its age, and signed anew', async () => {
    const expired = { status: 400, body: errorBody('InvalidSignatureException', 'expired') };
    const { transport } = await frozenDuring(() => expired);
    expect(await transport.send(change)).toMatchObject({ status: 200, attempts: 2 });
  });

  it('in the pause after a throttled try', async () => {
    const { url, requests } = await serveHttp(({ number }) => (number > 1 ? {} : { status: 429 }));
    const { transport, freeze } = freezable(url, counted);
    vi.spyOn(Math, 'random').mockImplementationOnce(() => {
      freeze();
      return 0;
    });
    expect(await transport.send(change)).toMatchObject({ status: 200, attempts: 2 });
    expect(requests).toHaveLength(2);
  });

  it('again and again ends all the same', async () => {
    let freeze = () => {};
    const { url, requests } = await serveHttp(() => (response) => {
      freeze();
      response.socket?.destroy();
    });
    const made = freezable(url, counted);
    freeze = made.freeze;
    await expect(made.transport.send(ask)).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect(requests.length).toBeGreaterThanOrEqual(2);
    expect(requests.length).toBeLessThanOrEqual(4);
  });

  it('never sends what it made too late', async () => {
    const { transport, requests, now } = await frozenDuring(() => hang);
    const calledMs = now();
    const isLate = () => now() - calledMs > 15 * 60_000;
    await expect(transport.send({ ...ask, isLate })).rejects.toMatchObject({
      message: expect.stringContaining('a freeze came between'),
    });
    expect(requests).toHaveLength(1);
  });

  it.each([
    ['a minute', ask, 61_000, 2],
    ['ten seconds and must not be sent twice', change, 11_000, 2],
    ['less than a minute', ask, 59_000, 1],
    ['less than ten seconds', change, 9_000, 1],
  ])('%s: takes a new connection after a minute or ten seconds', async (_, request, ms, count) => {
    const { url, sockets } = await serveHttp(() => ({}));
    const { transport, freeze } = freezable(url, counted);
    await transport.send(ask);
    freeze(ms);
    expect(await transport.send(request)).toMatchObject({ status: 200, attempts: 1 });
    expect(sockets).toHaveLength(count);
  });
});

it.each([
  ['a minute', ask, -61_000, 2],
  ['ten seconds, for what must not be sent twice', change, -11_000, 2],
  ['less than ten seconds', change, -9_000, 1],
])(
  'a clock that is set back by %s says as little of an idle connection as a freeze',
  async (_, request, ms, count) => {
    const { url, sockets } = await serveHttp(() => ({}));
    const { transport, freeze } = freezable(url, false);
    await transport.send(ask);
    freeze(ms);
    expect(await transport.send(request)).toMatchObject({ status: 200, attempts: 1 });
    expect(sockets).toHaveLength(count);
  },
);

it('a timer that could not be cleared ends no later request of its connection', async () => {
  let answer = () => {};
  const { url, requests, sockets } = await serveHttp(({ number }) =>
    number === 1 ? {} : (response) => (answer = () => response.end('{}')),
  );
  const { transport } = freezable(url, false);
  const clear = vi.spyOn(globalThis, 'clearTimeout').mockImplementation(() => {});
  await transport.send(change);
  clear.mockRestore();
  vi.advanceTimersByTime(40_000);
  const second = transport.send(change);
  await expect.poll(() => requests).toHaveLength(2);
  // The end of the first request's time.
  vi.advanceTimersByTime(30_000);
  answer();
  expect(await second).toMatchObject({ status: 200, attempts: 1 });
  expect(sockets).toHaveLength(1);
});

it('a slow service is no freeze: its time budgets end it', async () => {
  const { url, requests } = await serveHttp(() => () => {});
  const { transport } = freezable(url, false, { connect: 1, request: '60ms', total: '100ms' });
  await expect(transport.send(ask)).rejects.toMatchObject({ code: 'TIMEOUT' });
  expect(requests.length).toBeLessThanOrEqual(2);
});
