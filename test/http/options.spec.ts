import { CacheService, MemoryCacheStore } from '@glasswork/cache';
import { cacheResponses } from '@glasswork/cache/hono';
import { responseCache } from '@glasswork/cache/http';
import { describe, expect, it } from 'vitest';
import { type ResponseSettings, responseSettings } from '../../src/http/options.js';
import { errorOf } from '../errors.js';

const of = (options: object, keepsLarge = false): ResponseSettings =>
  responseSettings(options as never, keepsLarge);

describe('the options of a response cache', () => {
  it.each([
    ['query', 'some'],
    ['query', ['a', 1]],
    ['query', null],
    ['query', { length: 0 }],
    ['key', 'key'],
    ['key', null],
    ['fetch', {}],
    ['tags', 'red'],
    ['tags', [1]],
    ['tags', null],
    ['tagHeader', ''],
    ['tagHeader', 'a b'],
    ['tagHeader', null],
    ['tagHeader', ['x-tags']],
    ['maxBodyBytes', 0],
    ['maxBodyBytes', -1],
    ['maxBodyBytes', Number.NaN],
    ['maxBodyBytes', '1 kB'],
    ['maxBodyBytes', '1000'],
    ['honourRequest', 'yes'],
    ['honourRequest', null],
    ['origin', 'a.test'],
    ['origin', 'https://a.test/'],
    ['origin', 'https://a.test/x'],
    ['origin', 'HTTPS://a.test'],
    ['origin', ''],
  ])('refuse %s: %j', (option, value) =>
    expect(errorOf(() => of({ [option]: value }))).toMatchObject({
      ...{ code: 'INVALID_OPTION', subject: option },
    }),
  );

  it.each([null, 60, '5m'])('are refused as a whole if they are %j', (options) => {
    const cache = new CacheService(new MemoryCacheStore());
    for (const create of [responseCache, cacheResponses])
      expect(errorOf(() => create(cache, options as never))).toMatchObject({
        ...{ code: 'INVALID_OPTION', subject: 'options' },
      });
  });

  it('take each form that is documented', () => {
    for (const query of ['all', 'none', [], ['a']]) expect(of({ query }).query).toBe(query);
    expect(of({ origin: 'https://a.test:8443' }).origin).toBe('https://a.test:8443');
    expect(of({ tagHeader: 'x-tags' }).tagHeader).toBe('x-tags');
    const tags = () => ['red'];
    expect(of({ tags })).toMatchObject({ tags: [], tagsOf: tags });
    expect(of({ tags: ['red'] })).toMatchObject({ tags: ['red'], tagsOf: undefined });
    expect(of({})).toMatchObject({ tags: [], tagsOf: undefined, tagHeader: undefined });
  });

  it('limit a body by what the store keeps', () => {
    expect(of({}).maxBodyBytes).toBeLessThan(400 * 1024);
    expect(of({}, true).maxBodyBytes).toBe(5 * 1024 * 1024);
    expect(of({ maxBodyBytes: 1 }, true).maxBodyBytes).toBe(1);
  });

  it('honour the directives of a request only if they are told to', () => {
    expect(of({}).honourRequest).toBe(false);
    expect(of({ honourRequest: false }).honourRequest).toBe(false);
    expect(of({ honourRequest: true }).honourRequest).toBe(true);
  });
});
