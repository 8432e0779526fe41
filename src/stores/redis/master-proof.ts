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
 *             read ── nor does one that began while the proof was on its way
 *
 * The UNLINK comes second, so the server was still a master when it answered the read. A read that finds a proof on its
 * way shares it: with many readers at once, all but the one with the UNLINK would otherwise get the values of a replica.
 */
export class MasterProof {
  readonly #unused: string;
  readonly #clock: Clock;
  #client: RedisClient | undefined;
  #provenAt = Number.NEGATIVE_INFINITY;
  /** The UNLINK that is on its way to the client. */
  #pending: Promise<unknown> | undefined;

  /** `unused`: a key that never exists. */
  constructor(unused: string, clock: Clock) {
    this.#unused = unused;
    this.#clock = clock;
  }

  /** True if a read must go through `read`, because no proof holds yet. */
  isDue(client: RedisClient): boolean {
    const ageMs = this.#clock.now() - this.#provenAt;
    const isYoung = client === this.#client && ageMs >= 0 && ageMs < HOLDS_MS;
    return !isYoung || this.#pending !== undefined;
  }

  /** Settles as the read does, or rejects with the error that refused the proof. */
  async read<T>(client: RedisClient, read: () => Promise<T>): Promise<T> {
    const [answer, proof] = await Promise.allSettled([read(), this.#prove(client)]);
    if (answer.status === 'fulfilled' && proof.status === 'fulfilled') return answer.value;
    if (this.#client === client) this.#client = undefined;
    if (answer.status === 'rejected') throw answer.reason;
    // Only the proof can have failed.
    throw (proof as PromiseRejectedResult).reason;
  }

  /** The proof that is on its way, or a new one. Redis answers in order, so a read waits no longer for it. */
  #prove(client: RedisClient): Promise<unknown> {
    if (this.#pending && client === this.#client) return this.#pending;
    this.#client = client;
    this.#provenAt = this.#clock.now();
    // One that fails stays, so that no read slips through before those that share it have heard of it.
    const proof = client.unlink(this.#unused).then(() => {
      if (this.#pending === proof) this.#pending = undefined;
    });
    this.#pending = proof;
    return proof;
  }
}
