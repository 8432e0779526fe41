import { CacheError, type CacheEvent, CacheService, MemoryCacheStore } from '@glasswork/cache';
import { type CloudFrontOptions, cloudFront } from '@glasswork/cache/cloudfront';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { isEdgeHeader } from '../../../src/http/edge-tags.js';
import { errorOf } from '../../errors.js';
import { credentials, DISTRIBUTION, startCloudFront } from '../../servers/cloudfront.js';

async function edge(options: Partial<CloudFrontOptions> = {}) {
  const server = await startCloudFront();
  onTestFinished(server.stop);
  const events: CacheEvent[] = [];
  const front = cloudFront({
    distributionId: DISTRIBUTION,
    endpoint: server.endpoint,
    credentials: async () => credentials,
    onEvent: (event) => events.push(event),
    ...options,
  });
  const items = () => server.accepted.map((invalidation) => invalidation.items);
  return { ...server, ...front, events, items };
}

const THROTTLED = { status: 400, code: 'Throttling', message: 'Rate exceeded' };

describe('an invalidation', () => {
  it.each([
    [{ tags: ['user:1', 'a&b<c>"\''] }, ['#user:1', '#a&b<c>"\'']],
    [{ keys: ['GET /users', 'k'] }, ['#~key:%47%45%54%20/users', '#~key:k']],
    [{ pattern: 'user:*' }, ['#~all']],
    [{ prefix: 'app' }, ['#~prefix:app']],
    [{ prefix: undefined }, ['#~prefix:']],
  ])('of %j purges its edge tags', async (what, expected) => {
    const { onInvalidate, items } = await edge();
    await onInvalidate({ ...what, soft: false });
    expect(items()).toEqual([expected]);
  });

  it('purges when it is soft, too', async () => {
    const { onInvalidate, items } = await edge();
    await onInvalidate({ tags: ['a'], soft: true });
    expect(items()).toEqual([['#a']]);
  });

  it('shares one request with all others of its tick, paths included, each item once', async () => {
    const { onInvalidate, invalidatePaths, items, events } = await edge();
    await Promise.all([
      onInvalidate({ tags: ['a', 'b'], soft: false }),
      onInvalidate({ tags: ['B', 'c'], soft: true }),
      invalidatePaths('/index.html', '/images/*'),
      onInvalidate({ prefix: 'app', soft: false }),
    ]);
    expect(items()).toEqual([['#a', '#B', '#c', '#~prefix:app', '/index.html', '/images/*']]);
    expect(events).toEqual([
      { type: 'edge-invalidate', tags: 4, paths: 2, attempts: 1, durationMs: expect.any(Number) },
    ]);
  });

  it('never joins a request that has left', async () => {
    const { onInvalidate, accepted } = await edge();
    await onInvalidate({ tags: ['a'], soft: false });
    await onInvalidate({ tags: ['a'], soft: false });
    expect(accepted.map(({ items }) => items)).toEqual([['#a'], ['#a']]);
    expect(accepted[0]?.reference).not.toBe(accepted[1]?.reference);
  });

  it('of nothing sends nothing', async () => {
    const { onInvalidate, invalidatePaths, requests, events } = await edge();
    await onInvalidate({ tags: [], soft: false });
    await onInvalidate({ keys: [], soft: false });
    await invalidatePaths();
    expect(requests).toEqual([]);
    expect(events).toEqual([]);
  });

  it('of more than CloudFront takes purges everything in one item', async () => {
    const { onInvalidate, invalidatePaths, items } = await edge();
    const names = Array.from({ length: 3_001 }, (_, i) => `${i}`);
    await onInvalidate({ tags: names, soft: false });
    await onInvalidate({ tags: names.slice(1), soft: false });
    await Promise.all([
      onInvalidate({ tags: ['a'], soft: false }),
      invalidatePaths(...names.map((name) => `/${name}`)),
    ]);
    expect(items()).toEqual([['#~all'], names.slice(1).map((name) => `#${name}`), ['#a', '/*']]);
  });

  it('of more paths with a wildcard than CloudFront takes purges all paths in one item', async () => {
    const { onInvalidate, invalidatePaths, items } = await edge();
    const paths = Array.from({ length: 16 }, (_, i) => `/${i}/*`);
    await Promise.all([
      onInvalidate({ tags: ['a*'], soft: false }),
      invalidatePaths('/index.html', ...paths),
    ]);
    await Promise.all([
      onInvalidate({ tags: ['a*'], soft: false }),
      invalidatePaths('/index.html', ...paths.slice(1)),
    ]);
    expect(items()).toEqual([
      ['#a*', '/*'],
      ['#a*', '/index.html', ...paths.slice(1)],
    ]);
  });

  it('of as many paths as CloudFront takes leaves room for a tag beside them', async () => {
    const { onInvalidate, invalidatePaths, items } = await edge();
    const paths = Array.from({ length: 3_000 }, (_, i) => `/${i}`);
    await Promise.all([onInvalidate({ tags: ['a'], soft: false }), invalidatePaths(...paths)]);
    await invalidatePaths(...paths.slice(1));
    expect(items()).toEqual([['#a', '/*'], paths.slice(1)]);
  });

  it('takes the credentials of the environment unless it is given others', async () => {
    vi.stubEnv('AWS_PROFILE', undefined);
    vi.stubEnv('AWS_ACCESS_KEY_ID', credentials.accessKeyId);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', credentials.secretAccessKey);
    vi.stubEnv('AWS_SESSION_TOKEN', undefined);
    onTestFinished(() => void vi.unstubAllEnvs());
    const { onInvalidate, items } = await edge({ credentials: undefined });
    await onInvalidate({ tags: ['a'], soft: false });
    expect(items()).toEqual([['#a']]);
  });

  it('uses a session token', async () => {
    const { onInvalidate, requests } = await edge({
      credentials: async () => ({ ...credentials, sessionToken: 'token' }),
    });
    await onInvalidate({ tags: ['a'], soft: false });
    expect(requests[0]?.headers['x-amz-security-token']).toBe('token');
  });
});

describe('a path', () => {
  it.each([
    ['/a b', '/a%20b'],
    ['/ü?q=1&r=<2>', '/%C3%BC?q=1&r=<2>'],
    ['/%20', '/%20'],
    ['/*', '/*'],
    [`/${'a'.repeat(3_999)}`, `/${'a'.repeat(3_999)}`],
  ])('%s is purged as %s', async (path, item) => {
    const { invalidatePaths, items } = await edge();
    await invalidatePaths(path);
    expect(items()).toEqual([[item]]);
  });

  it.each([
    ['nothing', ''],
    ['a path without its slash', 'index.html'],
    ['a wildcard inside', '/a*b'],
    ['a tag', '#tag'],
    ['half a character', '/\ud800'],
    ['4,001 characters', `/${'a'.repeat(4_000)}`],
  ])('of %s is refused before anything is sent', async (_what, path) => {
    const { invalidatePaths, requests } = await edge();
    await expect(invalidatePaths('/ok', path)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    expect(requests).toEqual([]);
  });
});

describe('a failure', () => {
  it('of throttling is tried again with the same CallerReference', async () => {
    const { onInvalidate, faults, requests, accepted, events } = await edge();
    const full = { ...THROTTLED, code: 'TooManyInvalidationsInProgress' };
    faults.push(THROTTLED, { ...THROTTLED, status: 503, code: 'ServiceUnavailable' }, full);
    await onInvalidate({ tags: ['a'], soft: false });
    expect(new Set(requests.map(({ body }) => body)).size).toBe(1);
    expect(accepted).toHaveLength(1);
    expect(events).toMatchObject([{ type: 'edge-invalidate', attempts: 4 }]);
  });

  it.each(['hang up', 'lose the answer'] as const)(
    'of the connection (%s) creates one invalidation',
    async (fault) => {
      const { onInvalidate, faults, requests, accepted } = await edge();
      faults.push(fault);
      await onInvalidate({ tags: ['a'], soft: false });
      expect(requests).toHaveLength(2);
      expect(accepted).toHaveLength(1);
    },
  );

  it('rejects all calls of the tick, with the reason and the remedy, and is an event', async () => {
    const { onInvalidate, faults, events } = await edge();
    faults.push({
      status: 403,
      code: 'AccessDenied',
      message: 'User: <arn> & co is not authorized',
    });
    const calls = ['a', 'b'].map((tag) => onInvalidate({ tags: [tag], soft: false }));
    const outcomes = await Promise.all(calls.map((call) => call.catch((error) => error)));
    const message =
      'CloudFront did not purge distribution E2EXAMPLE (AccessDenied): User: <arn> & co is not authorized. Allow cloudfront:CreateInvalidation on the distribution to the role.';
    for (const error of outcomes) {
      expect(error).toBeInstanceOf(CacheError);
      expect(error).toMatchObject({ code: 'STORE_FAILED', message, subject: DISTRIBUTION });
      expect(error.cause).toMatchObject({ name: 'AccessDenied' });
    }
    expect(events).toEqual([
      { type: 'store-error', operation: 'invalidate edge', key: undefined, error: outcomes[0] },
    ]);
  });

  it.each([
    ['a distribution that does not exist', { distributionId: 'E1' }, 'Check distributionId'],
    [
      'wrong credentials',
      { credentials: async () => ({ ...credentials, secretAccessKey: 'other' }) },
      'Check the credentials',
    ],
  ])('because of %s names what to check', async (_what, options, remedy) => {
    const { onInvalidate } = await edge(options);
    await expect(onInvalidate({ tags: ['a'], soft: false })).rejects.toThrow(remedy);
  });

  it('is an answer of 200 that is not from CloudFront', async () => {
    const { onInvalidate, faults } = await edge();
    faults.push({ page: '<html>Sign in</html>' });
    await expect(onInvalidate({ tags: ['a'], soft: false })).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringContaining('HTTP 200'),
    });
  });

  it.each([300, 403])(
    'is an answer of %i, whatever it repeats of an accepted one',
    async (pageStatus) => {
      const { onInvalidate, faults } = await edge();
      faults.push({ page: '<Invalidation><Id>I1</Id></Invalidation>', pageStatus });
      await expect(onInvalidate({ tags: ['a'], soft: false })).rejects.toMatchObject({
        code: 'STORE_FAILED',
        message: expect.stringContaining(`HTTP ${pageStatus}`),
      });
    },
  );

  it('does not stay: the next call is a request of its own', async () => {
    const { onInvalidate, faults, items } = await edge();
    faults.push({ status: 400, code: 'InvalidArgument', message: 'no' });
    await expect(onInvalidate({ tags: ['a'], soft: false })).rejects.toThrow('CacheTagConfig');
    await onInvalidate({ tags: ['a'], soft: false });
    expect(items()).toEqual([['#a']]);
  });

  it('is reported on the console unless somebody listens', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const { onInvalidate, faults } = await edge({ onEvent: undefined });
    faults.push({ status: 403, code: 'AccessDenied', message: 'no' });
    await expect(onInvalidate({ tags: ['a'], soft: false })).rejects.toThrow();
    expect(warn.mock.calls).toEqual([
      [expect.stringContaining('invalidate edge failed (STORE_FAILED)')],
    ]);
  });
});

describe('a service with an edge', () => {
  it('purges what it has confirmed, each kind of invalidation', async () => {
    const { onInvalidate, items } = await edge();
    const cache = new CacheService(new MemoryCacheStore(), { keyPrefix: 'app', onInvalidate });
    await cache.del('k');
    await cache.invalidateTags(['a', 'b']);
    await cache.delByPattern('k*');
    await cache.clear();
    expect(items()).toEqual([['#~key:k'], ['#a', '#b'], ['#~all'], ['#~prefix:app']]);
  });

  it('says why an invalidation is not confirmed', async () => {
    const { onInvalidate, faults } = await edge();
    const cache = new CacheService(new MemoryCacheStore(), { onInvalidate, onEvent: () => {} });
    faults.push({ status: 403, code: 'AccessDenied', message: 'no' });
    await expect(cache.invalidateTags(['a'])).rejects.toMatchObject({
      code: 'NOT_CONFIRMED',
      message: expect.stringContaining('Allow cloudfront:CreateInvalidation'),
    });
  });

  it('purges in one request what was confirmed in the same tick', async () => {
    const { onInvalidate, items } = await edge();
    const cache = new CacheService(new MemoryCacheStore(), { onInvalidate });
    await Promise.all(['a', 'b', 'c'].map((tag) => cache.invalidateTags([tag])));
    expect(items()).toEqual([['#a', '#b', '#c']]);
  });
});

describe('the options', () => {
  it('name the header of the distribution', async () => {
    const { tagHeader } = await edge();
    expect(tagHeader).toBe('cache-tag');
    const own = await edge({ header: 'X-Tags-Of-Mine' });
    expect(own.tagHeader).toBe('X-Tags-Of-Mine');
    expect(isEdgeHeader('x-tags-of-mine')).toBe(true);
  });

  it.each<[string, object]>([
    ['distributionId', { distributionId: '' }],
    ['distributionId', { distributionId: 'E1/../E2' }],
    ['distributionId', { distributionId: undefined }],
    ['header', { header: '' }],
    ['header', { header: 'a b' }],
    ['header', { header: 'a\r\nb' }],
    ['endpoint', { endpoint: 'cloudfront' }],
    ['credentials', { credentials: { accessKeyId: 'a' } }],
    ['onEvent', { onEvent: 'console' }],
  ])('are checked: %s', (subject, options) => {
    const all = { distributionId: DISTRIBUTION, ...options } as CloudFrontOptions;
    expect(errorOf(() => cloudFront(all))).toMatchObject({ code: 'INVALID_OPTION', subject });
  });

  it.each([undefined, null, 'E2EXAMPLE'])('must be an object, not %s', (options) => {
    expect(errorOf(() => cloudFront(options as never))).toMatchObject({ code: 'INVALID_OPTION' });
  });

  it('find the endpoint in the environment', async () => {
    const { endpoint, items } = await edge();
    vi.stubEnv('AWS_ENDPOINT_URL_CLOUDFRONT', endpoint);
    onTestFinished(() => void vi.unstubAllEnvs());
    const front = cloudFront({
      distributionId: DISTRIBUTION,
      credentials: async () => credentials,
    });
    await front.onInvalidate({ tags: ['a'], soft: false });
    expect(items()).toEqual([['#a']]);
  });
});
