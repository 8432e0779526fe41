import { CacheError } from '../../model/errors.js';
import { systemClock } from '../../model/time.js';
import { escapeGlob } from '../../util/glob.js';
import type { StoredRecord, StoreInspection } from '../stored-record.js';
import type { RedisClient } from './client.js';
import type { Command } from './connection.js';
import { connectionOf } from './connection-of.js';
import { redisError } from './error.js';
import { redisKeys } from './keys.js';
import type { RedisCacheStoreOptions } from './options.js';
import { HEADER_BYTES, RedisRecord, UNKNOWN_VERSION } from './record.js';
import { inTime, keyPages } from './scan.js';

/** Any command, as clients of ioredis send it. */
export type Call = (command: string, ...args: (string | Buffer)[]) => Promise<unknown>;

/** Sends any command. @throws CacheError with the server's own error as its cause. */
export type CallRedis = (command: string, ...args: string[]) => Promise<unknown>;

export interface RedisInspection extends StoreInspection {
  readonly call: CallRedis;
}

/** The records of a server below the store's prefix, as they are stored. @throws CacheError `INVALID_OPTION`. */
export function inspectRedis(options: RedisCacheStoreOptions): RedisInspection {
  const keys = redisKeys(options.prefix ?? 'cache');
  const connection = connectionOf(options, keys.unused);

  // The connection lets an idle process end, and for a scan it is idle between two steps: the caller must stay alive.
  const open = (): Promise<RedisClient> => connection.scan('inspect', async (client) => client);

  async function* pages(start: string): AsyncGenerator<readonly StoredRecord[]> {
    const client = await open();
    const call = callOf(client);
    try {
      const search = { unused: keys.unused, pattern: keys.scanPattern(`${escapeGlob(start)}*`) };
      for await (const found of keyPages(client, search)) {
        const named = found.flatMap((stored) => {
          const key = keys.decode(stored);
          return key?.startsWith(start) ? [{ key, stored: Buffer.from(stored) }] : [];
        });
        const described = await inTime(
          Promise.all(named.map(({ key, stored }) => describeKey(client, call, key, stored))),
        );
        yield described.filter((record) => record !== undefined);
      }
    } catch (error) {
      throw redisError('list', undefined, error, connection.place);
    }
  }

  return {
    pages,
    async read(key) {
      const stored = keys.encode(key);
      const both: Command<[Uint8Array | null | undefined, unknown]> = (client) =>
        Promise.all([client.getBuffer(stored).catch(ifWrongType), callOf(client)('PTTL', stored)]);
      const [raw, left] = await connection.send('get', key, both, 'read');
      if (raw === undefined) return ofAnotherType(key);
      return raw
        ? describeRecord(key, {
            bytes: Buffer.from(raw),
            size: raw.length,
            leftMs: Number(left),
            isWhole: true,
          })
        : undefined;
    },
    call: (command, ...args) =>
      connection.send('inspect', undefined, (client) => callOf(client)(command, ...args), 'read'),
    close: () => connection.close(),
  };
}

/** Undefined for a key that has gone since it was listed. */
async function describeKey(
  client: RedisClient,
  call: Call,
  key: string,
  stored: Buffer,
): Promise<StoredRecord | undefined> {
  try {
    const [header, size, left] = await Promise.all([
      client.getrange(stored, 0, HEADER_BYTES - 1),
      call('STRLEN', stored),
      call('PTTL', stored),
    ]);
    if (Number(size) === 0) return undefined;
    return describeRecord(key, {
      bytes: Buffer.from(header, 'latin1'),
      size: Number(size),
      leftMs: Number(left),
      isWhole: false,
    });
  } catch (error) {
    return ifWrongType(error) ?? ofAnotherType(key);
  }
}

/** Undefined for the refusal of a key that holds no string. @throws any other error. */
function ifWrongType(error: unknown): undefined {
  if (!String(Object(error).message).startsWith('WRONGTYPE')) throw error;
}

const ofAnotherType = (key: string): StoredRecord => ({
  ...{ key, kind: 'foreign', bytes: 0, expiresAt: 0, version: UNKNOWN_VERSION },
  ...{ collectedAt: undefined, envelope: undefined, raw: undefined },
});

const LINE_FEED = 10;

interface FoundRecord {
  /** The record, or its first bytes. */
  readonly bytes: Buffer;
  readonly isWhole: boolean;
  /** The length of the whole record, bytes. */
  readonly size: number;
  /** The time until Redis deletes it, milliseconds. Negative if never. */
  readonly leftMs: number;
}

function describeRecord(key: string, { bytes, size, leftMs, isWhole }: FoundRecord): StoredRecord {
  const record = new RedisRecord(bytes);
  const isOurs = record.version !== UNKNOWN_VERSION;
  const hasEntry = isOurs && /^[SBP]/.test(bytes.toString('latin1', 0, 1));
  const entryEnd = hasEntry ? bytes.indexOf(LINE_FEED, HEADER_BYTES) : HEADER_BYTES - 1;
  const isText = /^[sS]/.test(bytes.toString('latin1', 0, 1));
  const hasValue = isOurs && !record.isToken && !record.isPointer;
  const body = bytes.subarray(entryEnd + 1);
  return {
    key,
    kind: isOurs ? (record.isToken ? 'token' : 'value') : 'foreign',
    bytes: size + Buffer.byteLength(key),
    expiresAt: isOurs ? record.expiresAt : 0,
    collectedAt: leftMs >= 0 ? systemClock.now() + leftMs : undefined,
    version: record.version,
    envelope: hasEntry && isWhole ? bytes.toString('utf8', HEADER_BYTES, entryEnd) : undefined,
    raw: hasValue && isWhole ? (isText ? body.toString('utf8') : body) : undefined,
    ...(record.isPointer && { isPointer: true }),
  };
}

/** @throws CacheError `INVALID_OPTION` for a client that cannot send any command. */
function callOf(client: RedisClient): Call {
  const { call }: { call?: Call } = Object(client);
  if (call) return call.bind(client);
  throw new CacheError('INVALID_OPTION', 'The client has no call(): give a client of ioredis.');
}
