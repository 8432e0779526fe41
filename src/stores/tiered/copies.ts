import { isRecord } from '../../model/key-space.js';
import { allSettled } from '../../util/all-settled.js';
import type { InvalidationBus } from './invalidation-bus.js';
import type { Tier } from './tier.js';

/**
 * The copies in the first tier of this process and of others, which every change of the tier below drops.
 *
 * The change comes first: otherwise a read between the two would copy a value that is about to go. The copies are dropped
 * even if it fails, because a copy that is left would be served until it expires.
 */
export class Copies {
  readonly #store: Tier;
  readonly #bus: InvalidationBus | undefined;

  constructor(store: Tier, bus: InvalidationBus | undefined) {
    this.#store = store;
    this.#bus = bus;
  }

  /** Runs an invalidation below, or a `set`, whose copy the next read makes. */
  change(keys: readonly string[], write: () => Promise<void>): Promise<void> {
    const copied = keys.filter((key) => !isRecord(key));
    return downThenUp(write, () => this.drop(copied));
  }

  changeMatching<T>(pattern: string, write: () => Promise<T>): Promise<T> {
    return downThenUp(write, () =>
      allSettled([this.#store.delByPattern(pattern), this.#bus?.publish({ pattern })]),
    );
  }

  changeAll(write: () => Promise<void>): Promise<void> {
    return downThenUp(write, () =>
      allSettled([this.#store.clear(), this.#bus?.publish({ all: true })]),
    );
  }

  async drop(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    await allSettled([...keys.map((key) => this.#store.del(key)), this.#bus?.publish({ keys })]);
  }
}

async function downThenUp<T>(below: () => Promise<T>, above: () => Promise<unknown>): Promise<T> {
  try {
    return await below();
  } finally {
    await above();
  }
}
