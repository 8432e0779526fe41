import type * as asyncHooks from 'node:async_hooks';

type Loads = readonly ChainedLoad[];

const NONE: Loads = [];

/**
 * A load's link in chains of loads that wait for each other. It holds no value, because the context of a timer or a
 * connection that the load has opened may keep the link for ever.
 */
export class ChainedLoad {
  readonly key: string;
  #hasEnded = false;
  /** Created by the first wait, because most loads wait for no other. */
  #waitsFor: Set<{ readonly load: ChainedLoad }> | undefined;
  /** The loads in whose function this one was called. */
  #callers: Loads;
  /** Background work that calls in this load's function have begun, and that has not ended. */
  #begun: Set<Promise<unknown>> | undefined;

  constructor(key: string, callers: Loads = NONE) {
    this.key = key;
    this.#callers = callers;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Ends all waits for this load, even if its function still runs. */
  end(): void {
    this.#hasEnded = true;
    this.#waitsFor = undefined;
    this.#callers = NONE;
  }

  /** Notes background work that a call in this load's function has begun. `work` never rejects. */
  begin(work: Promise<unknown>): void {
    this.#begun ??= new Set();
    this.#begun.add(work);
    void work.then(() => this.#begun?.delete(work));
    for (const caller of this.#callers) caller.begin(work);
  }

  /** Resolves once the noted work has ended. */
  async begun(): Promise<void> {
    await Promise.all(this.#begun ?? NONE);
  }

  /** Makes this load wait for the other one. Returns a function that ends the wait. */
  waitFor(load: ChainedLoad): () => void {
    const wait = { load };
    this.#waitsFor ??= new Set();
    this.#waitsFor.add(wait);
    return () => {
      this.#waitsFor?.delete(wait);
    };
  }

  /** The path from this load to one of the others, each waiting for the next. Undefined if there is none. */
  pathTo(others: readonly ChainedLoad[]): readonly ChainedLoad[] | undefined {
    const reached = new Set<ChainedLoad>([this]);
    const paths: (readonly ChainedLoad[])[] = [[this]];
    // The list grows during the loop, so the shortest paths come first.
    for (const path of paths) {
      // No path is empty.
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

/** The first version of Node in which AsyncLocalStorage adds no cost to calls outside of it. */
const FIRST_FREE_VERSION = 24;

/** Null if Node has none without cost; undefined until the first load. */
let storage: asyncHooks.AsyncLocalStorage<Loads> | null | undefined;
let synchronous: Loads = NONE;

/** The loads in whose function this code runs: none, one, or all loads of a batch. */
export function currentLoads(): Loads {
  const loads = storage?.getStore() ?? synchronous;
  return loads.length === 0 ? NONE : loads.filter((load) => !load.hasEnded);
}

/**
 * Runs the user's function as part of these loads only, so background work starts its own chain. Before Node 24 only
 * the synchronous part of the function belongs to them.
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
