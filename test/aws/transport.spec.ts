import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import type { connect as TLSConnect } from 'node:tls';
import aws4 from 'aws4';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { canonical } from '../../src/aws/canonical.js';
import { errorMessage, errorType } from '../../src/aws/transport.js';
import { deferred } from '../lambda/helpers.js';
import { ask, change, credentials, errorBody, serveHttp, transportTo } from './servers.js';

describe('a request', () => {
  it('arrives whole, with a signature that another implementation confirms', async () => {
    const { url, requests } = await serveHttp(() => ({ body: '{"Item":{}}' }));
    const sessionToken = 'token';
    const transport = transportTo(url, {
      credentials: async () => ({ ...credentials, sessionToken }),
    });
    const response = await transport.send({ ...ask, body: '{"pk":"ключ ✓"}' });

    expect(response).toMatchObject({ status: 200, attempts: 1 });
    expect(response.body.toString()).toBe('{"Item":{}}');
    const [seen] = requests;
    expect(seen).toMatchObject({ method: 'POST', url: '/', body: '{"pk":"ключ ✓"}' });
    expect(seen?.headers).toMatchObject({ ...ask.headers, 'x-amz-security-token': sessionToken });
    const expected = aws4.sign(
      {
        service: 'dynamodb',
        region: 'eu-central-1',
        method: 'POST',
        path: '/',
        headers: {
          ...ask.headers,
          Host: url.host,
          'X-Amz-Date': seen?.headers['x-amz-date'],
          'X-Amz-Security-Token': sessionToken,
        },
        body: seen?.body ?? '',
        extraHeadersToIgnore: { 'content-length': true },
      } as Parameters<typeof aws4.sign>[0],
      credentials,
    );
    expect(seen?.headers.authorization).toBe(expected.headers?.Authorization);
  });

  it.each(['/proxy/', '/proxy'])(
    'takes its method, path and query, below the path %s of the endpoint',
    async (below) => {
      const { url, requests } = await serveHttp(() => ({}));
      const transport = transportTo(new URL(below, url), { service: 's3', canonical });
      const body = new Uint8Array([0, 255, 128]);
      await transport.send({
        method: 'PUT',
        path: '/bucket/a%20b',
        query: 'x-id=1',
        headers: {},
        body,
        retry: 'always',
      });
      expect(requests[0]).toMatchObject({ method: 'PUT', url: '/proxy/bucket/a%20b?x-id=1' });
      expect(requests[0]?.headers).toMatchObject({
        'content-length': '3',
        'x-amz-content-sha256': createHash('sha256').update(body).digest('hex'),
      });
    },
  );

  it('says that it has no body, unless it is a GET', async () => {
    const { url, requests } = await serveHttp(() => ({}));
    const transport = transportTo(url);
    for (const method of ['PUT', 'DELETE', 'GET'])
      await transport.send({ method, headers: {}, body: '', retry: 'always' });
    expect(requests.map(({ headers }) => headers['content-length'])).toEqual(['0', '0', undefined]);
  });

  it.each(['/a b', '/a\r\nx: y', '/ä'])(
    'is not sent to the path %j, which would be another one',
    async (path) => {
      const { url, requests } = await serveHttp(() => ({}));
      await expect(transportTo(url).send({ ...ask, path })).rejects.toMatchObject({
        code: 'STORE_FAILED',
        message: expect.stringMatching(/ERR_INVALID_CHAR \(tries: 1\)/),
        cause: { message: expect.stringContaining('the path has a character') },
      });
      expect(requests).toHaveLength(0);
    },
  );

  it('brings back an answer of many chunks as one buffer', async () => {
    const parts = Array.from({ length: 20 }, (_, n) => String(n).repeat(20_000));
    const { url } = await serveHttp(() => (response) => {
      for (const part of parts) response.write(part);
      response.end();
    });
    const response = await transportTo(url).send(ask);
    expect(response.body.toString()).toBe(parts.join(''));
  });

  it('is answered with what the service says, errors included', async () => {
    const { url, requests } = await serveHttp(() => ({
      status: 400,
      body: errorBody('ConditionalCheckFailedException', 'The conditional request "failed"'),
    }));
    const response = await transportTo(url).send(ask);
    expect(response).toMatchObject({ status: 400, attempts: 1 });
    expect(errorType(response)).toBe('ConditionalCheckFailedException');
    expect(errorMessage(response)).toBe('The conditional request "failed"');
    expect(requests).toHaveLength(1);
  });
});

describe('the pool', () => {
  it('keeps a socket from one request to the next', async () => {
    const { url, sockets } = await serveHttp(() => ({}));
    const transport = transportTo(url);
    for (let n = 0; n < 5; n++) await transport.send(ask);
    expect(sockets).toHaveLength(1);
  });

  it('opens 64 sockets at most, and serves everyone', async () => {
    const { url, sockets } = await serveHttp(() => ({}));
    const transport = transportTo(url);
    const answers = await Promise.all(Array.from({ length: 150 }, () => transport.send(ask)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(150);
    expect(sockets).toHaveLength(64);
  });

  it('leaves no timer of a request that has ended, which would keep the process alive', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const { url } = await serveHttp(() => ({}));
    const transport = transportTo(url);
    await transport.send(ask);
    await transport.send(ask);
    expect(vi.getTimerCount()).toBe(0);
    const refused = transportTo(url).send({ ...ask, path: '/a b' });
    await expect(refused).rejects.toThrow(/ERR_INVALID_CHAR/);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('resumes the last TLS session until a connection fails, because a server may have rejected it', async () => {
    const { url } = await serveHttp(() => ({}));
    const net = process.getBuiltinModule('node:net');
    const made: { session: unknown; socket: Socket }[] = [];
    const connected = (options: unknown) => {
      const socket = net.connect({ host: url.hostname, port: Number(url.port) });
      socket.once('connect', () => socket.emit('secureConnect'));
      made.push({ session: Object(options).session, socket });
      return socket;
    };
    vi.spyOn(process.getBuiltinModule('node:tls'), 'connect').mockImplementation(
      connected as unknown as typeof TLSConnect,
    );
    const transport = transportTo(new URL('https://127.0.0.1'));
    const ticket = Buffer.from('ticket');
    for (const error of [undefined, new Error('rejected'), undefined]) {
      await transport.send(ask);
      const socket = made.at(-1)?.socket;
      if (made.length === 1) socket?.emit('session', ticket);
      socket?.destroy(error);
      await new Promise((resolve) => socket?.once('close', resolve));
    }
    expect(made.map(({ session }) => session)).toEqual([undefined, ticket, undefined]);
  });

  it('opens a socket for a request that waits, once another one breaks', async () => {
    const held: (() => void)[] = [];
    const { url } = await serveHttp(({ number }) => {
      if (number > 64) return {};
      return (response) => {
        held.push(() => response.destroy());
        if (held.length === 64) for (const destroy of held) destroy();
      };
    });
    const transport = transportTo(url);
    const sent = Array.from({ length: 65 }, () => transport.send(change));
    const ends = await Promise.allSettled(sent);
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('never sends a request that was given up while it waited for a socket', async () => {
    const held: (() => void)[] = [];
    const { url, requests } = await serveHttp(({ number }) =>
      number > 64 ? {} : (response) => held.push(() => response.end('{}')),
    );
    const slow = deferred<typeof credentials>();
    let asked = 0;
    const transport = transportTo(url, {
      credentials: async () => (++asked === 1 ? slow.promise : credentials),
    });
    const late = transport.send({ ...change, body: '"late"' });
    const others = Promise.all(Array.from({ length: 64 }, () => transport.send(change)));
    await expect.poll(() => held.length, { timeout: 30_000 }).toBe(64);
    // Its credentials have taken nearly all of its time.
    const running = process.hrtime.bigint;
    vi.spyOn(process.hrtime, 'bigint').mockImplementation(() => running() + 89_900_000_000n);
    slow.resolve(credentials);
    await expect(late).rejects.toMatchObject({ code: 'TIMEOUT' });
    vi.restoreAllMocks();
    for (const end of held) end();
    await others;
    await transport.send(change);
    expect(requests.map(({ body }) => body)).not.toContain('"late"');
  });

  it('leaves no socket of a request that came too late, opened for it or used again', async () => {
    const { url, sockets, requests } = await serveHttp(() => ({}));
    const transport = transportTo(url);
    const isLate = () => true;
    for (let n = 0; n < 2; n++) {
      await expect(transport.send({ ...change, isLate })).rejects.toMatchObject({
        message: expect.stringContaining('a freeze came between'),
      });
      expect(await transport.send(change)).toMatchObject({ status: 200 });
    }
    expect(requests).toHaveLength(2);
    expect(sockets).toHaveLength(3);
    await expect.poll(() => sockets.filter(({ destroyed }) => !destroyed)).toHaveLength(1);
  });

  it('uses a socket again that has been idle for a minute, but no longer', async () => {
    const { url, sockets } = await serveHttp(() => ({}));
    let now = Date.now();
    const transport = transportTo(url, { clock: { now: () => now } });
    await transport.send(ask);
    now += 60_000;
    await transport.send(ask);
    expect(sockets).toHaveLength(1);
    now += 60_001;
    await transport.send(ask);
    expect(sockets).toHaveLength(2);
  });

  it('connects to port 80 or 443 where the endpoint names none', async () => {
    const { url } = await serveHttp(() => ({}));
    const net = process.getBuiltinModule('node:net');
    const tls = process.getBuiltinModule('node:tls');
    const ports: unknown[] = [];
    const connect = net.connect;
    const connected = (options: unknown) => {
      ports.push(Object(options).port);
      return connect({ host: url.hostname, port: Number(url.port) });
    };
    vi.spyOn(net, 'connect').mockImplementation(connected as typeof net.connect);
    await transportTo(new URL('http://127.0.0.1')).send(ask);
    vi.spyOn(tls, 'connect').mockImplementation(connected as unknown as typeof tls.connect);
    const timeouts = { connect: '50ms', request: '50ms', total: '50ms' } as const;
    await transportTo(new URL('https://127.0.0.1'), { timeouts })
      .send(change)
      .catch(() => {});
    expect(ports.slice(0, 2)).toEqual([80, 443]);
  });

  it('ends with close(), and so does what is sent later', async () => {
    const { url, requests, sockets } = await serveHttp(() => ({}));
    const transport = transportTo(url);
    await transport.send(ask);
    const ended = new Promise((resolve) => sockets[0]?.once('close', resolve));
    transport.close();
    await ended;
    await expect(transport.send(ask)).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringContaining('closed'),
    });
    expect(requests).toHaveLength(1);
  });

  it('ends a request under way with close(), and does not try it again', async () => {
    const { url, requests } = await serveHttp(() => () => transport.close());
    const transport = transportTo(url);
    await expect(transport.send(ask)).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect(requests).toHaveLength(1);
  });
});

describe('close()', () => {
  it('ends the requests that wait for a socket, too', async () => {
    const { url, sockets } = await serveHttp(() => (response) => {
      if (response.socket === sockets[0]) transport.close();
    });
    const transport = transportTo(url);
    const ends = await Promise.allSettled(Array.from({ length: 70 }, () => transport.send(change)));
    expect(ends.filter(({ status }) => status === 'rejected')).toHaveLength(70);
    // Not one of them by its own budget.
    expect(ends).not.toContainEqual({
      status: 'rejected',
      reason: expect.objectContaining({ code: 'TIMEOUT' }),
    });
  });
});

describe('throttling', () => {
  const throttled = [
    ...[
      'ProvisionedThroughputExceededException',
      'ThrottlingException',
      'ThrottledException',
      'RequestLimitExceeded',
      'TooManyRequestsException',
    ].map((type) => [type, { status: 400, body: errorBody(type) }] as const),
    ['429', { status: 429, body: '' }],
    ['SlowDown of S3', { status: 503, body: '<Error><Code>SlowDown</Code></Error>' }],
    [
      'a header',
      { status: 400, headers: { 'x-amzn-errortype': 'ThrottlingException:http://x/' }, body: '' },
    ],
  ] as const;

  it.each(throttled)('by %s is tried again, whatever was sent', async (_, reply) => {
    for (const request of [ask, change]) {
      const { url, requests } = await serveHttp(({ number }) => (number < 3 ? reply : {}));
      const response = await transportTo(url).send(request);
      expect(response).toMatchObject({ status: 200, attempts: 3 });
      expect(requests).toHaveLength(3);
    }
  });

  it('that does not end is the answer, after three tries', async () => {
    const { url, requests } = await serveHttp(() => ({
      status: 400,
      body: errorBody('ThrottlingException'),
    }));
    const response = await transportTo(url).send(change);
    expect(response).toMatchObject({ status: 400, attempts: 3 });
    expect(errorType(response)).toBe('ThrottlingException');
    expect(requests).toHaveLength(3);
  });

  it('waits a random part of a growing pause, and never beyond the total', async () => {
    let answered = () => {};
    const { url } = await serveHttp(() => {
      answered();
      return { status: 429 };
    });
    const waits: number[] = [];
    const realSetTimeout = setTimeout;
    vi.spyOn(Math, 'random').mockReturnValue(0.999);
    vi.spyOn(globalThis, 'setTimeout').mockImplementation(((action: () => void, ms: number) => {
      if (ms < 60) waits.push(ms);
      return realSetTimeout(action, ms);
    }) as typeof setTimeout);
    await transportTo(url).send(ask);
    expect(waits).toEqual([25 * 0.999, 50 * 0.999]);

    const hurried = transportTo(url, { timeouts: { connect: 60, request: 60, total: 30 } });
    const running = process.hrtime.bigint;
    answered = () => {
      vi.spyOn(process.hrtime, 'bigint').mockImplementation(() => running() + 29_980_000_000n);
    };
    // A pause of up to 25 ms does not fit into the 20 ms that are left: the answer that has arrived is returned immediately.
    expect(await hurried.send(ask)).toMatchObject({ status: 429, attempts: 1 });
  });
});

describe('a fault of the service', () => {
  const faults = [
    [500, '{}'],
    [503, errorBody('ServiceUnavailable')],
    [400, '<Error><Code>RequestTimeout</Code></Error>'],
  ] as const;

  it.each(faults)('%i is tried again when the request may be sent twice', async (status, body) => {
    const { url } = await serveHttp(({ number }) => (number === 1 ? { status, body } : {}));
    expect(await transportTo(url).send(ask)).toMatchObject({ status: 200, attempts: 2 });
  });

  it.each(faults)('%i is the answer when it may not', async (status, body) => {
    const { url, requests } = await serveHttp(() => ({ status, body }));
    expect(await transportTo(url).send(change)).toMatchObject({ status, attempts: 1 });
    expect(requests).toHaveLength(1);
  });
});

describe('every try', () => {
  it('is signed anew, with the credentials and the time of that moment', async () => {
    const { url, requests } = await serveHttp(({ number }) => (number < 3 ? { status: 500 } : {}));
    let asked = 0;
    let seconds = 0;
    const transport = transportTo(url, {
      credentials: async () => ({ accessKeyId: `KEY${++asked}`, secretAccessKey: 'secret' }),
      clock: { now: () => Date.UTC(2026, 0, 1) + ++seconds * 1000 },
    });
    await transport.send(ask);
    const signed = requests.map(({ headers }) => headers.authorization);
    expect(signed.map((value) => /Credential=(\w+)/.exec(value ?? '')?.[1])).toEqual([
      'KEY1',
      'KEY2',
      'KEY3',
    ]);
    expect(new Set(requests.map(({ headers }) => headers['x-amz-date'])).size).toBe(3);
  });
});

describe('credentials', () => {
  it('that never come end with the total budget', async () => {
    const { url, requests } = await serveHttp(() => ({}));
    const transport = transportTo(url, {
      credentials: () => new Promise(() => {}),
      timeouts: { total: '30ms' },
    });
    await expect(transport.send(ask)).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringMatching(/credentials gave none before timeouts\.total ran out/),
    });
    expect(requests).toHaveLength(0);
  });

  it('that come after their call was given up send nothing', async () => {
    const { url, requests } = await serveHttp(() => ({}));
    let asked = 0;
    const first = deferred<typeof credentials>();
    const transport = transportTo(url, {
      credentials: async () => (++asked === 1 ? first.promise : credentials),
      timeouts: { total: '100ms' },
    });
    await expect(transport.send(change)).rejects.toMatchObject({ code: 'TIMEOUT' });
    first.resolve(credentials);
    // A late request of the first call would arrive before the last of these.
    const patient = transportTo(url);
    for (let n = 0; n < 3; n++) await patient.send(change);
    expect(requests).toHaveLength(3);
  });

  it('may take longer than a try, which has all of its own time after them', async () => {
    // In real time, because Node's sockets live in it. Without a second of its own, the try would be late at once.
    const { url } = await serveHttp(() => ({}));
    const transport = transportTo(url, {
      credentials: () => new Promise((resolve) => setTimeout(resolve, 1_050, credentials)),
      timeouts: { request: '1s', total: 30 },
    });
    expect(await transport.send(change)).toMatchObject({ status: 200, attempts: 1 });
  });

  it('that fail, or are none, are NO_CREDENTIALS with their cause', async () => {
    const { url, requests } = await serveHttp(() => ({}));
    const cause = new Error('expired session');
    const providers = [
      async () => Promise.reject(cause),
      () => {
        throw cause;
      },
    ];
    for (const provide of providers) {
      await expect(transportTo(url, { credentials: provide }).send(ask)).rejects.toMatchObject({
        code: 'NO_CREDENTIALS',
        message: expect.stringMatching(
          /function given as credentials failed \(Error: expired session\)/,
        ),
        cause,
      });
    }
    const empty = async () => ({ accessKeyId: '', secretAccessKey: '' });
    await expect(transportTo(url, { credentials: empty }).send(ask)).rejects.toMatchObject({
      code: 'NO_CREDENTIALS',
    });
    expect(requests).toHaveLength(0);
  });
});

describe('options', () => {
  it('that are no durations are refused at once', () => {
    for (const name of ['connect', 'request', 'total']) {
      expect(() => transportTo(new URL('http://x'), { timeouts: { [name]: 0 } })).toThrow(
        expect.objectContaining({ code: 'INVALID_DURATION', subject: `timeouts.${name}` }),
      );
    }
  });

  it('may be as long as a duration can be, which is longer than a timer', async () => {
    const { url } = await serveHttp(() => (response) => setTimeout(() => response.end('{}'), 50));
    const timeouts = { connect: '366d', request: '366d', total: '366d' } as const;
    expect(await transportTo(url, { timeouts }).send(ask)).toMatchObject({ attempts: 1 });
  });
});
