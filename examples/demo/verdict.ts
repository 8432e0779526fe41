import type { Columns } from './columns.js';
import { percentile } from './run.js';
import { rounded } from './text.js';

/** The top of the JSON: the copy with DynamoDB, against the copy without a cache. */
export interface Figures {
  readonly cluster: number;
  readonly requests: number;
  readonly hitRatio: number;
  /** Of reads, milliseconds. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p50MsWithout: number;
  readonly p99MsWithout: number;
  /** Queries that reached the database, updates included. */
  readonly originCalls: number;
  readonly originCallsWithout: number;
  readonly readUnits: number;
  readonly writeUnits: number;
  readonly usdPerMillion: number;
  readonly errors: number;
}

export function figuresOf({ none, dynamodb, tiered }: Columns, cluster: number): Figures {
  const of = (times: readonly number[], share: number) => rounded(percentile(times, share), 2);
  return {
    cluster,
    requests: dynamodb.requests,
    hitRatio: dynamodb.hitRatio,
    p50Ms: of(dynamodb.reads, 0.5),
    p99Ms: of(dynamodb.reads, 0.99),
    p50MsWithout: of(none.reads, 0.5),
    p99MsWithout: of(none.reads, 0.99),
    originCalls: dynamodb.queries,
    originCallsWithout: none.queries,
    ...dynamodb.units,
    usdPerMillion: dynamodb.usdPerMillion,
    errors: none.errors.length + dynamodb.errors.length + tiered.errors.length,
  };
}

/** Why the figures do not show what a cache is for; nothing when they do. */
export function problemsOf(figures: Figures, errors: readonly string[]): string[] {
  const problems: string[] = [];
  if (figures.errors > 0) problems.push(`${figures.errors} errors, the first: ${errors[0]}`);
  if (!(figures.hitRatio > 0)) problems.push('Nothing was answered from the cache.');
  if (!(figures.p50Ms < figures.p50MsWithout)) {
    problems.push(
      `The median with the cache (${figures.p50Ms} ms) is not below the one without (${figures.p50MsWithout} ms).`,
    );
  }
  return problems;
}
