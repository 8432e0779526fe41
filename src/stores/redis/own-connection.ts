import { type Clock, withTimeout } from '../../model/time.js';
import { LATE, OperationTimeouts } from '../../resilience/operation-timeouts.js';
import type { Kind, RedisClient } from './client.js';
import { CommandBatch } from './command-batch.js';
import type { Command, Connection } from './connection.js';
import { closedError, messageOf, redisError } from './error.js';
import { MasterProof } from './master-proof.js';
import type { ClientSettings } from './options.js';
import { type Client, openClient, QUIT_MS } from './own-client.js';
import { type ClusterAddress, openCluster } from './own-cluster.js';
import { placeOf, placeOfSettings } from './place.js';
import { SUBSCRIBER_OPTIONS, type Subscriber } from './subscriber.js';

/** The limit of a command, milliseconds. */
const COMMAND_MS = 1_000;
/** AWS drops a connection after 350 idle seconds, and a frozen sandbox does not notice. */
const LONGEST_IDLE_MS = 300_000;

/** The server or Cluster of a client of our own. */
export interface Target {
  readonly settings: ClientSettings;
  /** The addresses of a Cluster. */
  readonly nodes?: readonly ClusterAddress[];
  /** The longest life of a connection, milliseconds. */
  readonly longestMs: number;
}

interface FailedTry {
  readonly operation: string;
  readonly key: string | undefined;
  readonly kind: Kind;
  /** Undefined if none could be opened. */
  readonly client: Client | undefined;
  readonly error: unknown;
}

/**
 * A client of our own: opened by the first command and shared by all. It is replaced if the connection was lost or idle
 * for too long, or if its server has become a replica.
 */
export class OwnConnection implements Connection {
  readonly readsMasters = true;
  readonly place: string;
  readonly #target: Target;
  readonly #clock: Clock;
  readonly #timeouts = new OperationTimeouts();
  /** Undefined for a Cluster, where a replica redirects each command to its master. */
  readonly #proof: MasterProof | undefined;
  readonly #commandMs: number;
  readonly #tick = new CommandBatch();
  #opening: Promise<Client> | undefined;
  #client: Client | undefined;
  /** The last error of a client's connection. It explains why commands were cut off. */
  #lastError: unknown;
  #usedAt = 0;
  #openedAt = 0;
  #inFlight = 0;
  #closed = false;

  /** `unused`: a key that never exists. */
  constructor(target: Target, unused: string, clock: Clock) {
    this.#target = target;
    this.place = target.nodes ? placeOf(target.nodes) : placeOfSettings(target.settings);
    this.#clock = clock;
    this.#proof = target.nodes ? undefined : new MasterProof(unused, clock);
    this.#commandMs = Number(target.settings.commandTimeout) || COMMAND_MS;
  }

  /** Promises instead of `await`, because every hit comes through here. */
  send<T>(operation: string, key: string | undefined, command: Command<T>, kind: Kind): Promise<T> {
    const alone = this.#inFlight++ === 0;
    let client = this.#current();
    const once = (open: Client): Promise<T> => this.#inTime(open, command, kind);
    const first = (open: Client): Promise<T> => {
      client = open;
      if (!alone) this.#tick.gather(open);
      return once(open);
    };
    return (client ? first(client) : this.#open().then(first)).then(
      (value) => {
        this.#inFlight--;
        return value;
      },
      (error) =>
        this.#again(once, { operation, key, kind, client, error }).finally(() => {
          this.#inFlight--;
        }),
    );
  }

  async scan<T>(operation: string, scan: Command<T>): Promise<T> {
    let client: Client | undefined;
    try {
      client = this.#current() ?? (await this.#open());
      return await scan(client);
    } catch (error) {
      return this.#again(scan, { operation, key: undefined, kind: 'write', client, error });
    }
  }

  /** Tries again, over a new connection if needed, if the first try had no effect or may be repeated. */
  async #again<T>(
    command: (client: Client) => Promise<T>,
    { operation, key, kind, client, error }: FailedTry,
  ): Promise<T> {
    const fate = fateOf(error);
    try {
      if (fate === undefined || (fate === 'unknown' && kind === 'once')) throw error;
      // Only this client: others may have opened a new one meanwhile.
      if (fate === 'refused' && client) this.#drop(client);
      return await command(this.#current() ?? (await this.#open()));
    } catch (last) {
      const isCutOff = ['unsent', 'unknown'].includes(fateOf(last) ?? '');
      throw redisError(operation, key, (isCutOff && this.#lastError) || last, this.place);
    }
  }

  #inTime<T>(client: Client, command: Command<T>, kind: Kind): Promise<T> {
    const ms = this.#commandMs;
    const read = client.stream?.bytesRead;
    return new Promise((resolve, reject) => {
      this.#timeouts.limit(this.#run(client, command, kind), ms, resolve, (error) => {
        if (error !== LATE) return reject(error);
        // No byte arrived while a command waited: the peer is gone, and only a new connection helps.
        if (client.stream?.bytesRead === read) this.#drop(client);
        reject(new Error(`Command timed out after ${ms} ms`));
      });
    });
  }

  #run<T>(client: Client, command: Command<T>, kind: Kind): Promise<T> {
    const proof = kind === 'read' ? this.#proof : undefined;
    if (!proof?.isDue(client)) return command(client);
    this.#tick.gather(client);
    return proof.read(client, () => command(client));
  }

  checkChannel(): void {}

  /** In a Cluster it connects to the first node that answers, because every node receives every message. */
  async subscriber(): Promise<Subscriber> {
    const { settings, nodes = [{}] } = this.#target;
    let failure: unknown;
    for (const address of nodes) {
      try {
        return await openClient({ ...settings, ...address, ...SUBSCRIBER_OPTIONS });
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const client = this.#client;
    if (!client) return;
    // Redis answers QUIT after all earlier commands.
    await withTimeout(client.quit(), QUIT_MS, () => {}).catch(() => {});
    this.#drop(client);
  }

  /** The open client, unless it was lost or sat idle for too long. */
  #current(): Client | undefined {
    const client = this.#client;
    const now = this.#clock.now();
    const idleMs = now - this.#usedAt;
    this.#usedAt = now;
    if (!client || this.#closed) return undefined;
    if (now - this.#openedAt >= this.#target.longestMs) return this.#retire(client);
    if (client.stream?.writable && idleMs < LONGEST_IDLE_MS) return client;
    this.#drop(client);
    return undefined;
  }

  /** Leaves a client to the commands that it has been given. Redis answers QUIT after them. */
  #retire(client: Client): undefined {
    this.#client = undefined;
    client.quit().catch(() => client.disconnect());
  }

  async #open(): Promise<Client> {
    if (this.#closed) throw closedError();
    this.#opening ??= this.#connect().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #connect(): Promise<Client> {
    this.#lastError = undefined;
    const { settings, nodes } = this.#target;
    const onError = (error: unknown) => {
      this.#lastError = error;
    };
    const client = await (nodes
      ? openCluster(nodes, settings, onError)
      : openClient(settings, onError));
    if (this.#closed) {
      client.disconnect();
      throw closedError();
    }
    // A pending command keeps the process alive by its timer. The connection as such must not.
    client.stream?.unref();
    this.#client = client;
    this.#openedAt = this.#clock.now();
    return client;
  }

  /** Acts once for each client, although many commands can fail with one connection. */
  #drop(client: RedisClient): void {
    if (this.#client !== client) return;
    const own = this.#client;
    this.#client = undefined;
    own.disconnect();
  }
}

/** The fate of a command that failed. Undefined if Redis has answered it, or if no time is left for another try. */
function fateOf(error: unknown): 'unsent' | 'refused' | 'unknown' | undefined {
  const message = messageOf(error);
  if (message.startsWith("Stream isn't writeable")) return 'unsent';
  // After a failover the old master is a replica and refuses every write.
  if (message.startsWith('READONLY')) return 'refused';
  return /^Connection is closed|^Command aborted|^Reached the max retries/.test(message)
    ? 'unknown'
    : undefined;
}
