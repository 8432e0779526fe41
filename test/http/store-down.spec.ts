import { MemoryCacheStore } from '@glasswork/cache/memory';
import { createVirtualClock, type Fault, faultyStore } from '@glasswork/cache/testing';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { counting, START, URL_1, world } from './helpers.js';

/** The budget of a read, milliseconds. */
const BUDGET_MS = 2_500;
/** The interval at which budgets are counted down, milliseconds. */
const TICK_MS = 50;

function down(fault: Fault, options = {}) {
  const clock = createVirtualClock(START);
  const state: { fault: Fault | undefined } = { fault };
  const store = faultyStore(new MemoryCacheStore({ clock }), { plan: () => state.fault });
  return Object.assign(world({ ttl: 60, ...options }, {}, { clock, store }), { state });
}

describe.each<[string, Fault, number]>([
  ['dead', { kind: 'error' }, TICK_MS],
  ['hung', { kind: 'hang' }, BUDGET_MS + TICK_MS],
])('with a %s store', (_name, fault, limitMs) => {
  it.each([
    ['a request', {}, {}],
    ['a request with a cookie', {}, { cookie: 'a=1' }],
    ['a request behind a CDN', { tagHeader: 'cache-tag' }, {}],
    ['a request under a lease', { lease: true }, {}],
  ])('%s gets the origin’s answer within the budget', async (_kind, options, headers) => {
    // Time that only the test moves, because a busy machine makes every tick longer.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const made = down(fault, options);
    made.origin = counting();
    let response: Response | undefined;
    void made.send(new Request(URL_1, { headers })).then((given) => {
      response = given;
    });
    await vi.advanceTimersByTimeAsync(limitMs);
    vi.useRealTimers();
    expect(await response?.text()).toBe('1');
    expect(response?.headers.get('cache-status')).not.toContain('stored');
    expect(made.asked.length).toBe(1);
  });

  it('a request with a cookie passes, because nobody knows what may be shared', async () => {
    const made = down(fault);
    await made.send(new Request(URL_1, { headers: { cookie: 'a=1' } }));
    expect(made.reasons()).toEqual(['unreadable']);
  });

  it('a request with a cookie passes, too, if only the response cannot be read', async () => {
    const clock = createVirtualClock(START);
    const plan = ({ keys }: { keys: readonly string[] }) =>
      keys.includes(`http:${URL_1}#`) ? fault : undefined;
    const made = world(
      {},
      {},
      { clock, store: faultyStore(new MemoryCacheStore({ clock }), { plan }) },
    );
    await made.send(new Request(URL_1, { headers: { cookie: 'a=1' } }));
    expect(made.reasons()).toEqual(['credentials']);
  });

  it('requests at the same time get a response each, of their own or of one that began later', async () => {
    const made = down(fault);
    made.origin = counting();
    const all = Array.from({ length: 20 }, () => made.send(new Request(URL_1)));
    const statuses = (await Promise.all(all)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200]));
  });

  it('an edge keeps nothing', async () => {
    const made = down(fault, { tagHeader: 'cache-tag' });
    made.origin = counting(() => ({ headers: { 'cache-control': 'max-age=60' } }));
    const response = await made.send(new Request(URL_1));
    expect(response.headers.get('cache-control')).toBe('max-age=60, s-maxage=0');
  });
});
