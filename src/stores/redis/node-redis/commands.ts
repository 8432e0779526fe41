import { builtin } from '../../../aws/builtin.js';
import type { RedisCommands } from '../client.js';
import type { Argument, SendOptions } from './client-types.js';

/** Sends one command. The key decides the node of a Cluster. */
export type Send = (
  key: Argument | undefined,
  args: readonly Argument[],
  form: Form,
) => Promise<unknown>;

/** The form of a reply, or `write` for a command that writes. */
export type Form = 'text' | 'bytes' | 'write';

/** The first byte of a reply that is a string of bytes, in RESP2 and RESP3: `$`. */
const BYTE_STRING = 36;
/**
 * A write that has waited this long for a full socket is dropped, milliseconds. Its caller has given up, and a late
 * `set` would undo what was written meanwhile.
 */
const WRITE_MS = 1_000;

/**
 * Options for each form. The signal takes back writes. All are complete, because node-redis merges them with the
 * client's own, whose time limit would cost each read a timer, and whose `asap` would reverse the order. For a client
 * without its own, a read of bytes has as few as possible, because merging five of them costs a thirtieth of a hit.
 */
export function formsFor(
  abortSignal: AbortSignal,
  hasOwn: boolean,
): Readonly<Record<Form, SendOptions>> {
  const text = {
    ...{ typeMapping: {}, timeout: undefined, abortSignal: undefined },
    ...{ asap: false as const, chainId: undefined },
  };
  return {
    text,
    bytes: { ...(hasOwn && text), typeMapping: { [BYTE_STRING]: Buffer } },
    write: { ...text, timeout: WRITE_MS, abortSignal },
  };
}

type Arguments = readonly (string | number | Uint8Array)[];

/** The commands of the store in terms of `send`. The replies' types are those of the Redis protocol. */
export function commandsOver(send: Send): RedisCommands {
  const call = <T>(key: Argument | undefined, args: Argument[], form: Form = 'text') =>
    // Each caller names the reply of its command.
    send(key, args, form) as Promise<T>;
  return {
    defineCommand(this: object, name, { lua }) {
      const sha = builtin.crypto().createHash('sha1').update(lua).digest('hex');
      const script =
        (form: Form) =>
        (key: Argument, ...args: Arguments) =>
          runScript(send, { sha, lua, form }, key, args);
      Object.assign(this, { [name]: script('write'), [`${name}Buffer`]: script('bytes') });
    },
    getBuffer: (key) => call<Buffer | null>(key, ['GET', key], 'bytes'),
    getrange: (key, start, end) => call<string>(key, ['GETRANGE', key, `${start}`, `${end}`]),
    unlink: (key) => call<number>(key, ['UNLINK', key]),
    ping: () => call<string>(undefined, ['PING']),
    publish: (channel, message) => call<number>(undefined, ['PUBLISH', channel, message]),
  };
}

/** Sends the script by its hash, or as text if the server does not know it. A refused hash has no effect. */
async function runScript(
  send: Send,
  { sha, lua, form }: { readonly sha: string; readonly lua: string; readonly form: Form },
  key: Argument,
  args: Arguments,
): Promise<unknown> {
  const rest = ['1', key, ...args.map(argumentOf)];
  try {
    return await send(key, ['EVALSHA', sha, ...rest], form);
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
    return send(key, ['EVAL', lua, ...rest], form);
  }
}

function argumentOf(argument: Arguments[number]): Argument {
  if (typeof argument === 'string') return argument;
  if (typeof argument === 'number') return String(argument);
  if (argument instanceof Buffer) return argument;
  return Buffer.from(argument.buffer, argument.byteOffset, argument.byteLength);
}

/** SCAN on one node. */
export async function scanWith(
  send: Send,
  cursor: string,
  pattern: string,
  keys: number,
): Promise<[cursor: Uint8Array, keys: Uint8Array[]]> {
  const args = ['SCAN', cursor, 'MATCH', pattern, 'COUNT', String(keys)];
  // The reply of SCAN, with its strings as bytes.
  return (await send(undefined, args, 'bytes')) as [Uint8Array, Uint8Array[]];
}
