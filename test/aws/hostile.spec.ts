import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Random } from '../model-checker/random.js';
import { ask, change, serveTcp, transportTo } from './servers.js';

const HEAD = 'HTTP/1.1 200 OK\r\n';
const answer = (body: string) => `${HEAD}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const LONG = { connect: 30, request: 30, total: 60 } as const;
const LONG_MS = 30_000;

/** A server that is given each whole request, by its body, and the connection that it came over. */
async function serveRequests(asked: (socket: Socket, body: string) => unknown) {
  return serveTcp((socket) => {
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes;
      for (;;) {
        const start = text.indexOf('\r\n\r\n') + 4;
        const length = Number(/content-length: (\d+)/.exec(text)?.[1]);
        if (start < 4 || text.length < start + length) return;
        const body = text.slice(start, start + length);
        text = text.slice(start + length);
        asked(socket, body);
      }
    });
  });
}

/** Writes the same again and again, as fast as the other side takes it, until that side has had enough. */
function flood(socket: Socket, first: string, next: string): void {
  const bytes = Buffer.from(next.repeat(Math.ceil(4096 / next.length)));
  const more = () => {
    while (!socket.destroyed && socket.write(bytes));
  };
  socket.on('drain', more);
  socket.write(first);
  more();
}

/** Stops the timers of the time budgets, so that they run out only when the test says so. */
function stopTimers(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
}

/** Lets a millisecond pass with each turn of the event loop: however slow the machine is, a budget allows as much work. */
function countTurns(): void {
  stopTimers();
  let isOver = false;
  onTestFinished(() => {
    isOver = true;
  });
  const turn = () => {
    if (isOver) return;
    vi.advanceTimersByTime(1);
    setImmediate(turn);
  };
  turn();
}

/** Resolves on any close. */
const closed = (socket: Socket | undefined) =>
  new Promise<void>((resolve) => {
    if (!socket || socket.destroyed) resolve();
    else socket.once('close', () => resolve());
  });

describe('a server that never ends its answer', () => {
  it.each([
    ['says nothing', ''],
    ['begins a status line', 'HTTP/1.'],
    ['begins a head', `${HEAD}A: b\r\n`],
    ['leaves out the last line feed', `${HEAD}Content-Length: 0\r\n\r`],
    ['asks to go on', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['begins a body', `${HEAD}Content-Length: 2\r\n\r\n{`],
    ['sends to the end of the connection', `${HEAD}\r\n{}`],
    ['begins a chunk', `${HEAD}Transfer-Encoding: chunked\r\n\r\n2\r\n{}`],
    ['begins trailers', `${HEAD}Transfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n`],
  ])('and %s: a time budget ends it, and its connection', async (_, text) => {
    stopTimers();
    let asked = () => {};
    const underWay = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const { url, sockets } = await serveRequests((socket) => {
      socket.write(text);
      asked();
    });
    const sending = transportTo(url, { timeouts: LONG }).send(change);
    await underWay;
    vi.advanceTimersByTime(LONG_MS);
    await expect(sending).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringMatching(/timeouts\.request ran out \(tries: 1, may have been applied/),
    });
    await closed(sockets[0]);
  });

  it('and sends a byte now and then: the budget is for all of it', async () => {
    const { url, sockets } = await serveRequests((socket) => {
      const timer = setInterval(() => socket.write('a'), 5);
      socket.on('close', () => clearInterval(timer));
      socket.write(`${HEAD}Content-Length: 1000\r\n\r\n`);
    });
    const transport = transportTo(url, { timeouts: { request: '300ms', total: 10 } });
    await expect(transport.send(change)).rejects.toMatchObject({ code: 'TIMEOUT' });
    await closed(sockets[0]);
  });
});

describe('a server that sends more than an answer may be', () => {
  it.each([
    ['headers', HEAD, 'A: b\r\n'],
    ['one header', `${HEAD}A: `, 'a'],
    ['answers of 1xx', '', 'HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n'],
    [
      'a body of chunks',
      `${HEAD}Transfer-Encoding: chunked\r\n\r\n`,
      `1000\r\n${'x'.repeat(4096)}\r\n`,
    ],
    ['a body without a length', `${HEAD}\r\n`, 'x'.repeat(4096)],
    ['a chunk extension', `${HEAD}Transfer-Encoding: chunked\r\n\r\n1;`, 'a'],
    ['trailers', `${HEAD}Transfer-Encoding: chunked\r\n\r\n0\r\n`, 'A: b\r\n'],
    ['a body with too great a length', `${HEAD}Content-Length: 99999999999\r\n\r\n`, 'xxxx'],
  ])('%s: refused long before any time budget, and not asked for again', async (_, first, next) => {
    const { url, sockets } = await serveRequests((socket) => flood(socket, first, next));
    await expect(transportTo(url, { timeouts: LONG }).send(ask)).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringMatching(
        /the answer was refused: its .* is (longer|larger) .*tries: 1/,
      ),
    });
    await closed(sockets[0]);
    expect(sockets).toHaveLength(1);
    // Not more than the most that it was allowed, and what was on its way.
    expect(sockets[0]?.bytesWritten).toBeLessThan(64 * 1024 * 1024);
  });
});

/** Sends two requests one after the other; they must get their own answers, over two connections. */
async function eachGetsItsOwn(
  asked: (socket: Socket, body: string) => void,
  between: (sockets: readonly Socket[]) => unknown = () => {},
) {
  const { url, sockets } = await serveRequests(asked);
  const transport = transportTo(url, { timeouts: LONG });
  for (const body of ['"first"', '"second"']) {
    const response = await transport.send({ ...change, body });
    expect(response.body.toString()).toBe(body);
    expect(response.attempts).toBe(1);
    if (body === '"first"') await between(sockets);
  }
  expect(sockets).toHaveLength(2);
}

describe('bytes that belong to no request', () => {
  it.each([
    ['another answer', answer('"stolen"')],
    ['the start of another answer', 'HTTP/1.1 2'],
    ['a line feed', '\n'],
  ])('behind an answer end its connection: %s', async (_, excess) => {
    await eachGetsItsOwn((socket, body) => socket.write(answer(body) + excess));
  });

  it('behind the last chunk end its connection', async () => {
    const chunked = (body: string) =>
      `${HEAD}Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    await eachGetsItsOwn((socket, body) => socket.write(chunked(body) + chunked('"stolen"')));
  });

  it('that come while nothing is asked end the connection', async () => {
    await eachGetsItsOwn(
      (socket, body) => socket.write(answer(body)),
      async ([socket]) => {
        socket?.write(answer('"stolen"'));
        await closed(socket);
      },
    );
  });

  it('that come before the request is out go with the connection', async () => {
    // The rest of the first request would be taken for the start of the second.
    const body = JSON.stringify('x'.repeat(20_000_000));
    let connections = 0;
    const { url, sockets } = await serveTcp((socket) => {
      const text = `"${++connections}"`;
      // Not read: the request does not fit into what lies between.
      socket.pause();
      socket.write(answer(text));
    });
    const transport = transportTo(url, { timeouts: LONG });
    expect((await transport.send({ ...change, body })).body.toString()).toBe('"1"');
    expect((await transport.send(change)).body.toString()).toBe('"2"');
    expect(sockets).toHaveLength(2);
  });

  it('of an answer that came too late reach nobody', async () => {
    stopTimers();
    let release = () => {};
    const { url, sockets } = await serveRequests((socket, body) => {
      if (body !== '"late"') return socket.write(answer(body));
      release = () => socket.write(answer(body));
      return vi.advanceTimersByTime(LONG_MS);
    });
    const transport = transportTo(url, { timeouts: LONG });
    await expect(transport.send({ ...change, body: '"late"' })).rejects.toMatchObject({
      code: 'TIMEOUT',
    });
    release();
    const { body } = await transport.send({ ...change, body: '"next"' });
    expect(body.toString()).toBe('"next"');
    expect(sockets).toHaveLength(2);
  });

  it('where the answer has no body end the connection', async () => {
    const { url, sockets } = await serveRequests((socket, body) =>
      socket.write(`HTTP/1.1 204 No Content\r\nContent-Length: ${body.length}\r\n\r\n${body}`),
    );
    const transport = transportTo(url, { timeouts: LONG });
    for (let n = 0; n < 2; n++) expect(await transport.send(ask)).toMatchObject({ status: 204 });
    expect(sockets).toHaveLength(2);
  });
});

describe('a connection that ends', () => {
  it('after its answer is not used again', async () => {
    await eachGetsItsOwn(
      (socket, body) => socket.end(answer(body)),
      ([socket]) => closed(socket),
    );
  });

  it('for one half, after its answer, is not used again', async () => {
    await eachGetsItsOwn(
      (socket, body) => {
        socket.allowHalfOpen = true;
        socket.write(answer(body));
      },
      async ([socket]) => {
        socket?.end();
        if (socket) await once(socket, 'end');
      },
    );
  });

  it('by a reset, after its answer, is not used again', async () => {
    await eachGetsItsOwn(
      (socket, body) => socket.write(answer(body)),
      async ([socket]) => {
        socket?.resetAndDestroy();
        // The reset has come when another connection has carried something after it.
        await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
      },
    );
  });

  it('may be the end of its answer', async () => {
    await eachGetsItsOwn(
      (socket, body) => socket.end(`${HEAD}\r\n${body}`),
      ([socket]) => closed(socket),
    );
  });

  it.each([
    ['the head', HEAD],
    ['the body', `${HEAD}Content-Length: 9\r\n\r\n{}`],
    ['a chunk', `${HEAD}Transfer-Encoding: chunked\r\n\r\n9\r\n{}`],
    ['the chunks', `${HEAD}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n`],
    ['the trailers', `${HEAD}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nA: b\r\n`],
  ])('in %s gives no answer, however it ends', async (_, text) => {
    for (const end of ['end', 'destroy', 'resetAndDestroy'] as const) {
      const { url, sockets } = await serveRequests((socket) =>
        socket.write(text, () => socket[end]()),
      );
      await expect(transportTo(url, { timeouts: LONG }).send(change)).rejects.toMatchObject({
        code: 'STORE_FAILED',
        cause: { code: 'ECONNRESET' },
        message: expect.stringContaining('may have been applied'),
      });
      expect(sockets).toHaveLength(1);
    }
  });
});

const seed = Number(process.env.HOSTILE_SEED ?? (process.env.CI ? 7 : Date.now() % 1_000_000_000));

it(`everyone gets the own answer or an error, whatever is done to the others: HOSTILE_SEED=${seed}`, async () => {
  countTurns();
  const random = new Random(seed);
  const chunked = (body: string) =>
    `${HEAD}Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  const deeds: ((socket: Socket, body: string) => void)[] = [
    (socket, body) => socket.write(answer(body)),
    (socket, body) => socket.write(chunked(body)),
    (socket, body) => {
      for (const byte of Buffer.from(answer(body))) socket.write(Buffer.of(byte));
    },
    (socket, body) => socket.write(answer(body) + answer('"stolen"')),
    (socket, body) => socket.end(answer(body)),
    (socket, body) => socket.end(`${HEAD}\r\n${body}`),
    (socket, body) => setImmediate(() => socket.write(answer(body))),
    (socket) => socket.end(`${HEAD}Content-Length: 100\r\n\r\n{`),
    (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'),
    (socket) => socket.destroy(),
    (socket) => socket.resetAndDestroy(),
  ];
  const hang = () => {};
  const { url, sockets } = await serveRequests((socket, body) => {
    const deed = random.chance(1 / 60) ? hang : random.pick(deeds);
    if (!socket.destroyed && socket.writable) deed(socket, body);
  });
  const transport = transportTo(url, { timeouts: { connect: 60, request: 20, total: 400 } });
  const outcomes = { own: 0, failed: 0 };
  const sender = async (name: number) => {
    for (let n = 0; n < 12; n++) {
      const body = `"${name}-${n}"`;
      const request = random.pick([ask, change]);
      await transport.send({ ...request, body }).then(
        (response) => {
          expect(response.body.toString()).toBe(body);
          outcomes.own++;
        },
        (error) => {
          expect(['STORE_FAILED', 'TIMEOUT']).toContain(error.code);
          outcomes.failed++;
        },
      );
    }
  };
  // More than there may be connections.
  await Promise.all(Array.from({ length: 80 }, (_, name) => sender(name)));
  expect(outcomes.own + outcomes.failed).toBe(80 * 12);
  expect(outcomes.own).toBeGreaterThan(300);
  expect(outcomes.failed).toBeGreaterThan(50);
  await expect
    .poll(() => sockets.filter(({ destroyed }) => !destroyed).length)
    .toBeLessThanOrEqual(64);
});
