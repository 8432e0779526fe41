import type { CacheEvent } from '@glasswork/cache';
import { CacheError } from '@glasswork/cache';

export const failure = new CacheError('TIMEOUT', 'No answer to get within 5 ms: of user:secret');

/** One event of each kind, and of each reason where a metric tells them apart. */
export const EVENTS: readonly CacheEvent[] = [
  { type: 'hit', key: 'user:secret', state: 'fresh', ageMs: 1 },
  { type: 'hit', key: 'user:secret', state: 'stale', ageMs: 1 },
  ...(['absent', 'expired', 'invalidated', 'unreadable', 'corrupt', 'forced'] as const).map(
    (reason) => ({ type: 'miss', key: 'user:secret', reason }) as const,
  ),
  { type: 'join', key: 'user:secret' },
  { type: 'slow-join', key: 'user:secret', waitingKey: 'user:secret', waitedMs: 10_000 },
  { type: 'load', key: 'user:secret', durationMs: 12.3456 },
  { type: 'load-error', key: 'user:secret', durationMs: 5, error: failure },
  { type: 'refresh', key: 'user:secret', reason: 'stale' },
  { type: 'refresh', key: 'user:secret', reason: 'early' },
  { type: 'stale-served', key: 'user:secret', reason: 'error', error: failure },
  { type: 'fill', key: 'user:secret', ttlMs: 60_000 },
  ...(['changed', 'invalidated', 'late', 'unread'] as const).map(
    (reason) => ({ type: 'refused', key: 'user:secret', reason }) as const,
  ),
  { type: 'invalidate', key: 'user:secret' },
  { type: 'corrupt', key: 'user:secret', error: failure },
  { type: 'store-error', operation: 'read lease', key: 'user:secret', error: failure },
  {
    type: 'store',
    store: 'dynamodb',
    operation: 'read lease',
    key: 'user:secret',
    durationMs: 5,
    failure: 'TIMEOUT',
    bytesRead: 0,
    bytesWritten: 0,
  },
  {
    type: 'store',
    store: 'dynamodb',
    operation: 'get',
    key: 'user:secret',
    durationMs: 1.5,
    failure: undefined,
    bytesRead: 100,
    bytesWritten: 20,
  },
  { type: 'skip', operation: 'get', key: 'user:secret' },
  { type: 'breaker', state: 'open' },
  { type: 'breaker', state: 'closed' },
  { type: 'lease', key: 'user:secret', state: 'taken' },
  { type: 'lease', key: 'user:secret', state: 'held' },
  { type: 'lease', key: 'user:secret', state: 'timeout' },
  { type: 'response', key: 'user:secret', route: '/users/secret', status: 200, outcome: 'hit' },
  { type: 'background-error', error: failure },
  { type: 'background-unfinished', pending: 2, waitedMs: 100 },
  { type: 'edge-tags', key: 'user:secret', reason: 'collision', tags: ['a', 'A'] },
  { type: 'edge-invalidate', tags: 2, paths: 1, attempts: 1, durationMs: 100 },
];
