import { afterResponse } from '@glasswork/cache/lambda';
import { describe, expect, it, vi } from 'vitest';
import { context, deferred, onLambda, pass, stopTime, turns } from './helpers.js';

const lambda = onLambda();
const onEvent = (event: (typeof lambda.events)[number]) => void lambda.events.push(event);

describe('mode "await"', () => {
  it('holds the response until the work is done', async () => {
    const after = await afterResponse({ mode: 'await' });
    expect(after.mode).toBe('await');
    expect(lambda.server.registrations).toEqual([]);
    const work = deferred();
    const handler = after.handler(async (_event: unknown, _context: object) => {
      after.waitUntil(work.promise);
      return 'answer';
    });
    const answered = vi.fn();
    const answer = handler({}, context('1')).then(answered);
    await turns();
    expect(answered).not.toHaveBeenCalled();
    expect(after.deadline()).toBeGreaterThan(Date.now());
    work.resolve();
    await answer;
    expect(answered).toHaveBeenCalledExactlyOnceWith('answer');
    expect(after.deadline()).toBeUndefined();
    expect(lambda.warnings).toEqual([]);
  });

  it('holds the response for work of every afterResponse(), where each event asks for one of its own', async () => {
    const first = await afterResponse({ mode: 'await' });
    let isDone = false;
    const { handler } = await afterResponse({ mode: 'await' });
    await handler(async (_event: unknown, _context: object) => {
      // A cache that was made with the first.
      first.waitUntil(
        turns().then(() => {
          isDone = true;
        }),
      );
    })({}, context('2'));
    expect(isDone).toBe(true);
  });

  it('holds it once where one marked handler calls another, for maxWait in all', async () => {
    stopTime();
    const after = await afterResponse({ mode: 'await', onEvent });
    const inner = after.handler(async (_event: unknown, _context: object) => {
      after.waitUntil(new Promise(() => {}));
      return 'answer';
    });
    const outer = after.handler(async (event: unknown, given: object) => inner(event, given));
    const answered = vi.fn();
    void outer({}, context('1')).then(answered);
    await pass(2_000);
    expect(answered).toHaveBeenCalledExactlyOnceWith('answer');
    expect(lambda.events).toEqual([{ type: 'background-unfinished', pending: 1, waitedMs: 2_000 }]);
  });

  it('holds the answer of a handler inside one that does not wait', async () => {
    const outer = await afterResponse();
    const inner = await afterResponse({ mode: 'await' });
    const work = deferred();
    const answered = vi.fn();
    const handler = inner.handler(async (_event: unknown, _context: object) => {
      inner.waitUntil(work.promise);
    });
    (await lambda.server.parked()).invoke('1');
    const answer = outer.handler((event: unknown, given: object) => handler(event, given));
    const answering = answer({}, context('1')).then(answered);
    await turns();
    expect(answered).not.toHaveBeenCalled();
    work.resolve();
    await answering;
  });

  it('holds what a handler returns or throws without a promise', async () => {
    const after = await afterResponse({ mode: 'await' });
    const error = new Error('handler');
    let done = 0;
    const handler = after.handler((event: { fail?: boolean }, _context: object): unknown => {
      after.waitUntil(turns().then(() => done++));
      if (event.fail) throw error;
      return 'answer';
    });
    expect(await handler({}, context('1'))).toBe('answer');
    expect(done).toBe(1);
    await expect(handler({ fail: true }, context('2'))).rejects.toBe(error);
    expect(done).toBe(2);
  });

  it('holds an error too', async () => {
    const after = await afterResponse({ mode: 'await' });
    const error = new Error('handler');
    let isDone = false;
    const handler = after.handler(async (_event: unknown, _context: object) => {
      after.waitUntil(
        turns().then(() => {
          isDone = true;
        }),
      );
      throw error;
    });
    await expect(handler({}, context('1'))).rejects.toBe(error);
    expect(isDone).toBe(true);
  });

  it.each([
    ['two seconds', 30_000, 2_000],
    ['what is left before the deadline', 1_000, 800],
    ['no time when there is none', 150, 0],
  ])('holds it for %s at most', async (_limit, leftMs, waitedMs) => {
    stopTime();
    const after = await afterResponse({ mode: 'await', onEvent });
    const handler = after.handler(async (_event: unknown, _context: object) => {
      after.waitUntil(new Promise(() => {}));
      return 'answer';
    });
    const answered = vi.fn();
    const answer = handler({}, context('1', leftMs)).then(answered);
    if (waitedMs > 0) await pass(waitedMs - 1);
    expect(answered).not.toHaveBeenCalled();
    await pass(waitedMs > 0 ? 1 : 0);
    expect(answered).toHaveBeenCalled();
    await answer;
    expect(lambda.events).toEqual([{ type: 'background-unfinished', pending: 1, waitedMs }]);
  });
});

describe('the longest wait', () => {
  it('is as long as an invocation can be, however much is asked for', async () => {
    stopTime();
    const after = await afterResponse({ mode: 'await', maxWait: '366d', onEvent });
    const handler = after.handler(async () => after.waitUntil(new Promise(() => {})));
    const answer = handler();
    await pass(899_999);
    expect(lambda.events).toEqual([]);
    await pass(1);
    await answer;
    expect(lambda.events).toEqual([
      { type: 'background-unfinished', pending: 1, waitedMs: 900_000 },
    ]);
  });
});

describe('the fallback to "await"', () => {
  it.each([
    ['Extension.RegistrationClosed', 'at the top level of an ES module'],
    ['Extension.TooManyExtensions', 'docs/after-response.md'],
    ['Extension.InvalidEventType', 'docs/after-response.md'],
  ])('follows %s, with one warning that says what to do', async (type, advice) => {
    lambda.server.refuse = type;
    const after = await afterResponse();
    await afterResponse();
    expect(after.mode).toBe('await');
    expect(lambda.warnings).toEqual([expect.stringContaining(type)]);
    expect(lambda.warnings[0]).toContain(advice);
    expect(lambda.server.registrations).toHaveLength(1);
    let isDone = false;
    const handler = after.handler(async (_event: unknown, _context: object) => {
      after.waitUntil(
        turns().then(() => {
          isDone = true;
        }),
      );
    });
    await handler({}, context('1'));
    expect(isDone).toBe(true);
    expect(after.deadline()).toBeUndefined();
  });

  it('follows an API that cannot be reached', async () => {
    vi.stubEnv('AWS_LAMBDA_RUNTIME_API', '127.0.0.1:1');
    const after = await afterResponse();
    expect(after.mode).toBe('await');
    expect(lambda.warnings).toEqual([expect.stringContaining('ECONNREFUSED')]);
  });

  it.each([
    ['is refused', (parked: Parked) => parked.answer(500, { errorType: 'Container.Error' })],
    ['breaks', (parked: Parked) => parked.destroy()],
    ['breaks in the middle of the answer', (parked: Parked) => parked.cut()],
    [
      'brings something else',
      (parked: Parked) =>
        parked.answer(200, { eventType: 'SHUTDOWN', shutdownReason: 'spindown', deadlineMs: 1 }),
    ],
    ['brings no JSON', (parked: Parked) => parked.answer(200, null)],
  ])('follows a request for the next event that %s three times in a row', async (_how, fail) => {
    stopTime();
    const after = await afterResponse();
    for (let tries = 1; tries <= 3; tries++) {
      fail(await lambda.server.parked());
      await pass(99);
      expect(lambda.server.asked).toBe(tries);
      await pass(1);
    }
    await pass(10_000);
    expect(lambda.server.asked).toBe(3);
    expect(after.mode).toBe('await');
    expect(lambda.warnings).toHaveLength(1);
  });

  it('does not follow one such failure, nor three with an event between them', async () => {
    stopTime();
    const after = await afterResponse();
    const handler = after.handler(async (_event: unknown, _context: object) => {});
    for (const id of ['1', '2', '3']) {
      (await lambda.server.parked()).destroy();
      await pass(100);
      (await lambda.server.parked()).invoke(id);
      await handler({}, context(id));
    }
    await lambda.server.parked();
    expect(after.mode).toBe('extension');
    expect(lambda.warnings).toEqual([]);
  });

  it('lasts until a slow registration is through', async () => {
    stopTime();
    const gate = deferred();
    lambda.server.holdRegistration = gate.promise;
    const starting = afterResponse();
    await pass(1_000);
    const after = await starting;
    expect(after.mode).toBe('await');
    gate.resolve();
    await lambda.server.parked();
    expect(after.mode).toBe('extension');
    expect(lambda.warnings).toEqual([]);
  });
});

describe('mode "detached"', () => {
  it.each([
    ['outside Lambda', { AWS_LAMBDA_RUNTIME_API: undefined }],
    ['on Managed Instances', { AWS_LAMBDA_MAX_CONCURRENCY: '4' }],
  ])('is that of a process %s: handlers are left alone', async (_where, environment) => {
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    const after = await afterResponse({ onEvent });
    expect(after.mode).toBe('detached');
    expect(lambda.server.registrations).toEqual([]);
    const handler = async () => 'answer';
    expect(after.handler(handler)).toBe(handler);
    expect(after.deadline()).toBeUndefined();
    after.waitUntil(Promise.reject(new Error('refresh')));
    await turns();
    expect(lambda.events).toEqual([{ type: 'background-error', error: expect.any(Error) }]);
  });

  it('can be forced', async () => {
    expect(await afterResponse({ mode: 'detached' })).toMatchObject({ mode: 'detached' });
    expect(lambda.server.registrations).toEqual([]);
  });
});

describe('options', () => {
  it.each<[string, object, string]>([
    ['mode', { mode: 'background' }, 'extension, await or detached'],
    ['maxWait', { maxWait: 0 }, 'more than zero'],
    ['maxWait', { maxWait: '2 seconds' }, 'more than zero'],
  ])('refuse a wrong %s: %o', async (subject, options, message) => {
    await expect(afterResponse(options)).rejects.toMatchObject({
      name: 'CacheError',
      subject,
      message: expect.stringContaining(message),
    });
    expect(lambda.server.registrations).toEqual([]);
  });

  it('force the extension where none can be: that is "await"', async () => {
    vi.stubEnv('AWS_LAMBDA_RUNTIME_API', undefined);
    const after = await afterResponse({ mode: 'extension' });
    expect(after.mode).toBe('await');
    expect(lambda.warnings).toHaveLength(1);
  });
});

type Parked = Awaited<ReturnType<typeof lambda.server.parked>>;
