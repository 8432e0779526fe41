import type { Clock } from '../../model/time.js';
import type { InvalidationChannel } from './invalidation-channel.js';
import type { Tier } from './tier.js';

/** How old the last proof that the channel is alive may be: so long may an invalidation go unheard, milliseconds. */
const TRUST_MS = 1_000;
/** The least time between two proofs. */
const RENEW_MS = 400;

interface Message {
  /** Who sent it: nobody needs to hear itself. */
  readonly from: string;
  readonly keys?: readonly string[] | undefined;
  readonly pattern?: string | undefined;
  /** Everything. */
  readonly all?: true | undefined;
}

/**
 * The other processes whose invalidations a tier must follow.
 *
 *     this process   sync ── proof ── reads the tier ······ frozen, or cut off ······ reads: the proof is too old
 *     another                             del, publish                                  │ goes below, and syncs
 *     this process                                                 hears of the del ── proof ── reads the tier
 *
 * A frozen process wakes with messages in its socket that it has not looked at, and with no sign of the freeze but the
 * wall clock. So the tier is trusted only for a second after a round trip on the channel, by the wall clock: behind the
 * answer to it there is no older message. Where messages were lost, everything in the tier goes before it is trusted.
 * Nothing runs between reads: it is the reads that ask for the next proof, and none of them waits for it.
 */
export class InvalidationBus {
  readonly #channel: InvalidationChannel;
  readonly #tier: Tier;
  readonly #clock: Clock;
  readonly #self = crypto.randomUUID();
  #provenAt = Number.NEGATIVE_INFINITY;
  #askedAt = Number.NEGATIVE_INFINITY;
  #session: number | undefined;
  /** What was heard and is still being dropped. */
  #dropping: Promise<unknown> = Promise.resolve();

  constructor(channel: InvalidationChannel, tier: Tier, clock: Clock) {
    this.#channel = channel;
    this.#tier = tier;
    this.#clock = clock;
    channel.listen((text) => this.#hear(text));
  }

  /** Whether the tier has dropped everything that was invalidated more than a moment ago. */
  trusts(now = this.#clock.now()): boolean {
    if (!isWithin(now - this.#askedAt, RENEW_MS)) this.prove().catch(() => {});
    return isWithin(now - this.#provenAt, TRUST_MS);
  }

  /** Rejects when the channel does not answer. */
  async prove(): Promise<void> {
    const now = this.#clock.now();
    this.#askedAt = now;
    const session = await this.#channel.sync();
    await this.#dropping;
    if (session !== this.#session) await this.#tier.clear();
    this.#session = session;
    // A later one may have come first. What is later than now is of a clock that was set back.
    if (this.#provenAt < now || this.#provenAt > this.#clock.now()) this.#provenAt = now;
  }

  /** @throws What the channel throws: others may then go on serving what was to be dropped. */
  async tell(what: Omit<Message, 'from'>): Promise<void> {
    await this.#channel.publish(JSON.stringify({ from: this.#self, ...what } satisfies Message));
  }

  async close(): Promise<void> {
    await this.#channel.close();
  }

  #hear(text: string): void {
    const { from, keys, pattern } = parsed(text);
    if (from === this.#self) return;
    const dropped = this.#drop(keys, pattern).catch(() => {
      // Nobody knows what it holds now: the next proof empties it.
      this.#session = undefined;
      this.#provenAt = Number.NEGATIVE_INFINITY;
    });
    this.#dropping = Promise.all([this.#dropping, dropped]);
  }

  /** What a later version of this package may say that this one does not know is taken for everything. */
  async #drop(keys: Message['keys'], pattern: Message['pattern']): Promise<void> {
    if (Array.isArray(keys)) await Promise.all(keys.map((key) => this.#tier.del(String(key))));
    else if (typeof pattern === 'string') await this.#tier.delByPattern(pattern);
    else await this.#tier.clear();
  }
}

/** By the wall clock, which may also have been set back. */
const isWithin = (ageMs: number, ms: number): boolean => ageMs >= 0 && ageMs < ms;

function parsed(text: string): Partial<Message> {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}
