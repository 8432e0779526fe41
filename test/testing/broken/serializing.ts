import type { Clock } from '../../../src/model/time.js';
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
    store: new MemoryCacheStore({ clock }),
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
  brokenSerializing(
    'reads without the key',
    (serializer, clock) =>
      new MemoryCacheStore({
        clock,
        serializer: { ...serializer, deserialize: (raw) => serializer.deserialize(raw, '') },
      }),
    'keeps bytes of a serializer',
  ),
  brokenSerializing(
    'gives its serializer a text of its own with each read',
    (serializer, clock) => {
      const inner = new MemoryCacheStore({ clock, serializer });
      return overlay(inner, {
        async getVersioned<T>(key: string) {
          const read = await inner.getVersioned<T>(key);
          serializer.deserialize('"own"', key);
          return read;
        },
      });
    },
    'serializes values and nothing else',
  ),
  brokenSerializing(
    'gives its serializer a copy of the value',
    (serializer, clock) =>
      new MemoryCacheStore({
        clock,
        serializer: {
          ...serializer,
          serialize: (value, key) => serializer.serialize(structuredClone(value), key),
        },
      }),
    'serializes values and nothing else',
  ),
  brokenSerializing(
    'has what its serializer could not write',
    (serializer, clock) => {
      const inner = new MemoryCacheStore({ clock, serializer });
      const tried = new Set<string>();
      return overlay(inner, {
        has: async (key) => tried.has(key),
        async set(key, value, ttl) {
          tried.add(key);
          await inner.set(key, value, ttl);
        },
      });
    },
    'rejects with UNSERIALIZABLE if its serializer cannot write the value',
  ),
  ...(['getMany', 'get'] as const).map((member) =>
    brokenSerializing(
      `loses what its serializer wrote in ${member}`,
      (serializer, clock) => {
        const inner = new MemoryCacheStore({ clock, serializer });
        const lost = { get: async () => undefined, getMany: async () => [undefined] };
        return overlay(inner, { [member]: lost[member] });
      },
      'keeps bytes of a serializer',
    ),
  ),
  brokenSerializing(
    'never replaces what its serializer could not read',
    (serializer, clock) => {
      const inner = new MemoryCacheStore({ clock, serializer });
      const spoilt = new Set<string>();
      return overlay(inner, {
        async get<T>(key: string) {
          if (spoilt.has(key)) return undefined;
          return inner.get<T>(key).catch((error) => {
            spoilt.add(key);
            throw error;
          });
        },
      });
    },
    'rejects the read of a value that its serializer cannot read',
  ),
  brokenSerializing(
    'does not delete what its serializer cannot read',
    (serializer, clock) => {
      const inner = new MemoryCacheStore({ clock, serializer });
      return overlay(inner, {
        async del(key) {
          await inner.get(key);
          await inner.del(key);
        },
      });
    },
    'rejects the read of a value that its serializer cannot read',
  ),
  ...[
    { what: 'hides the error of a read with a version', error: undefined },
    { what: 'tells another error of a read with a version', error: new Error('unknown') },
  ].map(({ what, error }) =>
    brokenSerializing(
      what,
      (serializer, clock) => {
        const inner = new MemoryCacheStore({ clock, serializer });
        return overlay(inner, {
          getVersioned: async <T>(key: string) => ({
            ...(await inner.getVersioned<T>(key)),
            error,
          }),
        });
      },
      'returns a version for a value that its serializer cannot read, so that a load can replace it',
    ),
  ),
  brokenSerializing(
    'says that it replaced what its serializer cannot read, and does not',
    (serializer, clock) =>
      overlay(new MemoryCacheStore({ clock, serializer }), {
        async setIfUnchanged(_key, value) {
          return value !== 'late';
        },
        get: async () => undefined,
      }),
    'returns a version for a value that its serializer cannot read, so that a load can replace it',
  ),
  brokenSerializing(
    'replaces what its serializer could not read more than once',
    (serializer, clock) => {
      const inner = new MemoryCacheStore({ clock, serializer });
      return overlay(inner, {
        async setIfUnchanged(key, value, ttl, version) {
          return (await inner.setIfUnchanged(key, value, ttl, version)) || value === 'late';
        },
      });
    },
    'returns a version for a value that its serializer cannot read, so that a load can replace it',
  ),
];
