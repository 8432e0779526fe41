import { stateOf } from '../entries.js';
import { isoTime } from '../format.js';
import { type FoundKey, searchKeys } from '../search.js';
import type { Target } from '../target/target.js';
import type { Search } from './steps.js';

/** Keys that a page shows at once. */
const ROWS = 100;

interface Row {
  readonly key: string;
  readonly state: string;
  readonly bytes: number;
  readonly expiresAt: string | null;
}
export interface FoundKeys {
  /** The records that were read since the beginning. */
  readonly read: number;
  readonly rows: readonly Row[];
}

export function keySearch(target: Target, pattern: string, dead: boolean): Search<FoundKeys> {
  const pages = searchKeys(target, pattern, {
    dead,
    limit: Number.POSITIVE_INFINITY,
    pageSize: ROWS,
  });
  let read = 0;
  let waiting: FoundKey[] = [];
  return {
    async advance() {
      const { value, done } = await pages.next();
      if (done) return false;
      read += value.read;
      waiting.push(...value.rows);
      return true;
    },
    isFull: () => waiting.length >= ROWS,
    take() {
      const rows = waiting.slice(0, ROWS).map(rowOf);
      waiting = waiting.slice(ROWS);
      return { read, rows };
    },
    end: () => pages.return(undefined),
  };
}

function rowOf({ key, record }: FoundKey): Row {
  const { bytes, expiresAt } = record;
  return {
    ...{ key, bytes, state: stateOf(record, Date.now()) },
    expiresAt: expiresAt ? isoTime(expiresAt) : null,
  };
}
