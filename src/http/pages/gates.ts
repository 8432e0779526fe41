import type { CacheVersion } from '../../model/cache-store.js';
import type { DependencyName } from '../../model/dependency.js';
import type { Page } from './stored.js';

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
  /** The last loaded response, with the versions of its tags. Undefined if one of them is not known. */
  last: { readonly page: Page; readonly carried: Versions } | undefined;
  release(): void;
}

/**
 * The versions that a joined response carries. Undefined unless the last load brought it: after an invalidation two loads
 * may run at a time, and the later one has other versions.
 */
export function carriedWith({ last }: Gate, page: Page): Versions | undefined {
  const isOfLast =
    last?.page.receivedMs === page.receivedMs &&
    last.page.text === page.text &&
    last.page.base64 === page.base64;
  return isOfLast ? last.carried : undefined;
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
        ...{ key, released, isReleased: false, last: undefined, users: 0 },
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
