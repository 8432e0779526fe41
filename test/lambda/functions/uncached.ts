import type { CachedAnswer, CachedEvent } from './cache.js';

/** What `promise.ts` answers, without a cache. */
export async function handler({ key }: CachedEvent): Promise<CachedAnswer> {
  return { value: key, mode: 'detached', pid: process.pid, events: ['hit'] };
}
