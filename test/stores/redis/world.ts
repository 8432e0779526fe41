import { type CacheStore, RedisCacheStore } from '@glasswork/cache';
import { Redis } from 'ioredis';
import type { TestContext } from 'vitest';
import { RedisProcess, type RedisProcessOptions } from '../../servers/redis-process.js';
import { Origin, Process, within } from './traffic.js';

/** The ways to reach a server. A client of the user's is as a user makes one who knows no options. */
export const WAYS = {
  'a url': (url: string): Opened => {
    const store = new RedisCacheStore({ url });
    return { store, close: () => within(3_000, 'close', store.close()) };
  },
  'a client': (url: string): Opened => {
    const client = new Redis(url);
    client.on('error', () => {});
    return { store: new RedisCacheStore({ client }), close: async () => client.disconnect() };
  },
} as const;

export interface Opened {
  readonly store: CacheStore;
  close(): Promise<void>;
}

/** What one test starts; all of it ends with the test. */
export class World {
  readonly origin = new Origin();
  readonly #open: (url: string) => Opened;
  readonly #onEnd: (close: () => Promise<void>) => void;

  constructor(open: (url: string) => Opened, { onTestFinished }: TestContext) {
    this.#open = open;
    this.#onEnd = onTestFinished;
  }

  async server(options?: RedisProcessOptions): Promise<RedisProcess> {
    const server = await RedisProcess.start(options);
    this.#onEnd(() => server.stop());
    return server;
  }

  process(url: string): Process {
    const { store, close } = this.#open(url);
    this.#onEnd(close);
    return new Process(store);
  }

  two(url: string): [Process, Process] {
    return [this.process(url), this.process(url)];
  }
}
