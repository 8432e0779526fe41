/**
 * Carries messages between processes about the copies to drop from the tiers above a shared store. Messages may be lost
 * while a process is disconnected, or arrive late after a freeze. `sync` detects both.
 */
export interface InvalidationChannel {
  /** Sends to all listeners. Resolves once the message has been sent, and rejects if that is not certain. */
  publish(message: string): Promise<void>;
  /** Passes messages to the listener, from the next `sync` on. */
  listen(listener: (message: string) => void): void;
  /**
   * Resolves once the listener has received all messages published before the call, except for lost ones. Resolves to a
   * session number: as long as it stays the same, no message was lost.
   */
  sync(): Promise<number>;
  close(): Promise<void>;
}
