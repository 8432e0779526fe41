import { withEnvelope } from '../../model/entry.js';
import type { ValueCodec } from '../../serializers/value-codec.js';
import { corrupt } from './error.js';

/*
 * An object is three lines of text and the value:
 *
 *     glasswork-cache 1 <kind> <id> <end> <length>    kind: t text, b bytes, - a tombstone
 *     the key, as JSON
 *     the service's data about the value              empty for a value without
 *     the value: the serializer's output
 *
 * The id is fresh with each write. An ETag depends on the body alone, so without an id two equal values, or any two
 * tombstones of a key, would have the same ETag. `end` is when the value expires, epoch milliseconds. The length finds
 * truncated objects, and the key finds objects that were copied from another key.
 */
const FIRST_LINE = /^glasswork-cache 1 ([tb-]) ([\da-f-]{36}) (\d+(?:\.\d+)?) (\d+)\n/;
const LONGEST_FIRST_LINE = 160;
const LINE_FEED = 10;

/** The most bytes at the start of an object that hold its first line and almost any key. */
export const HEAD_BYTES = 4 * 1024;

/** The form of a record before its id is known. */
export type Content = (id: string) => Uint8Array;

export const tombstone =
  (key: string): Content =>
  (id) =>
    Buffer.from(`glasswork-cache 1 - ${id} 0 0\n${JSON.stringify(key)}\n\n`);

export function valueRecord(
  key: string,
  raw: string | Uint8Array,
  envelope: string | undefined,
  end: number,
): Content {
  const isText = typeof raw === 'string';
  const bytes = isText ? Buffer.from(raw) : raw;
  return (id) => {
    const first = `glasswork-cache 1 ${isText ? 't' : 'b'} ${id} ${end} ${bytes.byteLength}`;
    return Buffer.concat([
      Buffer.from(`${first}\n${JSON.stringify(key)}\n${envelope ?? ''}\n`),
      bytes,
    ]);
  };
}

/** A record, or its first bytes. */
export interface S3Record {
  readonly id: string;
  /** True if it holds a value that has not expired. A tombstone ends at 0. */
  isLive(now: number): boolean;
  readonly isTombstone: boolean;
  /** When the value expires, epoch milliseconds; 0 for a tombstone. */
  readonly end: number;
  /** The original key. Undefined if the bytes end before it does, or if it is malformed. */
  key(): string | undefined;
  /** The service's data about the value, '' without. Undefined if the bytes end before it does. */
  envelope(): string | undefined;
  /** The serializer's output. Undefined if it is not whole. */
  raw(): string | Buffer | undefined;
  /** The size of the whole object, bytes; at least those that are here. */
  readonly bytes: number;
  /** @throws CacheError `CORRUPT`. */
  value(key: string, codec: ValueCodec): Promise<unknown>;
}

/** Reads a record. Undefined for an object that another program wrote. */
export function s3Record(body: Buffer): S3Record | undefined {
  const [first, kind = '', id = '', expiry = '', length = ''] =
    FIRST_LINE.exec(body.toString('latin1', 0, LONGEST_FIRST_LINE)) ?? [];
  if (first === undefined) return undefined;
  const keyEnd = body.indexOf(LINE_FEED, first.length);
  const endMs = Number(expiry);
  const isTombstone = kind === '-';
  const envelopeEnd = keyEnd === -1 ? -1 : body.indexOf(LINE_FEED, keyEnd + 1);
  const start = envelopeEnd + 1;
  const end = start + Number(length);

  const record: S3Record = {
    id,
    isTombstone,
    end: endMs,
    isLive: (now) => now < endMs,
    key() {
      try {
        // Without the end of the key, the text is empty, and no JSON.
        const key: unknown = JSON.parse(body.toString('utf8', first.length, keyEnd));
        return typeof key === 'string' ? key : undefined;
      } catch {
        return undefined;
      }
    },
    envelope: () =>
      envelopeEnd === -1 ? undefined : body.toString('utf8', keyEnd + 1, envelopeEnd),
    raw() {
      if (envelopeEnd === -1 || body.length !== end) return undefined;
      return kind === 't' ? body.toString('utf8', start) : body.subarray(start);
    },
    bytes: envelopeEnd === -1 ? body.length : end,
    async value(key, codec) {
      const raw = record.raw();
      if (raw === undefined) throw corrupt(key, 'is truncated');
      if (record.key() !== key) throw corrupt(key, 'holds the value of another key');
      const value = await codec.deserialize(raw, key);
      const envelope = record.envelope();
      return envelope ? withEnvelope(envelope, value, key) : value;
    },
  };
  return record;
}
