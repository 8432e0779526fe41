import type { RedisServerClient } from '@glasswork/cache/redis';
import { Decoder, type GlideClient, Script } from '@valkey/valkey-glide';

type Part = string | number | Uint8Array;

/** A client of Valkey GLIDE for the store. It has no channel for tiers. */
export function overGlide(glide: GlideClient): RedisServerClient {
  const part = (value: Part) => (value instanceof Uint8Array ? Buffer.from(value) : String(value));
  // The replies' types are those of the Redis protocol.
  const call = <T>(args: Part[], decoder = Decoder.String) =>
    glide.customCommand(args.map(part), { decoder }) as Promise<T>;
  // GLIDE may send commands in another order, but the store needs a deletion to follow the reads before it.
  const reads = new Set<Promise<unknown>>();
  const read = <T>(reply: Promise<T>): Promise<T> => {
    const forget = () => void reads.delete(reply);
    reads.add(reply);
    reply.then(forget, forget);
    return reply;
  };
  return {
    defineCommand(name, { lua }) {
      const script = new Script(lua);
      const run =
        (decoder: Decoder) =>
        (key: string, ...args: Part[]) =>
          read(glide.invokeScript(script, { keys: [key], args: args.map(part), decoder }));
      Object.assign(this, { [name]: run(Decoder.String), [`${name}Buffer`]: run(Decoder.Bytes) });
    },
    getBuffer: (key) => read(call<Buffer | null>(['GET', key], Decoder.Bytes)),
    getrange: (key, start, end) => read(call<string>(['GETRANGE', key, start, end])),
    async unlink(key) {
      await Promise.allSettled(reads);
      return call<number>(['UNLINK', key]);
    },
    ping: () => call<string>(['PING']),
    publish: (channel, message) => call<number>(['PUBLISH', channel, message]),
    scanBuffer: (...args) => call<[Buffer, Buffer[]]>(['SCAN', ...args], Decoder.Bytes),
    duplicate() {
      throw new Error(
        'A client of GLIDE cannot listen here: use the store with a url for channels.',
      );
    },
    // GLIDE does not say when it has reconnected, so a pattern may miss keys if it does so in between.
    on() {},
    off() {},
  };
}
