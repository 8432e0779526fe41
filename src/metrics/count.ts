import { errorCode } from '../model/errors.js';
import type { CacheEvent } from '../model/events.js';

/** The counters, by the event that adds to them. `StaleHits` is a part of `Hits`. */
export const COUNTERS = {
  hit: 'Hits',
  miss: 'Misses',
  join: 'Joins',
  'slow-join': 'SlowJoins',
  load: 'Loads',
  'load-error': 'LoadErrors',
  refresh: 'Refreshes',
  'stale-served': 'StaleServed',
  fill: 'Fills',
  refused: 'Refused',
  invalidate: 'Invalidations',
  corrupt: 'Corrupt',
  'store-error': 'StoreErrors',
  store: 'StoreCalls',
  skip: 'Skips',
  breaker: 'Breaker',
  lease: 'Leases',
  'background-error': 'BackgroundErrors',
  'background-unfinished': 'BackgroundUnfinished',
  response: 'Responses',
  'edge-tags': 'EdgeTags',
  'edge-invalidate': 'EdgeInvalidations',
} as const satisfies Partial<Record<CacheEvent['type'], string>>;

export type Counter = (typeof COUNTERS)[keyof typeof COUNTERS];

/** The counter of an event. Undefined for an event of a later version of the service. */
export const counterOf = ({ type }: CacheEvent): Counter | undefined => COUNTERS[type];

/** How much the event adds to its counter. */
export function amountOf(event: CacheEvent): number {
  if (event.type === 'edge-invalidate') return event.tags + event.paths;
  return event.type === 'background-unfinished' ? event.pending : 1;
}

/** The attribute that divides a counter: the reason of a miss, or the operation and code of an error. */
export function detailOf(event: CacheEvent): string | undefined {
  switch (event.type) {
    case 'miss':
    case 'refresh':
    case 'stale-served':
    case 'refused':
    case 'edge-tags':
      return event.reason;
    case 'response':
      return event.outcome;
    case 'lease':
    case 'breaker':
      return event.state;
    case 'skip':
    case 'store':
      return operationName(event.operation);
    case 'store-error':
      return `${operationName(event.operation)}.${errorCode(event.error)}`;
    case 'load-error':
    case 'background-error':
      return errorCode(event.error);
    default:
      return undefined;
  }
}

/** As in `readLease` for `read lease`. */
export const operationName = (operation: string): string =>
  operation.replace(/\W+(\w)/g, (_, letter: string) => letter.toUpperCase());
