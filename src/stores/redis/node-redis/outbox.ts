import { pause } from '../../../model/time.js';
import { UnorderedSet } from '../../../util/unordered-set.js';
import { OPEN_MS } from '../own-client.js';
import type { Argument, NodeRedisClient, SendOptions } from './client-types.js';
import { type Form, formsFor, type Send } from './commands.js';

/** The pause between two looks at a client that is not connected, milliseconds. */
const STEP_MS = 20;

/** Events by which clients of one server, of Sentinels and of a Cluster say that a connection failed. */
const FAILURES = ['error', 'client-error', 'node-error'] as const;

/** The connections that a client has: of a Cluster one for each master, else itself. */
export interface Peers<P extends object> {
  /** Undefined while the client does not know one. */
  of(key: Argument | undefined): P | undefined;
  all(): readonly P[];
  isReady(peer: P): boolean;
}

/** Hands a command to the client. */
export type HandOver = (
  key: Argument | undefined,
  args: readonly Argument[],
  options: SendOptions,
) => Promise<unknown>;

/** The wait for one reply. */
interface Wait {
  place: number;
  readonly reject: (error: Error) => void;
}

/** The commands that a peer has not answered yet, over one connection. */
interface UnderWay {
  /** A read whose wait was ended may be sent later, after a reconnect. It does no harm. */
  readonly waits: UnorderedSet<Wait>;
  /** Takes back the writes that are not sent yet. Reads do without, because a signal costs a fifth of a hit. */
  readonly controller: AbortController;
  readonly options: Readonly<Record<Form, SendOptions>>;
}

/** One for each client, however many stores use it. */
const outboxes = new WeakMap<NodeRedisClient, Send>();

/**
 * Keeps commands out of the queue of node-redis, which has no time limit: a `set` that was given up would be sent when
 * the client has reconnected, however much later. A command waits here until its peer is ready, at most until the next
 * failure. If the connection is lost before node-redis has written a command, the wait for it ends.
 */
export function outboxOf<P extends object>(
  client: NodeRedisClient,
  peers: Peers<P>,
  handOver: HandOver,
  hasOptions = true,
): Send {
  const kept = outboxes.get(client);
  if (kept) return kept;
  const allUnderWay = new WeakMap<P, UnderWay>();
  let failures = 0;
  let failure: unknown;

  // Without a listener for `error`, Node would end the process.
  for (const event of FAILURES) {
    client.on(event, (error) => {
      failures++;
      failure = error;
      for (const peer of peers.all()) if (!peers.isReady(peer)) lose(peer);
    });
  }

  function lose(peer: P): void {
    const underWay = allUnderWay.get(peer);
    allUnderWay.delete(peer);
    underWay?.controller.abort();
    for (const { reject } of underWay?.waits.all() ?? []) reject(new Error('Connection is closed'));
  }

  function underWayOn(peer: P): UnderWay {
    const known = allUnderWay.get(peer);
    if (known) return known;
    const controller = new AbortController();
    // Every write that is not sent yet listens, and a burst has many.
    process.getBuiltinModule('node:events').setMaxListeners(0, controller.signal);
    const underWay = {
      waits: new UnorderedSet<Wait>(),
      controller,
      options: formsFor(controller.signal, hasOptions),
    };
    allUnderWay.set(peer, underWay);
    return underWay;
  }

  function handOverTo(
    peer: P,
    key: Argument | undefined,
    args: readonly Argument[],
    form: Form,
  ): Promise<unknown> {
    const { waits, options } = underWayOn(peer);
    return new Promise((resolve, reject) => {
      const wait: Wait = { place: 0, reject };
      waits.add(wait);
      handOver(key, args, options[form]).then(
        (reply) => {
          waits.delete(wait);
          resolve(reply);
        },
        (error) => {
          waits.delete(wait);
          reject(error);
        },
      );
    });
  }

  async function ready(key: Argument | undefined): Promise<P> {
    const before = failures;
    for (let waitedMs = 0; waitedMs < OPEN_MS; waitedMs += STEP_MS) {
      if (!client.isOpen) throw new Error('The client is closed');
      const peer = peers.of(key);
      if (peer && peers.isReady(peer)) return peer;
      if (failures !== before) throw errorOf(failure);
      await pause(STEP_MS);
    }
    throw new Error(`Connecting timed out after ${OPEN_MS} ms`);
  }

  const send: Send = (key, args, form) => {
    const known = peers.of(key);
    return known && peers.isReady(known)
      ? handOverTo(known, key, args, form)
      : ready(key).then((peer) => handOverTo(peer, key, args, form));
  };
  outboxes.set(client, send);
  return send;
}

/** A Sentinel client wraps the error in an event. */
function errorOf(failure: unknown): unknown {
  if (failure instanceof Error) return failure;
  const { error }: { error?: unknown } = Object(failure);
  return error ?? new Error(`The client failed: ${String(failure)}`);
}
