import { CacheError } from '../../model/errors.js';
import type { RedisClient } from './client.js';

/** A connection that only listens, as ioredis and iovalkey have it; not open yet. */
export interface Subscriber {
  readonly stream?: { unref(): void };
  connect(): Promise<void>;
  subscribe(...channels: string[]): Promise<unknown>;
  disconnect(): void;
  on(event: 'message', listener: (channel: string, message: string) => void): unknown;
  on(event: 'error' | 'end', listener: (error?: unknown) => void): unknown;
}

/** A connection that was lost stays lost, since messages were: who listens must hear of it, and opens another one. */
export const SUBSCRIBER_OPTIONS = {
  lazyConnect: true,
  retryStrategy: null,
  sentinelRetryStrategy: null,
  autoResubscribe: false,
};

interface Duplicable {
  duplicate(options: typeof SUBSCRIBER_OPTIONS): Subscriber;
}

/** One like the user's own client; on a Cluster to any of its nodes, all of which are given every message. */
export function subscriberLike(client: RedisClient): Subscriber {
  const { nodes } = client as { nodes?(role: 'all'): unknown[] };
  const found = nodes ? nodes.call(client, 'all') : [client];
  const node = found[Math.floor(Math.random() * found.length)] as Partial<Duplicable> | undefined;
  if (!node) throw new CacheError('STORE_FAILED', 'The Cluster has no node that can be reached.');
  if (typeof node.duplicate === 'function') return node.duplicate(SUBSCRIBER_OPTIONS);
  const message = 'client has no duplicate(): give a Redis or a Cluster of ioredis or iovalkey.';
  throw new CacheError('INVALID_OPTION', message, { subject: 'client' });
}
