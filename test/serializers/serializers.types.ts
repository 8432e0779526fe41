import {
  type CompressionOptions,
  compressed,
  DynamoDBCacheStore,
  encrypted,
  jsonSerializer,
  MemoryCacheStore,
  RedisCacheStore,
  type Serializer,
  type SyncSerializer,
  structuredSerializer,
} from '@glasswork/cache';
import { KeyvCacheStore, keyvAdapter } from '@glasswork/cache/keyv';
import Keyv from 'keyv';
import { Keyv as Keyv6 } from 'keyv-6';
import { type Assert, type Fits, hasType } from '../type-assertions.js';

// Compiled with the tests, and never run: which serializers a store takes, and what wraps what.

export type Checks = [
  Assert<Fits<typeof jsonSerializer, SyncSerializer>>,
  Assert<Fits<typeof structuredSerializer, SyncSerializer>>,
  Assert<Fits<SyncSerializer, Serializer>>,
  Assert<
    Fits<
      { threshold?: number; algorithm?: 'gzip' | 'brotli' | 'zstd'; maxBytes?: number },
      CompressionOptions
    >
  >,
];

declare const keyService: Serializer;
declare const keys: Record<string, Uint8Array>;

hasType<SyncSerializer>()(compressed(jsonSerializer));
hasType<SyncSerializer>()(encrypted(compressed(structuredSerializer), { keys }));
hasType<Serializer>()(compressed(keyService, { algorithm: 'zstd' }));
hasType<Serializer>()(encrypted(keyService, { keys }));

export const stores = [
  new MemoryCacheStore({ serializer: encrypted(structuredSerializer, { keys }) }),
  // @ts-expect-error: its reads do not wait.
  new MemoryCacheStore({ serializer: keyService }),
  // @ts-expect-error: nor for what is around it.
  new MemoryCacheStore({ serializer: compressed(keyService) }),
  new DynamoDBCacheStore({ tableName: 'cache', serializer: keyService }),
  new RedisCacheStore({ url: 'redis://localhost', serializer: encrypted(keyService, { keys }) }),
  new KeyvCacheStore(new Keyv(), { serializer: keyService }),
  new KeyvCacheStore(new Keyv6()),
  new KeyvCacheStore(new Map()),
];

export const keyvs = [
  new Keyv({ store: keyvAdapter(new MemoryCacheStore()) }),
  new Keyv(keyvAdapter(new MemoryCacheStore())),
  new Keyv6({ store: keyvAdapter(new MemoryCacheStore()) }),
];
