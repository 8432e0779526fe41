import type { ProblemReport } from '../../model/cache-store.js';
import type { Clock } from '../../model/time.js';
import { uniqueId } from '../../util/unique-id.js';
import type { InvalidationChannel } from './invalidation-channel.js';
import type { Tier } from './tier.js';

/** The longest that a proof of the channel counts, milliseconds. An invalidation may be missed for as long. */
const TRUST_MS = 1_000;
/** The shortest time between two proofs, milliseconds. */
const RENEW_MS = 400;

interface Message {
  /** The sender's id, by which it ignores its own messages. */
  readonly from: string;
  readonly keys?: readonly string[] | undefined;
  readonly pattern?: string | undefined;
  /** Drop everything. */
  readonly all?: true | undefined;
}

/**
 * Publishes to other processes which copies to drop from their first tier, and drops copies here by their messages.
 *
 *     this process   sync ── proof ── reads the tier ······ frozen, or cut off ······ reads: the proof is too old
 *     another                             del, publish                                  │ asks the tier below, syncs
 *     this process                                          receives the del ── proof ── reads the tier
 *
 * A frozen process resumes with unread messages in its socket, and only the wall clock shows the freeze. So the tier is
 * trusted for one second, by the wall clock, after a round trip on the channel: no older message can arrive after it.
 * If messages may have been lost, the tier is emptied before it is trusted again. Nothing runs between reads: a read
 * starts the next proof without waiting for it.
 */
export class InvalidationBus {
  readonly #channel: InvalidationChannel;
  readonly #tier: Tier;
  readonly #clock: Clock;
  readonly #report: ProblemReport;
  readonly #self = uniqueId();
  #provenAt = Number.NEGATIVE_INFINITY;
  #askedAt = Number.NEGATIVE_INFINITY;
  #session: number | undefined;
  /** Messages whose keys are still being dropped. */
  #dropping: Promise<unknown> = Promise.resolve();

  /** `report` receives the failures of proofs that a read has begun. */
  constructor(channel: InvalidationChannel, tier: Tier, clock: Clock, report: ProblemReport) {
    this.#report = report;
    this.#channel = channel;
    this.#tier = tier;
    this.#clock = clock;
    channel.listen((text) => this.#receive(text));
  }

  /** True while the tier is known to have dropped every copy invalidated more than a second ago. */
  trusts(now = this.#clock.now()): boolean {
    if (!isWithin(now - this.#askedAt, RENEW_MS))
      this.prove().catch((error) => this.#report('tier channel', error));
    return isWithin(now - this.#provenAt, TRUST_MS);
  }

  /** Makes a round trip on the channel. Rejects if the channel does not answer. */
  async prove(): Promise<void> {
    const now = this.#clock.now();
    this.#askedAt = now;
    const session = await this.#channel.sync();
    await this.#dropping;
    if (session !== this.#session) await this.#tier.clear();
    this.#session = session;
    // A later proof may have finished first. A proof in the future dates from before the clock was set back.
    if (this.#provenAt < now || this.#provenAt > this.#clock.now()) this.#provenAt = now;
  }

  /** @throws The channel's error. Other processes may then go on serving the value. */
  async publish(what: Omit<Message, 'from'>): Promise<void> {
    await this.#channel.publish(JSON.stringify({ from: this.#self, ...what } satisfies Message));
  }

  async close(): Promise<void> {
    await this.#channel.close();
  }

  #receive(text: string): void {
    const { from, keys, pattern } = parsed(text);
    if (from === this.#self) return;
    const dropped = this.#drop(keys, pattern).catch(() => {
      // The tier's content is unknown now, so the next proof empties it.
      this.#session = undefined;
      this.#provenAt = Number.NEGATIVE_INFINITY;
    });
    this.#dropping = Promise.all([this.#dropping, dropped]);
  }

  /** Drops everything for a message that only a later version of this package understands. */
  async #drop(keys: Message['keys'], pattern: Message['pattern']): Promise<void> {
    if (Array.isArray(keys)) await Promise.all(keys.map((key) => this.#tier.del(String(key))));
    else if (typeof pattern === 'string') await this.#tier.delByPattern(pattern);
    else await this.#tier.clear();
  }
}

/** False for a negative age, which means that the wall clock was set back. */
const isWithin = (ageMs: number, ms: number): boolean => ageMs >= 0 && ageMs < ms;

function parsed(text: string): Partial<Message> {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}
