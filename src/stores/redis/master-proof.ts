import type { Clock } from '../../model/time.js';
import type { RedisClient } from './client.js';

/** How long a proof holds: for so long may a demoted master answer reads, milliseconds. */
const HOLDS_MS = 1_000;

/**
 * Proves that reads are answered by a master. A master that became a replica keeps its connections and answers GET, from
 * data that may lag or no longer change. It refuses writes, so a read carries one from time to time, in its own packet:
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

  /** The outcome of the read, or what the server refused the proof with. */
  async read<T>(client: RedisClient, read: () => Promise<T>): Promise<T> {
    this.#client = client;
    // Reads that follow before the answer rely on it, too: they are as old as this one.
    this.#provenAt = this.#clock.now();
    const [answer, proof] = await Promise.allSettled([read(), client.unlink(this.#unused)]);
    if (answer.status === 'fulfilled' && proof.status === 'fulfilled') return answer.value;
    if (this.#client === client) this.#client = undefined;
    if (answer.status === 'rejected') throw answer.reason;
    throw (proof as PromiseRejectedResult).reason;
  }
}
