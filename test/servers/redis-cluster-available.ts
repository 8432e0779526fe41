import type { RedisCluster } from './redis-cluster.js';
import { describeOn, type ServerState } from './server-state.js';

type Addresses = RedisCluster['addresses'];

declare module 'vitest' {
  interface ProvidedContext {
    redisCluster: ServerState<Addresses>;
  }
}

/** A suite on the cluster of three masters that all test files share: keep to a prefix of your own. */
export function describeWithRedisCluster(title: string, suite: (nodes: Addresses) => void): void {
  describeOn('redisCluster', title, [], suite);
}
