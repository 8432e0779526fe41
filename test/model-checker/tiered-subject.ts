import { type CacheStore, MemoryCacheStore, TieredCacheStore } from '@glasswork/cache';
import { Bus } from './gated-channel.js';
import { type CreateSubject, LAG_MS, shared } from './subject.js';

/** Less than what the schedules let pass, and more. */
export const UPPER_TTL = '2s';
const UPPER_TTL_MS = 2_000;
/** How long a process may trust its tier after a proof that the channel is alive. */
const TRUST_MS = 1_000;

interface Tiers {
  /** The most records of each process's own first tier; none: it has no tier of its own. */
  readonly own?: number;
  /** A tier that the processes share, above the last one, which fails as that does. */
  readonly middle?: boolean;
  /** The processes tell each other, and their own copies live as long as the values. */
  readonly channel?: boolean | 'deaf';
  /** Breaks each process's own tier. */
  readonly wrap?: (own: CacheStore) => CacheStore;
}

/** Processes with tiers above one last store that they share. */
export const tiered =
  (
    last: Parameters<typeof shared>[0],
    { own, middle, channel, wrap = (store) => store }: Tiers,
  ): CreateSubject =>
  async (world) => {
    const [below, between] = await Promise.all([
      shared(last)(world),
      middle ? shared((clock) => new MemoryCacheStore({ clock }))(world) : undefined,
    ]);
    const bus = new Bus(world, channel === 'deaf');
    return {
      ...below,
      // A value read from a lagging copy of a tier may itself have been copied from a lagging tier.
      copyMs: channel ? TRUST_MS : UPPER_TTL_MS + (between ? LAG_MS : 0),
      process(index, clock): CacheStore {
        const tiers = [between?.process(index, clock), below.process(index, clock)];
        if (own) tiers.unshift(wrap(new MemoryCacheStore({ clock, maxEntries: own })));
        const store = new TieredCacheStore(
          tiers.filter((tier) => tier !== undefined),
          channel
            ? { clock, upperTTL: '1d', channel: bus.channel(index) }
            : { clock, upperTTL: UPPER_TTL },
        );
        if (channel) store.warm().catch(() => {});
        return store;
      },
    };
  };
