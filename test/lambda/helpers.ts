import type { CacheEvent } from '@glasswork/cache';
import { afterAll, afterEach, beforeEach, vi } from 'vitest';
import { type ExtensionsServer, startExtensionsServer } from './extensions-server.js';

/** An Extensions API for each test, which the environment leads to, and what is told of. */
export function onLambda() {
  const servers: ExtensionsServer[] = [];
  const state = {
    warnings: [] as string[],
    events: [] as CacheEvent[],
    get server(): ExtensionsServer {
      const server = servers.at(-1);
      if (!server) throw new Error('Only a test has a server');
      return server;
    },
  };
  beforeEach(async () => {
    servers.push(await startExtensionsServer());
    state.warnings = [];
    state.events = [];
    vi.stubEnv('AWS_LAMBDA_RUNTIME_API', state.server.api);
    vi.spyOn(console, 'warn').mockImplementation((text: string) => state.warnings.push(text));
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllEnvs();
  });
  // Not sooner: an extension whose server is gone falls back, and would warn into the next test.
  afterAll(async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    await Promise.all(servers.map((server) => server.stop()));
  });
  return state;
}

/** Timers and clocks that stand still; the network and `setImmediate` go on. */
export function stopTime(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'hrtime'] });
}

/** A promise, and what settles it. */
export function deferred<T = void>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}

/** Lambda's context, as far as it is read. */
export const context = (awsRequestId: string, leftMs = 30_000) => ({
  awsRequestId,
  getRemainingTimeInMillis: () => leftMs,
});

/** Some turns of the event loop: enough for a message over loopback. */
export async function turns(): Promise<void> {
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Moves the time that stands still, with turns before and after it. */
export async function pass(ms: number): Promise<void> {
  await turns();
  await vi.advanceTimersByTimeAsync(ms);
  await turns();
}
