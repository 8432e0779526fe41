import type { InvalidationChannel } from '@glasswork/cache';
import type { World } from './subject.js';

/** One connection to the bus: what is on its way to a process, in order. */
interface Session {
  readonly id: number;
  readonly queue: (() => void)[];
  open: boolean;
}

/**
 * Pub/sub as Redis has it, at the gates of a schedule: messages reach each process in the order in which they were
 * published, as late as the schedule says, and are lost with the connection.
 */
export class Bus {
  readonly #world: World;
  readonly #deaf: boolean;
  readonly #subscribers = new Set<(message: string) => void>();

  /** `deaf`: what is published is lost, and nobody is told that anything was. */
  constructor(world: World, deaf = false) {
    this.#world = world;
    this.#deaf = deaf;
  }

  /** The end of one process. */
  channel(index: number): InvalidationChannel {
    const { gates, random, faultRate, log } = this.#world;
    let listener = (_message: string) => {};
    let session: Session = { id: 0, queue: [], open: true };

    const drain = async (from: Session) => {
      while (from.open && from.queue.length > 0) {
        await gates.wait(index, 'replay', 'a message');
        if (from.open) from.queue.shift()?.();
      }
    };
    const deliver = (action: () => void) => {
      session.queue.push(action);
      if (session.queue.length === 1) void drain(session);
      if (faultRate() === 0 || !random.chance(0.15)) return;
      log(`  p${index} loses its subscription, and ${session.queue.length} messages`);
      session.open = false;
      session = { id: session.id + 1, queue: [], open: true };
    };

    if (!this.#deaf) this.#subscribers.add((message) => deliver(() => listener(message)));
    return {
      listen(heard) {
        listener = heard;
      },
      publish: async (message) => {
        await gates.wait(index, 'request', 'publish', random.chance(0.5) ? 'network' : 'process');
        if (random.chance(faultRate())) throw new Error('publish failed on purpose');
        for (const subscriber of this.#subscribers) subscriber(message);
        await gates.wait(index, 'reply', 'publish');
        if (random.chance(faultRate()))
          throw new Error('publish answered on purpose with an error');
      },
      async sync() {
        await gates.wait(index, 'request', 'sync', random.chance(0.5) ? 'network' : 'process');
        const { id } = session;
        if (random.chance(faultRate())) throw new Error('sync failed on purpose');
        // An answer is lost with the connection that it was sent on.
        return new Promise((resolve) => deliver(() => resolve(id)));
      },
      async close() {},
    };
  }
}
