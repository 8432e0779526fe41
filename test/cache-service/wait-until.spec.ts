import { describe, expect, it, vi } from 'vitest';
import { noteUnhandled } from '../unhandled.js';
import { nth, SWR, settledState, setup, slowLoad, stale, useFakeTime } from './helpers.js';

describe('waitUntil', () => {
  useFakeTime();

  it('gets the refresh, which settles when the fill is done', async () => {
    const waited: Promise<unknown>[] = [];
    const { cache } = await stale({
      waitUntil: (promise: Promise<unknown>) => waited.push(promise),
    });
    waited.length = 0;
    const { load, runs } = slowLoad();
    await cache.wrap('k', SWR, load);
    expect(waited).toHaveLength(1);
    expect(await settledState(nth(waited, 0))).toBe('pending');
    nth(runs, 0).resolve('new');
    await nth(waited, 0);
    expect(await cache.get('k')).toBe('new');
  });

  it('of the call comes before that of the configuration', async () => {
    const [configured, called] = [vi.fn(), vi.fn()];
    const { cache } = await stale({ waitUntil: configured });
    configured.mockClear();
    await cache.wrap('k', { ...SWR, waitUntil: called }, () => 'new');
    expect(configured).not.toHaveBeenCalled();
    expect(called).toHaveBeenCalledOnce();
  });

  it('gets promises that never reject', async () => {
    const waited: Promise<unknown>[] = [];
    const waitUntil = (promise: Promise<unknown>) => {
      waited.push(promise);
    };
    const { cache } = await stale();
    await cache.wrap('k', { ...SWR, waitUntil }, () => Promise.reject(new Error('origin')));
    expect(await Promise.allSettled(waited)).toMatchObject([{ status: 'fulfilled' }]);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('too late');
      },
    ],
    ['rejects', () => Promise.reject(new Error('too late'))],
  ])('that %s harms nobody', async (_how, waitUntil) => {
    const expectNoneUnhandled = noteUnhandled();
    const { cache, of } = await stale({ waitUntil, backgroundFill: false });
    expect(await cache.wrap('k', SWR, () => 'new')).toBe('old');
    await cache.settled();
    expect(await cache.get('k')).toBe('new');
    expect(of('background-error')).toMatchObject([{ error: { message: 'too late' } }]);
    await expectNoneUnhandled();
  });

  it('is not asked when nothing is left to do', async () => {
    const waitUntil = vi.fn();
    const { cache } = setup({ waitUntil });
    await cache.wrap('k', SWR, () => 1);
    waitUntil.mockClear();
    await cache.wrap('k', SWR, () => 1);
    await cache.get('k');
    expect(waitUntil).not.toHaveBeenCalled();
  });
});
