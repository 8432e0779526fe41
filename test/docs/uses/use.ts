import type { expect } from 'vitest';
import type { World } from '../world.js';

/** A block that has run. */
export interface Ran {
  readonly world: World;
  /** The lines that it has written to the console so far, to standard output and to standard error. */
  readonly printed: readonly string[];
  /** One of its exports. Each has to be used, or is a cache or a store, which are tried as they are. */
  use<T>(name: string): T;
  /** Calls a function that it exports. */
  call(name: string, ...args: unknown[]): Promise<unknown>;
  readonly expect: typeof expect;
}

export type Use = (block: Ran) => Promise<void>;

/** How blocks are used, by their ids. */
export type Uses = Readonly<Record<string, Use>>;

/** Only makes the store: what it would connect to is not here. */
export const onlyMake =
  (name: string): Use =>
  async ({ use }) =>
    use<{ close(): Promise<void> }>(name).close();

/** A Lambda function that answers twice, the second time from the cache. */
export const answersTwice =
  (event: unknown, answer: unknown, name = 'handler'): Use =>
  async ({ call, expect }) => {
    expect(await call(name, event, CONTEXT)).toEqual(answer);
    expect(await call(name, event, CONTEXT)).toEqual(answer);
  };

/** Lambda's context, as far as the pages use it. */
const CONTEXT = { getRemainingTimeInMillis: () => 3_000 };
