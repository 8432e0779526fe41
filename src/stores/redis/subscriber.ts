/** An open connection that only listens. */
export interface Subscriber {
  readonly stream?: { unref(): void };
  subscribe(...channels: string[]): Promise<unknown>;
  disconnect(): void;
  on(event: 'message', listener: (channel: string, message: string) => void): unknown;
  on(event: 'end', listener: () => void): unknown;
}

/** A lost connection stays lost, because messages were: the listener must hear of it, and opens another one. */
export const SUBSCRIBER_OPTIONS = {
  lazyConnect: true,
  retryStrategy: null,
  sentinelRetryStrategy: null,
  autoResubscribe: false,
};
