import type { CacheVersion } from '../../model/cache-store.js';
import type { DependencyName } from '../../model/dependency.js';

/** The versions from before a load, by tag; null is the prefix. */
export type Versions = ReadonlyMap<DependencyName, CacheVersion>;

/** The versions as they are before a load asks the origin. */
export interface Starts {
  readonly versions: Versions;
  /** That of all tags. */
  readonly generation: CacheVersion | undefined;
}

/** The requests of this process that wait for one variant, and how they learn not to wait any longer. */
export interface Gate {
  readonly key: string;
  /** Resolves once the body of the response has to be streamed, so that nobody can share it yet. */
  readonly released: Promise<'released'>;
  isReleased: boolean;
  /** The versions of the tags that the loaded response brought. Undefined if one of them is not known. */
  carried: Versions | undefined;
  release(): void;
}

/** The gates by variant. Each exists as long as a request uses it. */
export class Gates {
  readonly #gates = new Map<string, Gate & { users: number }>();

  get(variant: string): Gate | undefined {
    return this.#gates.get(variant);
  }

  /** Opens the gate of a variant, or joins it. */
  enter(variant: string, key: string): Gate {
    let gate = this.#gates.get(variant);
    if (!gate) {
      let resolve: (released: 'released') => void = () => {};
      const released = new Promise<'released'>((settle) => {
        resolve = settle;
      });
      const made: Gate & { users: number } = {
        ...{ key, released, isReleased: false, carried: undefined, users: 0 },
        release: () => {},
      };
      made.release = () => {
        made.isReleased = true;
        resolve('released');
      };
      gate = made;
      this.#gates.set(variant, gate);
    }
    gate.users++;
    return gate;
  }

  leave(variant: string, gate: Gate): void {
    const open = this.#gates.get(variant);
    if (open === gate && --open.users <= 0) this.#gates.delete(variant);
  }

  /** True if a request of this process is under way for a URL. */
  isBusy(key: string): boolean {
    for (const gate of this.#gates.values()) if (gate.key === key) return true;
    return false;
  }
}
