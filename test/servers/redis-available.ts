import { describeOn, type ServerState } from './server-state.js';

declare module 'vitest' {
  interface ProvidedContext {
    redis: ServerState;
  }
}

/**
 * A suite on the Redis that all test files share: keep to a prefix of your own, and change nothing that others meet.
 * Suites that do start a server of their own here: `RedisProcess.start`.
 */
export function describeWithRedis(title: string, suite: (url: string) => void): void {
  describeOn('redis', title, 'redis://not-running.invalid', suite);
}
