/** An open connection that only listens. */
export interface Subscriber {
  readonly stream?: { unref(): void };
  subscribe(...channels: string[]): Promise<unknown>;
  disconnect(): void;
  on(event: 'message', listener: (channel: string, message: string) => void): unknown;
  on(event: 'end', listener: () => void): unknown;
}

/** No reconnecting, because messages were lost meanwhile: the listener must notice, and opens another connection. */
export const SUBSCRIBER_OPTIONS = {
  lazyConnect: true,
  retryStrategy: null,
  sentinelRetryStrategy: null,
  autoResubscribe: false,
};
