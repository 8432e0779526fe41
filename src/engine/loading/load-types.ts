import type { LoadContext } from './load-context.js';

export type Load<T> = (context: LoadContext<unknown>) => T | Promise<T>;
export type KeyLoad<T> = (context: LoadContext<NoInfer<T>>) => NoInfer<T> | Promise<NoInfer<T>>;
/** Resolves to values in the order of `missing`; undefined is not cached. */
export type LoadMany<K, T> = (
  missing: readonly K[],
  context: LoadContext<unknown>,
) => Promise<readonly (T | undefined)[]>;
