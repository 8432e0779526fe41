import { costs } from './cost.js';
import type { Prices } from './prices.js';
import type { Workload } from './workload.js';

export interface Crossing {
  /** The cheaper one below, and the one above. */
  readonly below: string;
  readonly above: string;
  readonly requests: number;
}

/** Where the cheapest store changes, as the requests grow by steps of a twentieth. */
export function crossings(workloadAt: (requests: number) => Workload, prices: Prices): Crossing[] {
  const found: Crossing[] = [];
  let last: string | undefined;
  for (const requests of steps()) {
    const [first, ...others] = costs(workloadAt(requests), prices);
    if (!first) return [];
    const cheapest = others.reduce((a, b) => (b.total < a.total ? b : a), first);
    if (last !== undefined && last !== cheapest.store)
      found.push({ below: last, above: cheapest.store, requests });
    last = cheapest.store;
  }
  return found;
}

/** Requests a second from one in a hundred seconds to a hundred thousand, as a chart shows them. */
export function* steps(factor = 1.05): Generator<number> {
  for (let requests = 0.01; requests <= 100_000; requests *= factor) yield requests;
}
