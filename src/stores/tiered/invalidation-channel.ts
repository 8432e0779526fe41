/**
 * How processes tell each other what tiers above a store they share must drop. Messages may be lost while a process is
 * cut off, or come late to one that was frozen: `sync` is how that is found out.
 */
export interface InvalidationChannel {
  /** Tells everybody who listens; resolves when the message is on its way, and rejects when that is not certain. */
  publish(message: string): Promise<void>;
  /** Gives what others publish to the listener, from the next `sync` on. */
  listen(listener: (message: string) => void): void;
  /**
   * Resolves when everything that was published before the call has been given to the listener, but for what was lost.
   * Two calls that resolve to the same number say that nothing was lost between them.
   */
  sync(): Promise<number>;
  close(): Promise<void>;
}
