import { describe, expect, it } from 'vitest';
import { BackgroundTasks } from '../../../src/engine/loading/background-tasks.js';
import type { LoadRequest } from '../../../src/engine/loading/load-request.js';
import type { CacheEvent } from '../../../src/model/events.js';

describe('background work', () => {
  it('that rejects is an event, and its promise for waitUntil resolves', async () => {
    const events: CacheEvent[] = [];
    const kept: Promise<unknown>[] = [];
    const tasks = new BackgroundTasks((event) => events.push(event));
    const waitUntil = (promise: Promise<unknown>) => void kept.push(promise);
    // Only this part of a request matters to background work.
    const request = { policy: { waitUntil }, callers: [] } as unknown as LoadRequest;
    const error = new Error('a fault of ours');
    expect(tasks.run(request, () => Promise.reject(error))).toBe(true);
    await tasks.settled();
    expect(await Promise.all(kept)).toEqual([undefined]);
    expect(events).toEqual([{ type: 'background-error', error }]);
    expect(tasks.size).toBe(0);
  });
});
