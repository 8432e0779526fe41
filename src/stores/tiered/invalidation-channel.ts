/**
 * How processes tell each other what the tiers above a shared store must drop. Messages may be lost while a process is
 * disconnected, or arrive late at one that was frozen: `sync` finds that out.
 */
export interface InvalidationChannel {
  /** Sends to all listeners. Resolves when the message is on its way, and rejects when that is not certain. */
  publish(message: string): Promise<void>;
  /** Passes the messages of others to the listener, from the next `sync` on. */
  listen(listener: (message: string) => void): void;
  /**
   * Resolves when the listener has been given everything that was published before the call, except for lost messages.
   * It resolves to the number of a session: while the number stays the same, no message was lost.
   */
  sync(): Promise<number>;
  close(): Promise<void>;
}
