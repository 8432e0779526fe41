import { setTimeout as pause } from 'node:timers/promises';
import type { Queryable } from '../api/item-database.js';
import type { Child } from './child.js';
import { delays, originDelay } from './network.js';
import type { DatabaseCalls } from './programs/database.js';
import { startProgram } from './start.js';

export type Database = Child<DatabaseCalls>;

export const startDatabase = (): Database => startProgram<DatabaseCalls>('database');

export interface Origin extends Queryable {
  /** The queries since the last call. */
  take(): number;
}

/** The database behind a network, which counts the queries. Each query asks the process that is the database by then. */
export function distant(database: () => Database, median: number, seed: number): Origin {
  const nextDelay = delays(originDelay(median), seed);
  let queries = 0;
  return {
    async query<Row>(sql: string, parameters: unknown[] = []) {
      queries++;
      if (median > 0) await pause(nextDelay());
      // The rows are as the query says; the process's channel carries JSON.
      return { rows: (await database().call('query', { sql, parameters })) as Row[] };
    },
    take() {
      const taken = queries;
      queries = 0;
      return taken;
    },
  };
}
