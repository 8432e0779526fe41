import { CacheService, type CacheStore } from '@glasswork/cache';
import { answerParent, startCost } from './answer.js';

const down = async (): Promise<never> => {
  throw new Error('down');
};
const store: CacheStore = { name: 'down', get: down, set: down, del: down };

const calls = {
  /** Misses of as many keys over a store that fails every time, without the few that open the breaker. */
  async wraps({ calls }: { calls: number }): Promise<{ us: number; loads: number }> {
    const cache = new CacheService(store, { onEvent: () => {} });
    let loads = 0;
    const load = () => ++loads;
    for (let call = 0; call < 10; call++) await cache.wrap(`open:${call}`, 60, load);
    loads = 0;
    const cost = startCost(calls);
    for (let call = 0; call < calls; call++) await cache.wrap(`key:${call}`, 60, load);
    return { us: cost().wallUs, loads };
  },
};
export type DownCalls = typeof calls;

answerParent(calls);
