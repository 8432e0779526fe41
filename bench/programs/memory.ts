import { CacheService, MemoryCacheStore } from '@glasswork/cache';
import { answerParent, type Cost, startCost } from './answer.js';

const cache = new CacheService(new MemoryCacheStore());
const noLoad = () => {
  throw new Error('a miss, where a hit is measured');
};
const texts = new Map<string, string>();
/** Looked at after each measurement, so that no parse can be left out as unused. */
let last: unknown;

const calls = {
  async seed({ key, value }: { key: string; value: unknown }): Promise<number> {
    const text = JSON.stringify(value);
    texts.set(key, text);
    await cache.set(key, value, '1d');
    return text.length;
  },

  /** A bare `JSON.parse`. */
  parse({ key, calls }: { key: string; calls: number }): Cost {
    const text = texts.get(key) ?? '';
    const cost = startCost(calls);
    for (let call = 0; call < calls; call++) last = JSON.parse(text);
    return checked(cost(), text);
  },

  /** A `wrap` that hits. */
  async wrap({ key, calls }: { key: string; calls: number }): Promise<Cost> {
    const cost = startCost(calls);
    for (let call = 0; call < calls; call++) last = await cache.wrap(key, 300, noLoad);
    return checked(cost(), texts.get(key));
  },
};
export type MemoryCalls = typeof calls;

function checked(cost: Cost, text: string | undefined): Cost {
  if (JSON.stringify(last) === text) return cost;
  throw new Error('what was read is not the value that was written');
}

answerParent(calls);
