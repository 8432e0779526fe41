import { setTimeout as delay } from 'node:timers/promises';

const PAUSE_MS = 20;

/**
 * Waits for what another process does, and nothing in this one can announce. It gives up after so many looks as fit into
 * the time on a quiet machine: on a busy one, where each look takes longer, everything else does so too.
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs = 15_000,
): Promise<void> {
  for (let looks = Math.ceil(timeoutMs / PAUSE_MS); !(await condition()); looks--) {
    if (looks <= 0) throw new Error(`Waited ${timeoutMs} ms for ${what}`);
    await delay(PAUSE_MS);
  }
}
