import { compressed, encrypted, jsonSerializer, structuredSerializer } from '@glasswork/cache';
import { describe, expect, it } from 'vitest';
import { markOf } from '../../src/serializers/mark.js';
import { valueCodec } from '../../src/serializers/value-codec.js';
import { superjsonSerializer, v8Serializer } from './foreign.js';
import { KEYS, slowSerializer } from './own.js';

const named = (name: string) => markOf({ ...superjsonSerializer, name });

describe('the mark of a serializer', () => {
  it.each([
    jsonSerializer,
    structuredSerializer,
    compressed(jsonSerializer),
    encrypted(compressed(structuredSerializer), { keys: KEYS }),
  ])('is none for $name, which marks what it writes', (serializer) => {
    expect(markOf(serializer)).toBeUndefined();
  });

  it('leaves text text, and bytes bytes', () => {
    const mark = named('own');
    expect(mark?.add('text')).toBe('~"own"text');
    expect(mark?.remove('~"own"text')).toBe('text');
    expect(mark?.add(Uint8Array.of(1, 2))).toEqual(Buffer.from('\xc1"own"\x01\x02', 'latin1'));
    expect(mark?.remove(Buffer.from('\xc1"own"\x01\x02', 'latin1'))).toEqual(Buffer.of(1, 2));
  });

  it.each([
    ['another name', 'own', '~"other"text'],
    ['a longer name', 'own', '~"owner"text'],
    ['a name that begins with the same mark', 'own', '~"own\\"er"text'],
    ['no mark', 'own', 'text'],
    ['half a mark', 'own', '~"ow'],
    ['nothing', 'own', ''],
    ['the mark of text on bytes', 'own', Buffer.from('~"own"text')],
    ['the mark of bytes on text', 'own', '\u00c1"own"text'],
    ['bytes that end within the mark', 'own', Buffer.from([0xc1, 0x22])],
  ])('is not found on the output of another one: %s', (_, name, raw) => {
    expect(named(name)?.remove(raw)).toBeUndefined();
  });

  it('is the same within compression and encryption, so that they can be added', () => {
    const text = markOf(superjsonSerializer)?.add('text') ?? '';
    for (const around of [
      compressed(superjsonSerializer),
      encrypted(superjsonSerializer, { keys: KEYS }),
      encrypted(compressed(superjsonSerializer), { keys: KEYS }),
    ])
      expect(markOf(around)?.remove(text)).toBe('text');
  });

  it('is of the wrapping one, if that is the user’s, because it may write anything', () => {
    const own = { ...jsonSerializer, name: 'base64', inner: jsonSerializer };
    expect(markOf(own)?.add('e30=')).toBe('~"base64"e30=');
    expect(markOf(compressed(own))?.add('e30=')).toBe('~"base64"e30=');
  });

  it('is that of a serializer that is called like a wrapping one, and wraps nothing', () => {
    expect(named('compressed(own)')?.add('text')).toBe('~"compressed(own)"text');
  });

  it('is missing on a value that another serializer wrote, and an error says so', () => {
    const { deserialize } = valueCodec(superjsonSerializer);
    expect(() => deserialize('{"json":1}', 'key')).toThrow(
      'The serializer "superjson" could not read the stored value of "key" (its name is not on it): was it written with another one?',
    );
  });

  it('goes around the value, not into what the serializer sees', async () => {
    for (const serializer of [superjsonSerializer, v8Serializer, slowSerializer]) {
      const codec = valueCodec(serializer);
      const raw = await codec.serialize({ at: new Date(5) }, 'key');
      expect(await codec.deserialize(raw, 'key')).toEqual({ at: new Date(5) });
      expect(await codec.copy({ at: new Date(5) }, 'key')).toEqual({ at: new Date(5) });
    }
  });

  it('is not on the records of the service', () => {
    const codec = valueCodec(superjsonSerializer);
    expect(codec.serialize('version', '#tag:shop:users')).toBe('"version"');
    expect(codec.deserialize('"version"', '#tag:shop:users')).toBe('version');
    expect(codec.serialize('raw', '#overflow:cache:key:1')).toBe('raw');
  });
});
