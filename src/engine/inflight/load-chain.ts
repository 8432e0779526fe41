import type * as asyncHooks from 'node:async_hooks';

/**
 * A load as one that waits and is waited for. It knows nothing of the value, because the context of a timer or a
 * connection that the load has opened may keep it for ever.
 */
export class ChainedLoad {
  readonly key: string;
  #hasEnded = false;
  /** Made by the first wait: most loads wait for no other. */
  #waitsFor: Set<{ readonly load: ChainedLoad }> | undefined;

  constructor(key: string) {
    this.key = key;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Nothing waits for it any more, whatever its function still does. */
  end(): void {
    this.#hasEnded = true;
    this.#waitsFor = undefined;
  }

  /** From now on it waits for the other load. Returns what ends that. */
  waitFor(load: ChainedLoad): () => void {
    const wait = { load };
    this.#waitsFor ??= new Set();
    this.#waitsFor.add(wait);
    return () => {
      this.#waitsFor?.delete(wait);
    };
  }

  /** The loads from this one to one of the others, each waiting for the next; undefined where none is reached. */
  pathTo(others: readonly ChainedLoad[]): readonly ChainedLoad[] | undefined {
    const reached = new Set<ChainedLoad>([this]);
    const paths: (readonly ChainedLoad[])[] = [[this]];
    // It grows while it is walked: the shortest paths come first.
    for (const path of paths) {
      const last = path.at(-1) as ChainedLoad;
      if (others.includes(last)) return path;
      for (const { load } of last.#waitsFor ?? []) {
        if (reached.has(load)) continue;
        reached.add(load);
        paths.push([...path, load]);
      }
    }
    return undefined;
  }
}

type Loads = readonly ChainedLoad[];

const NONE: Loads = [];

/** The first version of Node in which AsyncLocalStorage costs calls outside of it nothing. */
const FIRST_FREE_VERSION = 24;

/** Null where there is none; undefined until the first load. */
let storage: asyncHooks.AsyncLocalStorage<Loads> | null | undefined;
let synchronous: Loads = NONE;

/** The running loads that this code belongs to: none, one, or all that a batch serves. */
export function currentLoads(): Loads {
  const loads = storage?.getStore() ?? synchronous;
  return loads.length === 0 ? NONE : loads.filter((load) => !load.hasEnded);
}

/**
 * Runs the user's function as these loads, and as no others: background work starts a chain of its own. Before Node 24
 * only the synchronous part of the function belongs to them.
 */
export function runAsLoads<T>(loads: Loads, work: () => T): T {
  if (storage === undefined) storage = newStorage();
  if (storage) return storage.run(loads, work);
  const before = synchronous;
  synchronous = loads;
  try {
    return work();
  } finally {
    synchronous = before;
  }
}

function newStorage(): asyncHooks.AsyncLocalStorage<Loads> | null {
  if (Number.parseInt(process.versions.node, 10) < FIRST_FREE_VERSION) return null;
  const { AsyncLocalStorage } = process.getBuiltinModule('node:async_hooks');
  return new AsyncLocalStorage<Loads>();
}
