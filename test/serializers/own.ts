import {
  compressed,
  encrypted,
  type Serializer,
  type SyncSerializer,
  structuredSerializer,
} from '@glasswork/cache';

export const KEYS = { march: new Uint8Array(32).fill(3) };

/** The serializers of this package that keep more than JSON, alone and around each other. */
export const ownSerializers: readonly SyncSerializer[] = [
  structuredSerializer,
  compressed(structuredSerializer, { threshold: 0 }),
  encrypted(compressed(structuredSerializer, { threshold: 0, algorithm: 'brotli' }), {
    keys: KEYS,
  }),
];

/** Asks somebody first, as one does that has its keys from a key service. */
export const slowSerializer: Serializer = {
  name: 'slow',
  async serialize(value, key) {
    await turn();
    return structuredSerializer.serialize(value, key);
  },
  async deserialize(raw, key) {
    await turn();
    return structuredSerializer.deserialize(raw, key);
  },
};

const turn = () => new Promise((resolve) => setImmediate(resolve));
