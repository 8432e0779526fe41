import { CacheError } from '@glasswork/cache';

/** The `CacheError` that a call throws; any other outcome fails the test. */
export function errorOf(run: () => unknown): CacheError {
  try {
    run();
  } catch (error) {
    if (error instanceof CacheError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
