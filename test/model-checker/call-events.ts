import { AsyncLocalStorage } from 'node:async_hooks';
import type { CacheEvent } from '@glasswork/cache';

const calls = new AsyncLocalStorage<CacheEvent[]>();

/** The listener of every process: notes an event for the call in whose context it is told. */
export const noteEvent = (event: CacheEvent): void => void calls.getStore()?.push(event);

/** Makes a call, and hands it the events of its own so far. */
export const noting = <T>(work: (events: readonly CacheEvent[]) => Promise<T>): Promise<T> => {
  const events: CacheEvent[] = [];
  return calls.run(events, () => work(events));
};

/**
 * How a call was served a key. `leases`: a miss may have waited for another process and been given a stale value, of
 * which no event tells.
 */
export function stateOf(
  events: readonly CacheEvent[],
  key: string | undefined,
  leases: boolean,
): 'fresh' | 'stale' {
  for (const event of events) {
    if (event.type === 'hit' && event.key === key) return event.state;
    if (event.type === 'stale-served' && event.key === key) return 'stale';
  }
  return leases ? 'stale' : 'fresh';
}
