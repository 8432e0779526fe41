import type { Units } from './capacity.js';
import type { Outcome as RunOutcome } from './run.js';

/** One copy of the API, after the run. */
export interface Column extends RunOutcome {
  readonly requests: number;
  /** Queries that reached the database, updates included. */
  readonly queries: number;
  readonly units: Units;
  readonly usdPerMillion: number;
  /** Of the reads; 0 without a cache. */
  readonly hitRatio: number;
}

export interface Columns {
  readonly none: Column;
  readonly dynamodb: Column;
  readonly tiered: Column;
}
