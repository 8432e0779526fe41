import { type CacheListener, CacheService, MemoryCacheStore } from '@glasswork/cache';
import { emf } from '@glasswork/cache/metrics';
import { answerParent, type Cost, startCost } from './answer.js';

/** Flushed like at the end of an invocation, so that the lines are part of the cost. */
const CALLS_A_FLUSH = 1_000;

let flush = () => {};
let cache: CacheService | undefined;
const noLoad = () => {
  throw new Error('a miss, where a hit is measured');
};
let last: unknown;

const calls = {
  async prepare({ listens, value }: { listens: boolean; value: unknown }): Promise<void> {
    let written = 0;
    const metrics = emf({
      namespace: 'Bench',
      write: (line) => {
        written += line.length;
      },
    });
    if (listens) flush = metrics.flush;
    const onEvent: CacheListener | undefined = listens ? metrics : undefined;
    cache = new CacheService(new MemoryCacheStore(), { onEvent });
    await cache.set('key', value, '1d');
    if (written > 0) throw new Error('nothing was flushed yet');
  },

  /** Hits of one key, one after the other. */
  async wrap({ calls }: { calls: number }): Promise<Cost> {
    if (!cache) throw new Error('prepare first');
    const cost = startCost(calls);
    for (let call = 1; call <= calls; call++) {
      last = await cache.wrap('key', 300, noLoad);
      if (call % CALLS_A_FLUSH === 0) flush();
    }
    if (last === undefined) throw new Error('a hit without a value');
    return cost();
  },
};
export type MetricsCalls = typeof calls;

answerParent(calls);
