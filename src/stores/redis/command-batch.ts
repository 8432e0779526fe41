import { afterTick } from '../../resilience/after-tick.js';
import type { RedisClient } from './client.js';

/** A Node stream. While corked, it collects writes and then sends them together. */
interface Stream {
  cork(): void;
  uncork(): void;
}

interface Connected {
  readonly stream?: Stream | undefined;
}

/**
 * Sends commands issued in the same tick in one packet, because a client would make a system call for each. A Cluster
 * has one stream per node.
 */
export class CommandBatch {
  #gathering = false;

  /** Holds commands back until the end of this tick, its promise jobs included, and sends them together. */
  gather(client: RedisClient): void {
    if (this.#gathering) return;
    this.#gathering = true;
    const { nodes }: { nodes?(role: 'all'): Connected[] } = Object(client);
    // A client of ioredis shows its stream, which the store's interface leaves out.
    const connected: Connected[] = nodes ? nodes.call(client, 'all') : [client as Connected];
    const streams = connected.flatMap(({ stream }) => stream ?? []);
    for (const stream of streams) stream.cork();
    afterTick(() => this.#send(streams));
  }

  #send(streams: readonly Stream[]): void {
    this.#gathering = false;
    for (const stream of streams) stream.uncork();
  }
}
