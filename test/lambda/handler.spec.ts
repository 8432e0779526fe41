import { PassThrough, type Writable } from 'node:stream';
import { afterResponse } from '@glasswork/cache/lambda';
import { Hono } from 'hono';
import { handle, streamHandle } from 'hono/aws-lambda';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { context, deferred, onLambda, turns } from './helpers.js';

const lambda = onLambda();
const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');

type Callback = (error: unknown, result?: unknown) => void;

describe('a marked handler', () => {
  it('keeps what the runtime looks at', async () => {
    const after = await afterResponse();
    async function two(_event: unknown, _context: object) {}
    function three(_event: unknown, _context: object, _callback: Callback) {}
    const streaming = Object.assign(async () => {}, { [STREAMING]: 'response' });
    expect(after.handler(two)).toHaveLength(2);
    expect(after.handler(three)).toHaveLength(3);
    expect(after.handler(two).name).toBe('two');
    expect(Reflect.get(after.handler(streaming), STREAMING)).toBe('response');
    expect(Reflect.get(after.handler(two), STREAMING)).toBeUndefined();
  });

  it('keeps this and its arguments', async () => {
    const after = await afterResponse();
    const api = {
      name: 'api',
      handler: after.handler(async function (this: { name: string }, ...args: unknown[]) {
        return [this.name, ...args];
      }),
    };
    expect(await api.handler('event', 'context')).toEqual(['api', 'event', 'context']);
  });

  it('may answer without a promise, or throw without one', async () => {
    const after = await afterResponse();
    const error = new Error('at once');
    const handler = after.handler((event: { fail?: boolean }, _context: object) => {
      if (event.fail) throw error;
      return 'answer';
    });
    (await lambda.server.parked()).invoke('1');
    expect(handler({}, context('1'))).toBe('answer');
    (await lambda.server.parked()).invoke('2');
    expect(() => handler({ fail: true }, context('2'))).toThrow(error);
    await lambda.server.parked();
  });
});

describe('a handler of two parameters', () => {
  it('is over when it returns without a promise, though Node 20 gives it a callback', async () => {
    const after = await afterResponse();
    const two = (_event: unknown, _context: unknown) => 'ignored by Node 20';
    const handler: (...args: [unknown, unknown, () => void]) => unknown = after.handler(two);
    (await lambda.server.parked()).invoke('1');
    handler({}, context('1'), () => {});
    await lambda.server.parked();
  });
});

describe('a handler of three parameters', () => {
  it('is over when it returns, if it is called without a callback', async () => {
    const after = await afterResponse();
    const handler: (...args: unknown[]) => unknown = after.handler(
      (_event: unknown, _context: unknown, _callback: unknown) => 'answer',
    );
    (await lambda.server.parked()).invoke('1');
    const listeners = process.listenerCount('beforeExit');
    expect(handler({}, context('1'))).toBe('answer');
    expect(process.listenerCount('beforeExit')).toBe(listeners);
    await lambda.server.parked();
  });
});

describe('in mode "await", with work left,', () => {
  it('a handler of two parameters that Node 20 gives a callback still answers nothing', async () => {
    const after = await afterResponse({ mode: 'await' });
    const handler: (...args: unknown[]) => unknown = after.handler(
      (_event: unknown, _context: unknown) => after.waitUntil(turns()),
    );
    expect(handler({}, context('1'), () => {})).toBeUndefined();
    await expect.poll(() => after.deadline()).toBeUndefined();
  });

  it('a callback handler that throws has its error held', async () => {
    const after = await afterResponse({ mode: 'await' });
    const work = deferred();
    const error = new Error('handler');
    const handler = after.handler((_event: unknown, _context: object, _callback: Callback) => {
      after.waitUntil(work.promise);
      throw error;
    });
    const failed = vi.fn();
    const failing = Promise.resolve(handler({}, context('1'), () => {})).catch(failed);
    await turns();
    expect(failed).not.toHaveBeenCalled();
    work.resolve();
    await failing;
    expect(failed).toHaveBeenCalledExactlyOnceWith(error);
  });
});

it('a context is asked for its time as its method', async () => {
  const after = await afterResponse({ mode: 'await' });
  const given = {
    awsRequestId: '1',
    endMs: Date.now() + 60_000,
    getRemainingTimeInMillis() {
      return this.endMs - Date.now();
    },
  };
  const handler = after.handler(async (_event: unknown, _context: object) => after.deadline());
  expect(await handler({}, given)).toBeCloseTo(given.endMs, -2);
});

describe.each(['extension', 'await'] as const)('a callback handler in mode "%s"', (mode) => {
  async function setup(handle: (callback: Callback) => unknown) {
    const after = await afterResponse({ mode });
    const handler = after.handler(
      (_event: unknown, _context: object, callback: Callback): unknown => handle(callback),
    );
    if (mode === 'extension') (await lambda.server.parked()).invoke('1');
    const answer = vi.fn<Callback>();
    const run = () => handler({}, context('1'), answer);
    /** That the invocation is over: in the mode of the test. */
    const over = async () => {
      if (mode === 'extension') await lambda.server.parked();
      else await expect.poll(() => after.deadline()).toBeUndefined();
    };
    return { after, answer, run, over };
  }

  it('answers once, however often it calls back', async () => {
    const { answer, run, over } = await setup((callback) => {
      setImmediate(() => {
        callback(null, 'first');
        callback(new Error('second'));
      });
    });
    const listeners = process.listenerCount('beforeExit');
    expect(run()).toBeUndefined();
    await over();
    expect(answer).toHaveBeenCalledExactlyOnceWith(null, 'first');
    expect(process.listenerCount('beforeExit')).toBe(listeners);
  });

  it('answers with an error', async () => {
    const error = new Error('handler');
    const { answer, run, over } = await setup((callback) => callback(error));
    const listeners = process.listenerCount('beforeExit');
    run();
    // At once, where there is nothing to wait for.
    expect(answer).toHaveBeenCalledExactlyOnceWith(error);
    await over();
    expect(process.listenerCount('beforeExit')).toBe(listeners);
  });

  it('throws what it throws', async () => {
    const error = new Error('handler');
    const { run, over } = await setup(() => {
      throw error;
    });
    expect(run).toThrow(error);
    await over();
  });

  it('is over when nothing is left to do, though it never called back', async () => {
    const { run, over } = await setup(() => undefined);
    run();
    await turns();
    process.emit('beforeExit', 0);
    await over();
  });

  it('may give a promise as well', async () => {
    const { answer, run, over } = await setup(async (callback) => {
      callback(null, 'called back');
      return 'promised';
    });
    expect(await run()).toBe('promised');
    await over();
    expect(answer).toHaveBeenCalledExactlyOnceWith(null, 'called back');
  });
});

describe('a callback handler', () => {
  it('calls back at once in mode "extension", and after the work in mode "await"', async () => {
    for (const mode of ['extension', 'await'] as const) {
      const after = await afterResponse({ mode });
      const work = deferred();
      const handler = after.handler((_event: unknown, _context: object, callback: Callback) => {
        after.waitUntil(work.promise);
        callback(null, 'answer');
      });
      const answer = vi.fn<Callback>();
      handler({}, context('1'), answer);
      await turns();
      expect(answer).toHaveBeenCalledTimes(mode === 'extension' ? 1 : 0);
      work.resolve();
      await turns();
      expect(answer).toHaveBeenCalledExactlyOnceWith(null, 'answer');
    }
  });

  it('is told of an answer that cannot be sent, in mode "await" too', async () => {
    const after = await afterResponse({ mode: 'await' });
    const handler = after.handler((_event: unknown, _context: object, callback: Callback) => {
      after.waitUntil(turns());
      callback(null, 1n);
    });
    const told = deferred<unknown>();
    handler({}, context('1'), (error, result) =>
      error ? told.resolve(error) : JSON.stringify(result),
    );
    expect(await told.promise).toBeInstanceOf(TypeError);
  });
});

describe('a streaming handler', () => {
  it('has sent its body before it waits in mode "await"', async () => {
    const after = await afterResponse({ mode: 'await' });
    const work = deferred();
    const stream = new PassThrough();
    const handler = after.handler(
      async (_event: unknown, response: Writable, _context: object): Promise<void> => {
        after.waitUntil(work.promise);
        response.end('body');
      },
    );
    const done = vi.fn();
    const running = handler({}, stream, context('1', 5_000)).then(done);
    expect((await stream.toArray()).join('')).toBe('body');
    await turns();
    expect(done).not.toHaveBeenCalled();
    expect(after.deadline()).toBeDefined();
    work.resolve();
    await running;
  });
});

describe('with Hono', () => {
  beforeEach(() => {
    vi.stubGlobal('awslambda', {
      streamifyResponse: (handler: object) => Object.assign(handler, { [STREAMING]: 'response' }),
      HttpResponseStream: { from: (stream: Writable) => stream },
    });
  });
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  const event = {
    version: '2.0',
    rawPath: '/',
    rawQueryString: '',
    headers: {},
    requestContext: { domainName: 'localhost', http: { method: 'GET' } },
  } as never;

  it('marks handle()', async () => {
    const after = await afterResponse();
    const work = deferred();
    const app = new Hono().get('/', (c) => {
      after.waitUntil(work.promise);
      return c.text('hello');
    });
    const handler = after.handler(handle(app));
    (await lambda.server.parked()).invoke('1');
    expect(await handler(event, context('1') as never)).toMatchObject({ body: 'hello' });
    await turns();
    expect(lambda.server.asked).toBe(1);
    work.resolve();
    await lambda.server.parked();
  });

  it('marks streamHandle()', async () => {
    const after = await afterResponse();
    const work = deferred();
    const app = new Hono().get('/', (c) => {
      after.waitUntil(work.promise);
      return c.text('hello');
    });
    const handler = after.handler(streamHandle(app) as (...args: unknown[]) => Promise<void>);
    expect(Reflect.get(handler, STREAMING)).toBe('response');
    (await lambda.server.parked()).invoke('1');
    const stream = new PassThrough();
    await handler(event, stream, context('1'));
    expect((await stream.toArray()).join('')).toBe('hello');
    expect(lambda.server.asked).toBe(1);
    work.resolve();
    await lambda.server.parked();
  });

  it('gives routes c.executionCtx through the app that is asked', async () => {
    const after = await afterResponse();
    let isDone = false;
    const app = new Hono().get('/', (c) => {
      c.executionCtx.waitUntil(
        turns().then(() => {
          isDone = true;
        }),
      );
      return c.text('hello');
    });
    const executionCtx = {
      waitUntil: after.waitUntil,
      passThroughOnException() {},
      props: {},
    };
    const onLambdaApp = new Hono().all('*', (c) => app.fetch(c.req.raw, c.env, executionCtx));
    const handler = after.handler(handle(onLambdaApp));
    (await lambda.server.parked()).invoke('1');
    expect(await handler(event, context('1') as never)).toMatchObject({ body: 'hello' });
    await lambda.server.parked();
    expect(isDone).toBe(true);
  });
});
