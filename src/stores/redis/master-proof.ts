import type { Clock } from '../../model/time.js';
import type { RedisClient } from './client.js';

/** The life of a proof, milliseconds. A demoted master may answer reads for at most as long. */
const HOLDS_MS = 1_000;

/**
 * Proves that a master answers the reads. A master that became a replica keeps its connections and answers GET from
 * data that may lag or never change again. It refuses writes, so now and then a read carries one in the same packet:
 *
 *     read, UNLINK ── both answered: a master until then ── read ── read ── a second later: read, UNLINK
 *     read, UNLINK ── READONLY: the read does not count
 *
 * The UNLINK comes second, so the server was still a master when it answered the read.
 */
export class MasterProof {
  readonly #unused: string;
  readonly #clock: Clock;
  #client: RedisClient | undefined;
  #provenAt = Number.NEGATIVE_INFINITY;

  /** `unused`: a key that never exists. */
  constructor(unused: string, clock: Clock) {
    this.#unused = unused;
    this.#clock = clock;
  }

  isDue(client: RedisClient): boolean {
    const ageMs = this.#clock.now() - this.#provenAt;
    return client !== this.#client || !(ageMs >= 0 && ageMs < HOLDS_MS);
  }

  /** Settles as the read does, or rejects with the error that refused the proof. */
  async read<T>(client: RedisClient, read: () => Promise<T>): Promise<T> {
    this.#client = client;
    // Reads that start before the reply rely on it, too, because they are as old as this one.
    this.#provenAt = this.#clock.now();
    const [answer, proof] = await Promise.allSettled([read(), client.unlink(this.#unused)]);
    if (answer.status === 'fulfilled' && proof.status === 'fulfilled') return answer.value;
    if (this.#client === client) this.#client = undefined;
    if (answer.status === 'rejected') throw answer.reason;
    // Only the proof can have failed.
    throw (proof as PromiseRejectedResult).reason;
  }
}
