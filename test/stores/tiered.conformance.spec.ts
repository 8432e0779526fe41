import { describe } from 'vitest';
import { MemoryCacheStore } from '../../src/stores/memory.js';
import { TieredCacheStore } from '../../src/stores/tiered/index.js';
import { createVirtualClock } from '../../src/testing/index.js';
import { describeConformance } from './conformance.js';

describe('tiers in memory', () => {
  describeConformance('two', () => {
    const clock = createVirtualClock();
    const last = new MemoryCacheStore({ clock });
    const open = () => new TieredCacheStore([new MemoryCacheStore({ clock }), last], { clock });
    return {
      store: open(),
      another: open(),
      advance: clock.advance,
      exactTime: true,
      lagMs: 5_000,
      withSerializer: (serializer) =>
        new TieredCacheStore(
          [
            new MemoryCacheStore({ clock, serializer }),
            new MemoryCacheStore({ clock, serializer }),
          ],
          { clock },
        ),
    };
  });
});
