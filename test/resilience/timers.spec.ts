import { mock } from 'node:test';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { FreezeDetector } from '../../src/resilience/freeze-detector.js';
import { OperationTimeouts } from '../../src/resilience/operation-timeouts.js';
import { currentTimers, type Timers } from '../../src/resilience/timers.js';

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  mock.timers.reset();
});

describe('the timers of the process', () => {
  it('are the same until a test replaces them', () => {
    const real = currentTimers();
    expect(real.areFaked).toBe(false);
    expect(currentTimers()).toBe(real);
    vi.useFakeTimers();
    expect(currentTimers().areFaked).toBe(true);
    vi.useRealTimers();
    expect(currentTimers().areFaked).toBe(false);
  });

  it.each<[string, () => unknown]>([
    ['setTimeout of Vitest', () => vi.useFakeTimers({ toFake: ['setTimeout'] })],
    ['setImmediate of Vitest', () => vi.useFakeTimers({ toFake: ['setImmediate'] })],
    ['setTimeout of node:test', () => mock.timers.enable({ apis: ['setTimeout'] })],
    ["a mock of Jest's legacy timers", () => vi.stubGlobal('setTimeout', legacy())],
  ])('are known as faked: %s', (_, fake) => {
    expect(currentTimers().areFaked).toBe(false);
    fake();
    expect(currentTimers().areFaked).toBe(true);
  });

  it('run an action after the turn, also without setImmediate, as in jsdom', async () => {
    vi.stubGlobal('setImmediate', undefined);
    const timers = currentTimers();
    expect(timers.areFaked).toBe(false);
    await new Promise<void>((resolve) => timers.afterTurn(resolve));
  });

  it('run an action after the turn by setImmediate, because a timer costs more', () => {
    const turn = vi.fn();
    vi.stubGlobal('setImmediate', turn);
    const action = () => {};
    currentTimers().afterTurn(action);
    expect(turn).toHaveBeenCalledExactlyOnceWith(action);
  });

  const legacy = () => Object.assign(() => 0, { _isMockFunction: true });
});

/** Timers that tell whether they keep the process alive. */
function observed() {
  const started: { holds: boolean }[] = [];
  const turns: (() => void)[] = [];
  const timers: Timers = {
    areFaked: false,
    afterTurn: (action) => turns.push(action),
    after() {
      const timer = { holds: true };
      started.push(timer);
      const hold = (holds: boolean) => () => {
        timer.holds = holds;
      };
      return { ref: hold(true), unref: hold(false), cancel: hold(false) };
    },
  };
  const turn = () => {
    for (const action of turns.splice(0)) action();
  };
  return { timers: () => timers, turn, holds: () => started.map((timer) => timer.holds) };
}

const pending = () => {
  let end: () => void = () => {};
  const work = new Promise<void>((resolve) => (end = resolve));
  const ended = async () => {
    end();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { work, end: ended };
};

describe('the process', () => {
  it('is kept alive by one timer, as long as an operation is pending', async () => {
    const { timers, turn, holds } = observed();
    const timeouts = new OperationTimeouts(undefined, timers);
    const limit = () => {
      const operation = pending();
      timeouts.limit(
        operation.work,
        1_000,
        () => {},
        () => {},
      );
      turn();
      return operation;
    };
    const [first, second] = [limit(), limit()];
    expect(holds()).toEqual([true]);
    await first.end();
    expect(holds()).toEqual([true]);
    await second.end();
    expect(holds()).toEqual([false]);
    const third = limit();
    expect(holds()).toEqual([true]);
    await third.end();
    expect(holds()).toEqual([false]);
  });

  it('arms it once for all operations of a turn', async () => {
    const { timers, turn } = observed();
    const afterTurn = vi.spyOn(timers(), 'afterTurn');
    const timeouts = new OperationTimeouts(undefined, timers);
    const ignore = () => {};
    for (const { work } of [pending(), pending()]) timeouts.limit(work, 1_000, ignore, ignore);
    expect(afterTurn).toHaveBeenCalledOnce();
    turn();
    timeouts.limit(pending().work, 1_000, ignore, ignore);
    expect(afterTurn).toHaveBeenCalledOnce();
  });

  it('is not kept alive by work that is only watched', async () => {
    const { timers, turn, holds } = observed();
    const freezes = new FreezeDetector({ now: () => 0 }, timers);
    const [first, second] = [pending(), pending()];
    freezes.watch(first.work);
    turn();
    freezes.watch(second.work);
    expect(holds()).toEqual([false]);
    await Promise.all([first.end(), second.end()]);
    expect(holds()).toEqual([false]);
  });
});
