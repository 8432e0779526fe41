import { withEnvelope } from '../../model/entry.js';
import type { Raw } from '../../serializers/serializer.js';
import type { ValueCodec } from '../../serializers/value-codec.js';
import { whenReady } from '../../util/promises.js';
import { corrupt } from './error.js';

/*
 * A record is text, because any Keyv and any storage keeps text as it is:
 *
 *     version  kind  end │ entry │ value          each line but the last ends with a line feed
 *
 * The kind is s for text and b for bytes, which are base64; in upper case if the line `entry` exists, with the service's
 * data about the value. The end is in epoch milliseconds, because a storage may expire values late.
 */
const FIRST_LINE = /^1 ([sbSB]) (\d+)\n/;

export interface KeyvRecord {
  readonly endMs: number;
  /** Everything after the first line, and what it is. */
  readonly body: string;
  readonly isText: boolean;
  readonly hasEntry: boolean;
}

export function recordText(raw: Raw, envelope: string | undefined, endMs: number): string {
  const isText = typeof raw === 'string';
  const value = isText
    ? raw
    : Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('base64');
  const kind = isText ? 's' : 'b';
  const head = `1 ${envelope === undefined ? kind : kind.toUpperCase()} ${Math.round(endMs)}\n`;
  return head + (envelope === undefined ? value : `${envelope}\n${value}`);
}

/** @throws CacheError `CORRUPT` for anything but a record. */
export function parseRecord(stored: unknown, key: string): KeyvRecord {
  const match = typeof stored === 'string' ? FIRST_LINE.exec(stored) : null;
  if (!match) throw corrupt(key);
  const [firstLine, kind = '', endMs] = match;
  return {
    endMs: Number(endMs),
    body: match.input.slice(firstLine.length),
    isText: kind.toLowerCase() === 's',
    hasEntry: kind === kind.toUpperCase(),
  };
}

/** A promise if the serializer returns one. @throws CacheError `CORRUPT`. */
export function storedValue(record: KeyvRecord, key: string, codec: ValueCodec): unknown {
  const { body, isText, hasEntry } = record;
  const start = hasEntry ? body.indexOf('\n') + 1 : 0;
  if (hasEntry && start === 0) throw corrupt(key);
  const text = body.slice(start);
  const value = codec.deserialize(isText ? text : Buffer.from(text, 'base64'), key);
  if (!hasEntry) return value;
  return whenReady(value, (read) => withEnvelope(body.slice(0, start - 1), read, key));
}
