import { type CacheStore, RedisCacheStore } from '@glasswork/cache';
import type { NodeRedisClient } from '@glasswork/cache/redis';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { createClient as createClient5 } from 'redis-5';
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
  'a client of node-redis 6': (url: string): Opened => {
    const client = createClient({ url });
    return { ...withNodeRedis(client), close: async () => client.destroy() };
  },
  'a client of node-redis 5': (url: string): Opened => {
    const client = createClient5({ url });
    return { ...withNodeRedis(client), close: async () => client.destroy() };
  },
} as const;

/** Not awaited: a server may be gone when its user connects, and come later. */
function withNodeRedis(client: NodeRedisClient & { connect(): Promise<unknown> }) {
  const store = new RedisCacheStore({ client });
  client.connect().catch(() => {});
  return { store };
}

export interface Opened {
  readonly store: CacheStore;
  close(): Promise<void>;
}

/** Everything a test starts; it ends with the test. */
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
