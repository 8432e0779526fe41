import type { CacheVersion } from '../../model/cache-store.js';
import { Entry } from '../../model/entry.js';
import { copyOfTree } from '../../util/clone.js';

/** The most keys to remember, and the most bytes of records that were parsed; of one of them, a quarter of that. */
const MOST_KEYS = 10_000;
const MOST_BYTES = 1024 * 1024;

interface Known {
  readonly version: CacheVersion | undefined;
  /** What `JSON.parse` gave, in its entry if it is one of the service's, once the same record was read twice. */
  tree: unknown;
  bytes: number;
}

/**
 * Keys that are likely to hold a value, because this process has just read or written one there, and what was in them.
 * Both are guesses that save processor time, and Redis is asked all the same:
 *
 * - A plain GET of such a key costs both ends less than the script that also leaves a token: a fifth to a third of a
 *   hit. Where it finds nothing after all, the script follows.
 * - A version is given once, so a record with the version that was read before holds the same value. A copy of it
 *   takes a fraction of the time of a parse.
 */
export class ValueMemo {
  /** In the order in which they were added: the oldest goes first. */
  readonly #keys = new Map<string, Known>();
  #bytes = 0;

  has(key: string): boolean {
    return this.#keys.has(key);
  }

  /** It holds a value by now, of the version if that is known. */
  add(key: string, version?: CacheVersion): void {
    this.delete(key);
    this.#keys.set(key, { version, tree: undefined, bytes: 0 });
    this.#shrink();
  }

  delete(key: string): void {
    this.#bytes -= this.#keys.get(key)?.bytes ?? 0;
    this.#keys.delete(key);
  }

  /** The value of a record of so many bytes, for one caller alone. */
  read<T>(key: string, version: CacheVersion, bytes: number, parse: () => T): T {
    const known = this.#keys.get(key);
    if (known?.version !== version) {
      const value = parse();
      this.add(key, version);
      return value;
    }
    if (known.tree === undefined) {
      const value = parse();
      if (bytes > MOST_BYTES / 4) return value;
      known.tree = value;
      known.bytes = bytes;
      this.#bytes += bytes;
      this.#shrink();
    }
    return copyOfStored(known.tree) as T;
  }

  #shrink(): void {
    for (const key of this.#keys.keys()) {
      if (this.#keys.size <= MOST_KEYS && this.#bytes <= MOST_BYTES) return;
      this.delete(key);
    }
  }
}

/** All but the value of an entry is immutable. */
const copyOfStored = (stored: unknown): unknown =>
  stored instanceof Entry ? new Entry(stored, copyOfTree(stored.value)) : copyOfTree(stored);
