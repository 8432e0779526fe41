import { CacheService, MemoryCacheStore } from '@glasswork/cache';
import { answerParent } from './answer.js';

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

  /** Nanoseconds a call of a bare `JSON.parse`. */
  parse({ key, calls }: { key: string; calls: number }): number {
    const text = texts.get(key) ?? '';
    const started = performance.now();
    for (let call = 0; call < calls; call++) last = JSON.parse(text);
    const ns = ((performance.now() - started) * 1e6) / calls;
    return checked(ns, text);
  },

  /** Nanoseconds a call of a `wrap` that hits. */
  async wrap({ key, calls }: { key: string; calls: number }): Promise<number> {
    const started = performance.now();
    for (let call = 0; call < calls; call++) last = await cache.wrap(key, 300, noLoad);
    const ns = ((performance.now() - started) * 1e6) / calls;
    return checked(ns, texts.get(key));
  },
};
export type MemoryCalls = typeof calls;

function checked(ns: number, text: string | undefined): number {
  if (JSON.stringify(last) === text) return ns;
  throw new Error('what was read is not the value that was written');
}

answerParent(calls);
