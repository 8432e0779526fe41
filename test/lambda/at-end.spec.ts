import { afterResponse } from '@glasswork/cache/lambda';
import { describe, expect, it, vi } from 'vitest';
import { context, deferred, onLambda, turns } from './helpers.js';

const lambda = onLambda();

/** A handler whose background work ends when the test says so. */
async function working(options: Parameters<typeof afterResponse>[0]) {
  const atEnd = vi.fn();
  const after = await afterResponse({ ...options, atEnd });
  const work = deferred();
  const handler = after.handler(async (_event: unknown, _context: object) => {
    after.waitUntil(work.promise);
    return 'answer';
  });
  return { atEnd, work, after, handler };
}

describe('atEnd', () => {
  it('is called once after each response, when the work is done', async () => {
    const { atEnd, work, handler } = await working({});
    (await lambda.server.parked()).invoke('1');
    expect(await handler({}, context('1'))).toBe('answer');
    await turns();
    expect(atEnd).not.toHaveBeenCalled();
    work.resolve();
    const parked = await lambda.server.parked();
    expect(atEnd).toHaveBeenCalledTimes(1);
    parked.invoke('2');
    await handler({}, context('2'));
    await lambda.server.parked();
    expect(atEnd).toHaveBeenCalledTimes(2);
  });

  it('is called before the response in the mode that awaits the work', async () => {
    const { atEnd, work, handler } = await working({ mode: 'await' });
    const answer = handler({}, context('1'));
    await turns();
    expect(atEnd).not.toHaveBeenCalled();
    work.resolve();
    expect(await answer).toBe('answer');
    expect(atEnd).toHaveBeenCalledTimes(1);
  });

  it('is called without any background work', async () => {
    const atEnd = vi.fn();
    const after = await afterResponse({ mode: 'await', atEnd });
    const handler = after.handler(async (_event: unknown, _context: object) => 'answer');
    await handler({}, context('1'));
    await handler({}, context('2'));
    expect(atEnd).toHaveBeenCalledTimes(2);
  });

  it('is called when the handler is done, where nothing freezes', async () => {
    const { atEnd, handler } = await working({ mode: 'detached' });
    expect(await handler({}, context('1'))).toBe('answer');
    expect(atEnd).toHaveBeenCalledTimes(1);
  });

  it('is called for a handler that fails, and keeps its error', async () => {
    const atEnd = vi.fn();
    const after = await afterResponse({ mode: 'await', atEnd });
    const handler = after.handler(async (_event: unknown, _context: object) => {
      throw new Error('no');
    });
    await expect(handler({}, context('1'))).rejects.toThrow('no');
    expect(atEnd).toHaveBeenCalledTimes(1);
  });

  it.each(['await', 'detached'] as const)('breaks no response in mode %s', async (mode) => {
    const atEnd = () => {
      throw new Error('no');
    };
    const after = await afterResponse({ mode, atEnd });
    const handler = after.handler(async (_event: unknown, _context: object) => 'answer');
    expect(await handler({}, context('1'))).toBe('answer');
  });

  it('has to be a function', async () => {
    const given = afterResponse({ atEnd: 'flush' as never });
    await expect(given).rejects.toMatchObject({ code: 'INVALID_OPTION', subject: 'atEnd' });
  });

  it('is one of several options, which are an object', async () => {
    await expect(afterResponse(null as never)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });
});
