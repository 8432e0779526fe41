import {
  type CacheEvent,
  CacheService,
  createCacheKey,
  MemoryCacheStore,
  type WrapOptions,
} from '@glasswork/cache';
import { type ResponseCacheOptions, responseCache } from '@glasswork/cache/http';
import { describe, expect, it } from 'vitest';
import { noteUnhandled } from '../unhandled.js';

/** Stands where the types want a function that returns at once. */
const failsLater = async () => {
  throw new Error('no database');
};
const promise = () => failsLater() as never;

describe('a promise where none may be, and which rejects', () => {
  it.each<[string, () => unknown]>([
    ['the key of a factory', () => createCacheKey('user', promise)()],
    [
      'the tags of a factory',
      () => cache().get(createCacheKey('k', () => 'k', { tags: promise })()),
    ],
    ['a key', () => cache().get(promise())],
    ['tags', () => cache().wrap('k', { ttl: 60, tags: promise() }, () => 1)],
    ['a ttl', () => cache().wrap('k', { ttl: promise() } satisfies WrapOptions, () => 1)],
    ['a ttl of set', () => cache().set('k', 1, promise())],
    ['one of the tags', () => cache().wrap('k', { ttl: 60, tags: [promise()] }, () => 1)],
    ['one of the keys', () => cache().delMany([promise()])],
    ['a load', () => cache().wrap('k', 60, promise())],
    ['keys', () => cache().getMany(promise())],
    ['tags to invalidate', () => cache().invalidateTags(promise())],
    ['options', () => cache().wrap('k', promise(), () => 1)],
    ['a configuration', () => new CacheService(new MemoryCacheStore(), promise())],
    ['a store', () => new CacheService(promise())],
    ['a prefix', () => new CacheService(new MemoryCacheStore(), { keyPrefix: promise() })],
  ])('%s: is refused, and does not end the process', async (_name, use) => {
    const unhandled = noteUnhandled();
    await expect(async () => use()).rejects.toMatchObject({ name: 'CacheError' });
    await unhandled();
  });

  it.each<[string, ResponseCacheOptions]>([
    ['the key', { ttl: 60, key: promise }],
    ['the tags', { ttl: 60, tags: promise }],
  ])('%s of a response: it passes, and the process does not end', async (_name, options) => {
    const unhandled = noteUnhandled();
    const cached = responseCache(cache(), options);
    const request = new Request('https://example.com/');
    const response = await cached(request, () => new Response('body'));
    expect(await response.text()).toBe('body');
    await unhandled();
  });

  it('a value: is not written', async () => {
    const unhandled = noteUnhandled();
    const errors: unknown[] = [];
    const onEvent = (event: CacheEvent) => void ('error' in event && errors.push(event.error));
    const service = new CacheService(new MemoryCacheStore(), { onEvent });
    expect(await service.set('k', promise(), 60)).toBe(false);
    expect(await service.setMany([{ key: 'k', value: promise() }])).toBe(false);
    const refused = expect.objectContaining({ code: 'UNSERIALIZABLE' });
    expect(errors).toEqual([refused, refused]);
    await unhandled();
  });

  it('a listener', async () => {
    const unhandled = noteUnhandled();
    const onEvent = promise;
    const service = new CacheService(new MemoryCacheStore(), { onEvent });
    expect(await service.wrap('k', 60, () => 1)).toBe(1);
    await unhandled();
  });
});

function cache(): CacheService {
  return new CacheService(new MemoryCacheStore());
}
