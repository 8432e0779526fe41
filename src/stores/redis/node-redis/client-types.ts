/** An argument of a command, as node-redis encodes it. */
export type Argument = string | Buffer;

/** How node-redis sends one command and decodes its reply. The client's own options stand in for absent ones. */
export interface SendOptions {
  /** Maps the type byte of a reply to a class. An empty one overrides the client's own. */
  readonly typeMapping: Readonly<Record<number, unknown>>;
  /** How long a command may wait before it is written, milliseconds. */
  readonly timeout?: number | undefined;
  /** Takes the command back if it has not been written. */
  readonly abortSignal?: AbortSignal | undefined;
  /** Puts the command before those that wait. A `del` would then overtake the `set` before it. */
  readonly asap?: false;
  /** Drops the command together with those of its chain. */
  readonly chainId?: undefined;
}

export type OnMessage = (message: string | Buffer, channel: string | Buffer) => void;

interface Emitter {
  on(event: string, listener: (error?: unknown) => void): unknown;
  off(event: string, listener: (error?: unknown) => void): unknown;
}

interface NodeRedisBase extends Emitter {
  readonly isOpen: boolean;
  /** node-redis 4 lacks it, and could not return bytes. */
  withTypeMapping(mapping: object): unknown;
}

/** A client made by `createClient`. */
export interface NodeRedisServer extends NodeRedisBase {
  readonly isReady: boolean;
  // `object`: each version types the options of a command in its own way.
  sendCommand(args: readonly Argument[], options?: object): Promise<unknown>;
  readonly options?: object | undefined;
  duplicate(overrides?: object): unknown;
}

/** A client made by `createSentinel`. It sends to the master. */
export interface NodeRedisSentinel extends NodeRedisBase {
  readonly isReady: boolean;
  sendCommand(
    isReadonly: boolean | undefined,
    args: readonly Argument[],
    options?: object,
  ): Promise<unknown>;
  getMasterNode(): unknown;
  subscribe(channels: string[], listener: OnMessage): Promise<unknown>;
  unsubscribe(channels: string[], listener: OnMessage): Promise<unknown>;
}

/** A master of a Cluster. */
export interface NodeRedisMaster {
  readonly host: string;
  readonly port: number;
  readonly client?: { readonly isReady: boolean } | undefined;
}

/** A client made by `createCluster`. */
export interface NodeRedisCluster extends NodeRedisBase {
  /** Missing in version 5. */
  readonly isReady?: boolean;
  sendCommand(
    firstKey: Argument | undefined,
    isReadonly: boolean | undefined,
    args: readonly Argument[],
    options?: object,
  ): Promise<unknown>;
  readonly masters: readonly NodeRedisMaster[];
  readonly slots: readonly { readonly master: NodeRedisMaster }[];
  // The parameter's type is the client's own. The store only returns to it what came from it.
  nodeClient(master: never): Promise<NodeRedisServer>;
}

/** The members of a node-redis client, version 5 or later, that the store needs. */
export type NodeRedisClient = NodeRedisServer | NodeRedisSentinel | NodeRedisCluster;

/** A client made by `duplicate`. It subscribes. */
export interface NodeRedisSubscriber extends Emitter {
  connect(): Promise<unknown>;
  subscribe(channels: string[], listener: OnMessage): Promise<unknown>;
  destroy(): unknown;
  unref?(): void;
}
