import { CacheService, MemoryCacheStore } from '@glasswork/cache';
import { describe, expect, it } from 'vitest';
import { Entry, envelopeOf } from '../../../src/model/entry.js';
import { valueCodec } from '../../../src/serializers/value-codec.js';
import {
  pointerBody,
  pointerId,
  RedisRecord,
  recordBody,
} from '../../../src/stores/redis/record.js';

const ID = 'i'.repeat(36);
const TIME = '1700000000000000';
const END = '001700000060000';
const codec = valueCodec();

const recordOf = (kind: string, body: string | Uint8Array) =>
  new RedisRecord(
    Buffer.concat([Buffer.from(`${kind}${ID}${TIME}${END}\n`), Buffer.from(body as string)]),
  );

/** The service's data about a value, and the value in its entry. */
async function inEntry() {
  const inner = new MemoryCacheStore();
  const cache = new CacheService(inner, { keyPrefix: 'app' });
  await cache.set('key', ['ß'], 60);
  const entry = await inner.get('app:key');
  return { entry, envelope: envelopeOf(entry) ?? '' };
}

describe('a record in Redis', () => {
  it('has the id, the version and the expiry of its write', () => {
    const record = recordOf('s', '1');
    expect(record.id).toBe(ID);
    expect(record.version).toBe(ID + TIME);
    expect(record.expiresAt).toBe(1_700_000_060_000);
    expect(record.bytes).toBe(70);
  });

  it('holds text or bytes', () => {
    expect(recordOf('s', '["ß"]').value('key', codec)).toEqual(['ß']);
    const bytes = { ...codec, deserialize: (raw: unknown) => raw };
    expect(recordOf('b', Uint8Array.of(0xff, 1)).value('key', bytes)).toEqual(
      Buffer.from([255, 1]),
    );
    expect(recordBody('text', undefined)).toEqual({ kind: 's', body: 'text' });
    const part = Uint8Array.of(0, 1, 2).subarray(1);
    expect(recordBody(part, undefined)).toEqual({ kind: 'b', body: Buffer.from([1, 2]) });
  });

  it('holds text or bytes in an entry of the service', async () => {
    const { entry, envelope } = await inEntry();
    const text = recordBody('["ß"]', envelope);
    expect(text.kind).toBe('S');
    expect(recordOf('S', text.body).value('key', codec)).toEqual(entry);
    const raw: unknown[] = [];
    const noting = { ...codec, deserialize: (given: unknown) => raw.push(given) };
    const bytes = recordBody(Uint8Array.of(0xff, 10, 1), envelope);
    expect(bytes.kind).toBe('B');
    expect(recordOf('B', bytes.body).value('key', noting)).toBeInstanceOf(Entry);
    expect(recordOf('S', text.body).value('key', noting)).toBeInstanceOf(Entry);
    expect(raw).toEqual([Buffer.from([0xff, 10, 1]), '["ß"]']);
  });

  it('points to a value in the overflow store, with the entry if there is one', () => {
    expect(pointerBody(undefined)).toEqual({ kind: 'p', body: '' });
    expect(pointerBody('entry')).toEqual({ kind: 'P', body: 'entry\n' });
    expect(recordOf('p', '').pointerEnvelope).toBeUndefined();
    expect(recordOf('P', 'entry\n').pointerEnvelope).toBe('entry');
    expect(['p', 'P'].map((kind) => pointerId(`${kind}${ID}`))).toEqual([ID, ID]);
    for (const kind of ['t', 's', 'b', 'S', 'B', '']) expect(pointerId(kind + ID)).toBeUndefined();
  });

  it.each([
    ['t', { isToken: true, isText: false, isPointer: false }],
    ['s', { isToken: false, isText: true, isPointer: false }],
    ['S', { isToken: false, isText: true, isPointer: false }],
    ['b', { isToken: false, isText: false, isPointer: false }],
    ['B', { isToken: false, isText: false, isPointer: false }],
    ['p', { isToken: false, isText: false, isPointer: true }],
    ['P', { isToken: false, isText: false, isPointer: true }],
  ])('of the kind %s is told by it', (kind, told) => {
    const { isToken, isText, isPointer } = recordOf(kind, '');
    expect({ isToken, isText, isPointer }).toEqual(told);
  });

  it.each([
    ['has another kind', `x${ID}${TIME}${END}\n1`],
    ['has no line feed behind its header', `s${ID}${TIME}${END} 1`],
    ['is short', '{"a":1}'],
    ['is empty', ''],
  ])('that %s is of another program', (_, text) => {
    const record = new RedisRecord(Buffer.from(text));
    expect(record.version).toBe('?');
    expect(() => record.value('key', codec)).toThrow(
      expect.objectContaining({ code: 'CORRUPT', subject: 'key' }),
    );
    expect([record.isToken, record.isText, record.isPointer]).toEqual([false, false, false]);
  });
});
