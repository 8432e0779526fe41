import { logNormal, seeded } from './random.js';

/** Both servers run on this machine, so the way to them is simulated: log-normal, which has the long tail of networks. */
export interface Delay {
  /** Milliseconds, to the server and back. */
  readonly median: number;
  readonly sigma: number;
}

/**
 * From a Lambda in a VPC to PostgreSQL on RDS: another availability zone, TLS, and RDS Proxy in between, without which
 * sandboxes run the database out of connections. p99: 6 * e^(2.326 * 0.5) = 19 ms. An assumption: measure yours.
 */
export const DATABASE_DELAY: Delay = { median: 6, sigma: 0.5 };

/**
 * From a Lambda to DynamoDB, whose reads AWS describes as taking a single-digit number of milliseconds. p99:
 * 3.5 * e^(2.326 * 0.35) = 7.9 ms. An assumption, on top of what the embedded server takes itself.
 */
export const DYNAMODB_DELAY: Delay = { median: 3.5, sigma: 0.35 };

/** The same delays for the same seed. Timers count whole milliseconds. */
export const delays = ({ median, sigma }: Delay, seed: number): (() => number) =>
  logNormal(median, sigma, seeded(seed));

export const p99 = ({ median, sigma }: Delay): number => median * Math.exp(2.326 * sigma);
