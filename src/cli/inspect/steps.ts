import { newSecret } from './guard.js';

/** The most searches that are kept, for pages in several tabs. The oldest ends. */
const MOST_SEARCHES = 8;
/** A step ends after this time, milliseconds, so that a page shows what was found so far. */
const STEP_MS = 1_000;

/** Reads a whole store step by step, as far as a page asks for. */
export interface Search<Found> {
  /** Reads one page of the store. Resolves to false at the end. */
  advance(): Promise<boolean>;
  /** True if there is enough to show. */
  isFull(): boolean;
  /** Takes what is shown next. */
  take(): Found;
  end(): Promise<unknown>;
}

export interface Step<Found> {
  /** Names the search, for the next step. */
  readonly search: string;
  readonly done: boolean;
  readonly found: Found;
}

export class Searches {
  readonly #running = new Map<string, Search<unknown>>();

  /** Begins a search, or goes on with the one of this name. Undefined for one that has ended. */
  async step<Found>(
    name: string | undefined,
    begin: () => Search<Found>,
  ): Promise<Step<Found> | undefined> {
    const search = name ?? newSecret();
    // A name is given out once, and only for a search of this kind.
    const running = name === undefined ? begin() : (this.#running.get(name) as Search<Found>);
    if (!running) return undefined;
    this.#keep(search, running);
    const end = performance.now() + STEP_MS;
    let isMore = true;
    try {
      while (isMore && !running.isFull() && performance.now() < end)
        isMore = await running.advance();
    } catch (error) {
      this.#running.delete(search);
      await running.end();
      throw error;
    }
    if (!isMore) this.#running.delete(search);
    return { search, done: !isMore, found: running.take() };
  }

  #keep(name: string, search: Search<unknown>): void {
    this.#running.delete(name);
    this.#running.set(name, search);
    const [oldest] = this.#running;
    if (this.#running.size <= MOST_SEARCHES || !oldest) return;
    this.#running.delete(oldest[0]);
    oldest[1].end().catch(() => {});
  }
}
