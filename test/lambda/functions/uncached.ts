import type { CachedAnswer, CachedEvent } from './cache.js';

/** Answers like `promise.ts`, without a cache. */
export async function handler({ key }: CachedEvent): Promise<CachedAnswer> {
  return { value: key, mode: 'detached', pid: process.pid, events: ['hit'] };
}
