import type { CacheError, CacheService } from '@glasswork/cache';
import { beforeEach, vi } from 'vitest';

/** The lines that each test warns of on the console, which stays quiet. */
export function consoleLines(): readonly string[] {
  const lines: string[] = [];
  beforeEach(() => {
    lines.length = 0;
    vi.spyOn(console, 'warn').mockImplementation((...args: unknown[]) => {
      lines.push(args.join(' '));
    });
  });
  return lines;
}

/** The errors with which a service rejects whose store is down. */
export async function rejectionsOf(cache: CacheService) {
  return {
    check: await rejection(cache.check()),
    del: await rejection(cache.del('user:1')),
  };
}

const rejection = (call: Promise<unknown>): Promise<CacheError | undefined> =>
  call.then(
    () => undefined,
    (error: CacheError) => error,
  );
