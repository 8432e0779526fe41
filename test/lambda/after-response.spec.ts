import { Socket } from 'node:net';
import { type AfterResponse, afterResponse } from '@glasswork/cache/lambda';
import { describe, expect, it, vi } from 'vitest';
import { context, deferred, onLambda, pass, stopTime, turns } from './helpers.js';

const lambda = onLambda();
const onEvent = (event: (typeof lambda.events)[number]) => void lambda.events.push(event);

describe('the extension', () => {
  it('registers for INVOKE and asks for its first event at once', async () => {
    const after = await afterResponse();
    await lambda.server.parked();
    expect(after.mode).toBe('extension');
    expect(lambda.server.registrations).toEqual([
      { name: 'glasswork-cache', body: { events: ['INVOKE'] } },
    ]);
    expect(lambda.warnings).toEqual([]);
  });

  it.each(['before', 'after'])(
    'answers at once and asks for the next event when the work is done, told of the invocation %s its handler starts',
    async (order) => {
      const after = await afterResponse();
      const work = deferred();
      const handler = after.handler(async (_event: unknown, _context: object) => {
        after.waitUntil(work.promise);
        await turns();
        return 'answer';
      });
      const parked = await lambda.server.parked();
      if (order === 'before') {
        parked.invoke('1');
        await turns();
      }
      const answer = handler({}, context('1'));
      if (order === 'after') parked.invoke('1');
      expect(await answer).toBe('answer');
      await turns();
      expect(lambda.server.asked).toBe(1);
      work.resolve();
      await lambda.server.parked();
    },
  );

  it('is told of an invocation that has answered already', async () => {
    const after = await afterResponse();
    const handler = after.handler(async (_event: unknown, _context: object) => 'answer');
    const parked = await lambda.server.parked();
    await handler({}, context('1'));
    await turns();
    parked.invoke('1');
    await lambda.server.parked();
  });

  it('waits for the handler of this invocation, not for the end of the last one', async () => {
    const after = await afterResponse();
    const slow = deferred();
    const handler = after.handler(async (event: { slow?: boolean }, _context: object) => {
      if (event.slow) await slow.promise;
    });
    (await lambda.server.parked()).invoke('1');
    await handler({}, context('1'));
    // A retry of an asynchronous event has the same id.
    (await lambda.server.parked()).invoke('1');
    const answer = handler({ slow: true }, context('1'));
    await turns();
    expect(lambda.server.asked).toBe(2);
    slow.resolve();
    await answer;
    await lambda.server.parked();
  });

  it('leaves the event loop to the runtime before it asks: that sends the answer a setImmediate later', async () => {
    const after = await afterResponse();
    const handler = after.handler(async (_event: unknown, _context: object) => 'answer');
    const parked = await lambda.server.parked();
    const log: string[] = [];
    const { write } = Socket.prototype;
    vi.spyOn(Socket.prototype, 'write').mockImplementation(function (this: Socket, ...args) {
      if (String(args[0]).includes('event/next')) log.push('next event');
      return write.apply(this, args);
    });
    parked.invoke('1');
    await turns();
    await handler({}, context('1'));
    // The runtime has awaits of its own before its setImmediate, more or fewer of them.
    for (let i = 0; i < 20; i++) await null;
    await new Promise<void>((resolve) => {
      setImmediate(() => {
        log.push('answer');
        resolve();
      });
    });
    await turns();
    expect(log).toEqual(['answer', 'next event']);
  });

  it('waits for work that follows from work, a little later', async () => {
    const after = await afterResponse();
    const [first, second] = [deferred(), deferred()];
    const handler = after.handler(async (_event: unknown, _context: object) => {
      after.waitUntil(first.promise);
      void first.promise.then(async () => {
        for (let i = 0; i < 20; i++) await null;
        after.waitUntil(second.promise);
      });
    });
    (await lambda.server.parked()).invoke('1');
    await handler({}, context('1'));
    await turns();
    first.resolve();
    await turns();
    expect(lambda.server.asked).toBe(1);
    second.resolve();
    await lambda.server.parked();
  });

  it('counts work from the initialisation to the first invocation', async () => {
    const after = await afterResponse();
    const work = deferred();
    after.waitUntil(work.promise);
    const handler = after.handler(async (_event: unknown, _context: object) => {});
    (await lambda.server.parked()).invoke('1');
    await handler({}, context('1'));
    await turns();
    expect(lambda.server.asked).toBe(1);
    work.resolve();
    await lambda.server.parked();
  });

  it('waits for the outermost of marked handlers, however the inner ones end', async () => {
    const after = await afterResponse();
    const gate = deferred();
    const inner = after.handler(
      async (_event: unknown, _context: object, callback: () => void): Promise<void> => callback(),
    );
    const outer = after.handler(async (event: unknown, given: object) => {
      await inner(event, given, () => {});
      await gate.promise;
    });
    (await lambda.server.parked()).invoke('1');
    const answer = outer({}, context('1'));
    await turns();
    expect(lambda.server.asked).toBe(1);
    gate.resolve();
    await answer;
    await lambda.server.parked();
  });

  it('is shared by all that ask for it, each with its own limit', async () => {
    stopTime();
    const long = await afterResponse({ maxWait: '5s', onEvent });
    const short = await afterResponse({ maxWait: '1s', onEvent });
    expect(lambda.server.registrations).toHaveLength(1);
    const handler = long.handler(
      short.handler(async (_event: unknown, _context: object) => {
        long.waitUntil(new Promise(() => {}));
        short.waitUntil(new Promise(() => {}));
      }),
    );
    (await lambda.server.parked()).invoke('1');
    await handler({}, context('1'));
    await pass(1_000);
    expect(lambda.events).toEqual([{ type: 'background-unfinished', pending: 1, waitedMs: 1_000 }]);
    expect(lambda.server.asked).toBe(1);
    await pass(4_000);
    await lambda.server.parked();
  });
});

describe('work that does not end', () => {
  it('is left after two seconds, and told of', async () => {
    stopTime();
    const after = await afterResponse({ onEvent });
    const handler = after.handler(async (_event: unknown, _context: object) => {
      after.waitUntil(new Promise(() => {}));
    });
    (await lambda.server.parked()).invoke('1');
    await handler({}, context('1'));
    await pass(1_999);
    expect(lambda.server.asked).toBe(1);
    await pass(1);
    await lambda.server.parked();
    expect(lambda.events).toEqual([{ type: 'background-unfinished', pending: 1, waitedMs: 2_000 }]);
  });

  it('is left 200 ms before the deadline', async () => {
    stopTime();
    const after = await afterResponse({ maxWait: '1m', onEvent });
    const handler = after.handler(async (_event: unknown, _context: object) => {
      after.waitUntil(new Promise(() => {}));
    });
    (await lambda.server.parked()).invoke('1', Date.now() + 700);
    await handler({}, context('1', 700));
    await pass(499);
    expect(lambda.server.asked).toBe(1);
    await pass(1);
    await lambda.server.parked();
    expect(lambda.events).toEqual([{ type: 'background-unfinished', pending: 1, waitedMs: 500 }]);
  });

  it('is waited for in a second invocation, and in no third one', async () => {
    stopTime();
    const after = await afterResponse({ onEvent });
    const handler = after.handler(async (event: { start?: boolean }, _context: object) => {
      if (event.start) after.waitUntil(new Promise(() => {}));
    });
    (await lambda.server.parked()).invoke('1');
    await handler({ start: true }, context('1'));
    await pass(2_000);
    (await lambda.server.parked()).invoke('2');
    await handler({}, context('2'));
    await turns();
    expect(lambda.server.asked).toBe(2);
    await pass(2_000);
    (await lambda.server.parked()).invoke('3');
    await handler({}, context('3'));
    await lambda.server.parked();
    expect(lambda.events).toHaveLength(2);
  });

  it('ends in a later invocation without another word', async () => {
    stopTime();
    const after = await afterResponse({ onEvent });
    const work = deferred();
    const handler = after.handler(async (event: { start?: boolean }, _context: object) => {
      if (event.start) after.waitUntil(work.promise);
      else work.resolve();
    });
    (await lambda.server.parked()).invoke('1');
    await handler({ start: true }, context('1'));
    await pass(2_000);
    (await lambda.server.parked()).invoke('2');
    await handler({}, context('2'));
    await lambda.server.parked();
    expect(lambda.events).toHaveLength(1);
  });

  it.each([
    [
      'its handler hangs',
      (after: AfterResponse) => {
        const hang = after.handler((_event: unknown, _context: object) => new Promise(() => {}));
        void hang({}, context('1', 3_000));
      },
      2_800,
    ],
    [
      'its handler never starts',
      (after: AfterResponse) => {
        after.handler(async () => {});
      },
      1_000,
    ],
    [
      'its handler never starts and the deadline is near',
      (after: AfterResponse) => {
        after.handler(async () => {});
      },
      300,
      500,
    ],
  ])('is no reason to wait for ever when %s', async (_what, begin, ms, leftMs = 3_000) => {
    stopTime();
    const after = await afterResponse();
    (await lambda.server.parked()).invoke('1', Date.now() + leftMs);
    begin(after);
    await pass(ms - 1);
    expect(lambda.server.asked).toBe(1);
    await pass(1);
    await lambda.server.parked();
    expect(lambda.warnings).toEqual([]);
  });

  it('freezes where no handler is marked, which a warning says once', async () => {
    stopTime();
    const after = await afterResponse();
    after.waitUntil(Promise.resolve());
    for (const id of ['1', '2']) {
      (await lambda.server.parked()).invoke(id);
      await pass(100);
    }
    await lambda.server.parked();
    expect(lambda.warnings).toEqual([expect.stringContaining('after.handler(')]);
  });
});

describe('work that fails', () => {
  it('is an event, and harms nobody', async () => {
    const after = await afterResponse({ onEvent });
    const error = new Error('refresh');
    const handler = after.handler(async (_event: unknown, _context: object) => {
      after.waitUntil(Promise.reject(error));
      return 'answer';
    });
    (await lambda.server.parked()).invoke('1');
    expect(await handler({}, context('1'))).toBe('answer');
    await lambda.server.parked();
    expect(lambda.events).toEqual([{ type: 'background-error', error }]);
  });

  it('may have a listener that throws', async () => {
    const after = await afterResponse({
      onEvent: () => {
        throw new Error('listener');
      },
    });
    const handler = after.handler(async (_event: unknown, _context: object) => {
      after.waitUntil(Promise.reject(new Error('refresh')));
    });
    (await lambda.server.parked()).invoke('1');
    await handler({}, context('1'));
    await lambda.server.parked();
  });

  it('may be a handler, whose error is its own', async () => {
    const after = await afterResponse();
    const error = new Error('handler');
    const handler = after.handler(async (_event: unknown, _context: object) => {
      throw error;
    });
    (await lambda.server.parked()).invoke('1');
    await expect(handler({}, context('1'))).rejects.toBe(error);
    await lambda.server.parked();
  });
});

describe('the deadline', () => {
  it('is that of the invocation, from its start to the end of the work behind it', async () => {
    stopTime();
    const after = await afterResponse();
    const work = deferred();
    const seen: unknown[] = [after.deadline()];
    const handler = after.handler(async (_event: unknown, _context: object) => {
      seen.push(after.deadline());
      after.waitUntil(work.promise);
    });
    const parked = await lambda.server.parked();
    const answer = handler({}, context('1', 5_000));
    parked.invoke('1', Date.now() + 5_000);
    await answer;
    await turns();
    seen.push(after.deadline());
    work.resolve();
    await lambda.server.parked();
    seen.push(after.deadline());
    expect(seen).toEqual([undefined, Date.now() + 5_000, Date.now() + 5_000, undefined]);
  });

  it('is what the event says, where the context says nothing', async () => {
    const after = await afterResponse();
    const handler = after.handler(async (..._args: unknown[]) => after.deadline());
    const deadlineMs = Date.now() + 7_000;
    (await lambda.server.parked()).invoke('1', deadlineMs);
    await turns();
    expect(await handler({}, { awsRequestId: '1' })).toBe(deadlineMs);
  });

  it('is unknown where a test calls the handler without a context', async () => {
    const after = await afterResponse();
    const handler = after.handler(async (..._args: unknown[]) => after.deadline());
    expect(await handler({})).toBeUndefined();
    expect(await handler({}, null)).toBeUndefined();
    expect(await handler({}, { awsRequestId: '1' })).toBeUndefined();
  });
});
