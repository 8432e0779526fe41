import type { Subscriber } from '../subscriber.js';
import type {
  NodeRedisSentinel,
  NodeRedisServer,
  NodeRedisSubscriber,
  OnMessage,
} from './client-types.js';

type OwnSubscriber = Subscriber & { connect(): Promise<void> };

/** The listeners of one subscriber. Errors count as its end, because messages may have been lost. */
class Listeners {
  readonly #onMessage: ((channel: string, message: string) => void)[] = [];
  readonly #onEnd: (() => void)[] = [];

  readonly on: Subscriber['on'] = (event, listener) => {
    if (event === 'message') this.#onMessage.push(listener);
    // The listener of `end` takes no arguments.
    if (event === 'end') this.#onEnd.push(listener as () => void);
  };
  readonly message: OnMessage = (message, channel) => {
    for (const listener of this.#onMessage) listener(String(channel), String(message));
  };
  readonly end = (): void => {
    for (const listener of this.#onEnd) listener();
  };
}

/** Another connection with the settings of a client, which never reconnects: the listener must notice a gap. */
export function duplicateOf(client: () => Promise<NodeRedisServer>): OwnSubscriber {
  const listeners = new Listeners();
  let own: NodeRedisSubscriber | undefined;
  let isDisconnected = false;
  const disconnect = () => {
    isDisconnected = true;
    try {
      own?.destroy();
    } catch {
      // Version 5 throws if the connection is closed already.
    }
  };
  return {
    on: listeners.on,
    stream: { unref: () => own?.unref?.() },
    async connect() {
      own = open(await client());
      own.on('error', listeners.end);
      own.on('end', listeners.end);
      await own.connect();
      if (isDisconnected) disconnect();
    },
    subscribe: async (...channels) => own?.subscribe(channels, listeners.message),
    disconnect,
  };
}

function open(client: NodeRedisServer): NodeRedisSubscriber {
  const { socket }: { socket?: object } = Object(client.options);
  const overrides = {
    socket: { ...socket, reconnectStrategy: false },
    // A connection that only listens must not share the cache or send PING.
    clientSideCache: undefined,
    pingInterval: undefined,
  };
  // node-redis duplicates a client as a client.
  return client.duplicate(overrides) as NodeRedisSubscriber;
}

/** Events after which the connection of a Sentinel client that listens may have been replaced. */
const REPLACED = ['error', 'client-error', 'topology-change', 'end'] as const;

/** The user's own Sentinel client, which opens a connection to the master for its subscriptions. */
export function sentinelSubscriber(client: NodeRedisSentinel): OwnSubscriber {
  const listeners = new Listeners();
  let subscribed: string[] = [];
  return {
    on: listeners.on,
    async connect() {},
    async subscribe(...channels) {
      subscribed = channels;
      for (const event of REPLACED) client.on(event, listeners.end);
      await client.subscribe(channels, listeners.message);
    },
    disconnect() {
      for (const event of REPLACED) client.off(event, listeners.end);
      if (subscribed.length === 0) return;
      // A client that is closed or cut off has no subscription to end.
      client.unsubscribe(subscribed, listeners.message).catch(() => {});
      subscribed = [];
    },
  };
}
