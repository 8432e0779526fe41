import { logNormal, seeded } from './random.js';

/** Both servers run on this machine, so the way to them is simulated: log-normal, which has the long tail of networks. */
export interface Delay {
  /** Milliseconds, to the server and back. */
  readonly median: number;
  readonly sigma: number;
}

/**
 * From a Lambda in a VPC to PostgreSQL: another availability zone, TLS, a proxy in front, and the queue of a database
 * that serves others as well. `--origin` gives the median; p99 is 2.3 times that. An assumption: measure yours. Without
 * it the embedded database, which holds a few rows in memory, would answer sooner than any real one.
 */
export const originDelay = (median: number): Delay => ({ median, sigma: 0.35 });

/**
 * From a Lambda to DynamoDB, whose reads AWS describes as taking a single-digit number of milliseconds. p99:
 * 3.5 * e^(2.326 * 0.35) = 7.9 ms. An assumption, on top of what the embedded server takes itself.
 */
export const DYNAMODB_DELAY: Delay = { median: 3.5, sigma: 0.35 };

/** The same delays for the same seed. Timers count whole milliseconds. */
export const delays = ({ median, sigma }: Delay, seed: number): (() => number) =>
  logNormal(median, sigma, seeded(seed));

export const p99 = ({ median, sigma }: Delay): number => median * Math.exp(2.326 * sigma);
