import { afterTick } from '../../resilience/after-tick.js';
import type { RedisClient } from './client.js';

/** One of Node's: it sends together what is written while it is corked. */
interface Stream {
  cork(): void;
  uncork(): void;
}

interface Connected {
  readonly stream?: Stream | undefined;
}

/**
 * Sends commands issued in the same tick in one packet: a client writes each by itself, which costs a system call each.
 * A Cluster has a stream for each of its nodes.
 */
export class CommandBatch {
  #gathering = false;

  /** Commands until the end of this tick, its promise jobs included, leave together. */
  gather(client: RedisClient): void {
    if (this.#gathering) return;
    this.#gathering = true;
    const { nodes } = client as { nodes?(role: 'all'): Connected[] };
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
