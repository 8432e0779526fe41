import type { Serializer } from '@glasswork/cache';
import { describe, expect, it } from 'vitest';
import { valueCodec } from '../../src/serializers/value-codec.js';
import { devalueSerializer, superjsonSerializer, v8Serializer } from './foreign.js';

const later = ({ name, serialize, deserialize }: Serializer): Serializer => ({
  name,
  serialize: async (value, key) => serialize(value, key),
  deserialize: async (raw, key) => deserialize(raw, key),
});

const fail = (): never => {
  throw new Error('not now');
};

describe.each([
  ['at once', (serializer: Serializer) => serializer],
  ['later', later],
])('a serializer of the user’s that answers %s', (_, made) => {
  const serialize = async (serializer: Serializer, value: unknown) =>
    valueCodec(made(serializer)).serialize(value, 'key');

  it('loses no instance of a class in silence', async () => {
    // As a serializer does that has no form for a class, and says so to nobody.
    const losing: Serializer = {
      name: 'losing',
      serialize: () => '',
      deserialize: () => undefined,
    };
    await expect(serialize(losing, new Date(5))).rejects.toMatchObject({
      code: 'UNSERIALIZABLE',
      subject: 'key',
      message: expect.stringContaining('reads back as undefined'),
    });
  });

  it('writes no bytes of Node with superjson, which cannot read them', async () => {
    await expect(serialize(superjsonSerializer, Buffer.from('a'))).rejects.toMatchObject({
      code: 'UNSERIALIZABLE',
    });
  });

  it('writes no instance that it cannot read', async () => {
    const oneWay: Serializer = {
      ...superjsonSerializer,
      deserialize: () => {
        throw new Error('no such class');
      },
    };
    await expect(serialize(oneWay, new Date(0))).rejects.toMatchObject({
      code: 'UNSERIALIZABLE',
      message: expect.stringContaining('no such class'),
    });
  });

  it.each([superjsonSerializer, devalueSerializer, v8Serializer])(
    'refuses with $name what even a test of its type throws for',
    async (serializer) => {
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      const stubborn = new Proxy({}, { getPrototypeOf: fail, get: fail, ownKeys: fail });
      for (const value of [proxy, stubborn])
        await expect(serialize(serializer, value)).rejects.toMatchObject({
          code: 'UNSERIALIZABLE',
        });
    },
  );

  it('writes no object whose toJSON gives what JSON leaves out', async () => {
    for (const nothing of [undefined, () => 1, Symbol('s')])
      await expect(serialize(superjsonSerializer, { toJSON: () => nothing })).rejects.toMatchObject(
        { code: 'UNSERIALIZABLE' },
      );
  });

  it.each([superjsonSerializer, devalueSerializer, v8Serializer])(
    'writes the instances that $name can read',
    async (serializer) => {
      const codec = valueCodec(made(serializer));
      for (const value of [new Date(5), new Map([['a', 1]]), new Set([1])])
        expect(await codec.deserialize(await codec.serialize(value, 'key'), 'key')).toEqual(value);
    },
  );

  it('is not asked to read plain data that it has written', async () => {
    const reads: unknown[] = [];
    const counting: Serializer = {
      ...superjsonSerializer,
      deserialize: (raw) => reads.push(raw),
    };
    for (const value of [{ a: 1 }, [1], 'text', 1, null, Object.create(null)])
      await serialize(counting, value);
    expect(reads).toEqual([]);
  });
});
