import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryCacheStore } from '../../../src/stores/memory/memory-cache-store.js';
import { InvalidationBus } from '../../../src/stores/tiered/invalidation-bus.js';
import type { InvalidationChannel } from '../../../src/stores/tiered/invalidation-channel.js';
import { createVirtualClock, type VirtualClock } from '../../../src/testing/index.js';

let clock: VirtualClock;
beforeEach(() => {
  clock = createVirtualClock();
});

/** A channel whose other end is the test. */
class Channel implements InvalidationChannel {
  syncs = 0;
  readonly published: string[] = [];
  session = 1;
  deliver: (message: string) => void = () => {};
  onSync = (): void => {};

  listen(listener: (message: string) => void): void {
    this.deliver = listener;
  }

  async sync(): Promise<number> {
    this.syncs++;
    this.onSync();
    return this.session;
  }

  async publish(message: string): Promise<void> {
    this.published.push(message);
  }
  async close(): Promise<void> {}
}

function open() {
  const channel = new Channel();
  const tier = new MemoryCacheStore({ clock });
  return { channel, tier, bus: new InvalidationBus(channel, tier, clock, () => {}) };
}

describe('the trust in a tier', () => {
  it('ends a second after the last proof', async () => {
    const { bus } = open();
    await bus.prove();
    clock.advance(999);
    expect(bus.trusts()).toBe(true);
    clock.advance(1);
    expect(bus.trusts(clock.now())).toBe(false);
  });

  it('is asked for anew by reads, and no sooner than after 400 ms', async () => {
    const { bus, channel } = open();
    await bus.prove();
    clock.advance(399);
    bus.trusts();
    expect(channel.syncs).toBe(1);
    clock.advance(1);
    bus.trusts();
    bus.trusts();
    expect(channel.syncs).toBe(2);
  });

  it('does not survive a clock that was set back, since nobody knows how old its proof is', async () => {
    const { bus, channel } = open();
    await bus.prove();
    clock.advance(-100);
    expect(bus.trusts()).toBe(false);
    // That read has asked for another proof, though less than 400 ms have passed by the clock.
    expect(channel.syncs).toBe(2);
    await bus.prove();
    expect(bus.trusts()).toBe(true);
  });

  it('counts from the latest proof, also where an earlier one comes in behind it', async () => {
    const { bus, channel } = open();
    const proofs: ((session: number) => void)[] = [];
    channel.sync = () => new Promise((resolve) => proofs.push(resolve));
    const earlier = bus.prove();
    clock.advance(900);
    const later = bus.prove();
    proofs[1]?.(1);
    await later;
    proofs[0]?.(1);
    await earlier;
    clock.advance(500);
    expect(bus.trusts()).toBe(true);
  });

  it('begins again after a clock that was set back by an hour', async () => {
    const { bus } = open();
    await bus.prove();
    clock.advance(-3_600_000);
    await bus.prove();
    expect(bus.trusts()).toBe(true);
  });

  it('is not lost by what this process itself has published', async () => {
    const { bus, channel, tier } = open();
    await bus.prove();
    await bus.publish({ keys: ['k'] });
    await tier.set('k', 'new', 60);
    for (const message of channel.published) channel.deliver(message);
    await bus.prove();
    expect(tier.getIfPresent('k')).toBe('new');
  });

  it('keeps what a pattern does not match', async () => {
    const { bus, channel, tier } = open();
    await bus.prove();
    for (const key of ['a:1', 'b:1']) await tier.set(key, 1, 60);
    channel.deliver(JSON.stringify({ from: 'another', pattern: 'a:*' }));
    await bus.prove();
    expect(await tier.getMany(['a:1', 'b:1'])).toEqual([undefined, 1]);
  });

  it('waits until all that was heard before the proof is dropped', async () => {
    const { bus, channel, tier } = open();
    await bus.prove();
    await tier.set('k', 'old', 60);
    let drop = (): void => {};
    const gate = new Promise<void>((resolve) => {
      drop = resolve;
    });
    const { del } = tier;
    tier.del = async (key) => {
      await gate;
      await del.call(tier, key);
    };
    // The message comes in while the proof is under way, so before its answer.
    channel.onSync = () => channel.deliver(JSON.stringify({ from: 'another', keys: ['k'] }));
    clock.advance(1_000);
    let isProven = false;
    const proving = bus.prove().then(() => {
      isProven = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect([isProven, bus.trusts()]).toEqual([false, false]);
    drop();
    await proving;
    expect([bus.trusts(), tier.getIfPresent('k')]).toEqual([true, undefined]);
  });

  it('begins with an empty tier after messages may have been lost', async () => {
    const { bus, channel, tier } = open();
    await bus.prove();
    await tier.set('k', 'old', 60);
    channel.session = 2;
    await bus.prove();
    expect(tier.getIfPresent('k')).toBeUndefined();
  });

  it('ends when what was heard cannot be dropped, and begins with an empty tier', async () => {
    const { bus, channel, tier } = open();
    await bus.prove();
    await tier.set('k', 'old', 60);
    const { del } = tier;
    tier.del = () => Promise.reject(new Error('out of order'));
    channel.deliver(JSON.stringify({ from: 'another', keys: ['other'] }));
    await new Promise((resolve) => setImmediate(resolve));
    tier.del = del;
    expect(bus.trusts()).toBe(false);
    await bus.prove();
    expect([bus.trusts(), tier.getIfPresent('k')]).toEqual([true, undefined]);
  });

  it.each(['no JSON', 'null', '{"from":"a","what":"a later version says"}', '{"all":true}'])(
    'takes what it does not understand for everything: %s',
    async (message) => {
      const { bus, channel, tier } = open();
      await bus.prove();
      await tier.set('k', 'old', 60);
      channel.deliver(message);
      await bus.prove();
      expect(tier.getIfPresent('k')).toBeUndefined();
    },
  );
});
