import type { Clock } from '../../../src/model/time.js';
import { jsonSerializer } from '../../../src/serializers/json.js';
import type { SyncSerializer } from '../../../src/serializers/serializer.js';
import { MemoryCacheStore } from '../../../src/stores/memory/memory-cache-store.js';
import type { ConformanceSubject } from '../../../src/testing/index.js';
import { type BrokenStore, overlay } from './broken-store.js';

type Raw = string | Uint8Array;

const brokenSerializing = (
  what: string,
  withSerializer: (
    serializer: SyncSerializer,
    clock: Clock,
  ) => ReturnType<NonNullable<ConformanceSubject['withSerializer']>>,
  ...caughtBy: string[]
): BrokenStore => ({
  what,
  create: (clock) => ({
    store: withSerializer(jsonSerializer, clock),
    withSerializer: (serializer: SyncSerializer) => withSerializer(serializer, clock),
  }),
  caughtBy,
});

/** The serializer's output goes through `map` before it is held. */
const rawThrough = (map: (raw: Raw) => Raw) => (serializer: SyncSerializer, clock: Clock) =>
  new MemoryCacheStore({
    clock,
    serializer: {
      name: serializer.name,
      serialize: (value, key) => map(serializer.serialize(value, key)),
      deserialize: (raw, key) => serializer.deserialize(raw, key),
    },
  });

export const serializing: readonly BrokenStore[] = [
  brokenSerializing(
    'takes bytes for text',
    rawThrough((raw) => (typeof raw === 'string' ? raw : new TextDecoder().decode(raw))),
    'keeps bytes of a serializer',
    'keeps a Buffer of a serializer',
  ),
  brokenSerializing(
    'takes the whole buffer that bytes lie in',
    rawThrough((raw) => (typeof raw === 'string' ? raw : new Uint8Array(raw.buffer))),
    'keeps bytes of a serializer',
  ),
  brokenSerializing(
    'makes JSON of a Buffer',
    rawThrough((raw) => (Buffer.isBuffer(raw) ? JSON.stringify(raw) : raw)),
    'keeps a Buffer of a serializer',
  ),
  brokenSerializing(
    'gives the serializer no key',
    (serializer, clock) =>
      new MemoryCacheStore({
        clock,
        serializer: { ...serializer, serialize: (value) => serializer.serialize(value, '') },
      }),
    'keeps bytes of a serializer',
  ),
  brokenSerializing(
    'cannot write an empty text',
    rawThrough((raw) => raw || ' '),
    'keeps the text of a serializer',
  ),
  brokenSerializing(
    'gives its serializer an object of its own around the value',
    (serializer, clock) =>
      new MemoryCacheStore({
        clock,
        serializer: {
          name: serializer.name,
          serialize: (value, key) => serializer.serialize({ value }, key),
          deserialize: (raw, key) => Object(serializer.deserialize(raw, key)).value,
        },
      }),
    'serializes values and nothing else',
  ),
  brokenSerializing(
    'rejects with whatever its serializer throws',
    (serializer, clock) => {
      const inner = new MemoryCacheStore({ clock, serializer });
      return overlay(inner, {
        set: (key, value, ttl) =>
          inner.set(key, value, ttl).catch((error) => {
            throw error.cause;
          }),
      });
    },
    'rejects with UNSERIALIZABLE if its serializer cannot write the value',
  ),
  brokenSerializing(
    'hides what it cannot read',
    (serializer, clock) => {
      const inner = new MemoryCacheStore({ clock, serializer });
      return overlay(inner, {
        get: <T>(key: string) => inner.get<T>(key).catch(() => undefined),
      });
    },
    'rejects the read of a value that its serializer cannot read',
  ),
  brokenSerializing(
    'gives no version of what it cannot read',
    (serializer, clock) => {
      const inner = new MemoryCacheStore({ clock, serializer });
      return overlay(inner, {
        async getVersioned<T>(key: string) {
          await inner.get(key);
          return inner.getVersioned<T>(key);
        },
      });
    },
    'returns a version for a value that its serializer cannot read, so that a load can replace it',
  ),
];
