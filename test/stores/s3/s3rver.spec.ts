import { S3Client } from '@aws-sdk/client-s3';
import { S3CacheStore, type S3CacheStoreOptions } from '@glasswork/cache';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isNodeAvailable } from '../../../scripts/fetch-package.js';
import { s3rverCredentials, startS3rver } from '../../servers/s3rver.js';

const bucket = 'cache-bucket';
const region = 'us-east-1';
const timeouts = { connect: '20s', request: '20s', total: '60s' } as const;
const WAYS = ['the lean transport', 'an S3Client'] as const;

const suite = isNodeAvailable(24) ? describe : describe.skip;
suite('s3rver, which someone else wrote (skipped without Node 24: run npm test on Linux)', () => {
  let server: Awaited<ReturnType<typeof startS3rver>>;
  beforeAll(async () => {
    server = await startS3rver(bucket);
  });
  afterAll(() => server.stop());

  describe.each(WAYS)('takes from %s', (way) => {
    const open = (options?: Partial<S3CacheStoreOptions>) => {
      const { endpoint } = server;
      const credentials = s3rverCredentials;
      const lean = { endpoint, region, credentials: async () => credentials };
      const client = () => new S3Client({ endpoint, region, credentials, forcePathStyle: true });
      const prefix = way.replaceAll(' ', '-');
      return new S3CacheStore({
        ...{ bucket, prefix, timeouts },
        ...(way === 'an S3Client' ? { client } : lean),
        ...options,
      });
    };

    const KEYS = [
      'plain',
      'a/b//c?d=e&f+g h',
      '日本 😀',
      "quote'(s)*!",
      '\ud800',
      'k'.repeat(3_000),
    ];
    it.each(KEYS)('each request of the life of a key: %j', async (key) => {
      await using store = open();
      expect(await store.get(key)).toBeUndefined();
      expect(await store.has(key)).toBe(false);
      await store.set(key, { text: 'first' }, 60);
      expect(await store.get(key)).toEqual({ text: 'first' });
      expect(await store.has(key)).toBe(true);
      expect(await store.add(key, 'added', 60)).toBe(false);
      const { version } = await store.getVersioned(key);
      expect(await store.setIfUnchanged(key, { text: 'second' }, 60, version)).toBe(true);
      expect(await store.get(key)).toEqual({ text: 'second' });
      await store.del(key);
      expect(await store.get(key)).toBeUndefined();
      expect(await store.add(key, 'added', 60)).toBe(true);
      expect(await store.getMany([key, `${key}-other`])).toEqual(['added', undefined]);
    });

    // It leaves the slash that the SDK sends after a bucket's name out of the signature, and refuses the SDK's lists.
    const lists = async () => {
      await using store = open({ prefix: `${way.replaceAll(' ', '-')}/lists` });
      const keys = ['a', 'b/c', '日', `${'k'.repeat(2_000)}`];
      await store.setMany(keys.map((key) => ({ key, value: key, ttl: 60 })));
      expect(await store.delByPattern('[ab]')).toBe(0);
      expect(await store.delByPattern('b*')).toBe(1);
      expect(await store.delByPattern('kkk*')).toBe(1);
      expect(await store.getMany(keys)).toEqual(['a', undefined, '日', undefined]);
      await store.clear();
      expect(await store.getMany(keys)).toEqual(keys.map(() => undefined));
    };
    if (way === 'the lean transport') it('lists and deletions', lists);

    it('a check, which finds that it ignores conditions', async () => {
      await using store = open();
      await expect(store.check('app')).rejects.toThrow(
        /fence failed: a fill with an outdated version was accepted/,
      );
    });
  });

  it('refuses a signature with another secret', async () => {
    await using store = new S3CacheStore({
      ...{ bucket, region, endpoint: server.endpoint, timeouts },
      credentials: async () => ({ ...s3rverCredentials, secretAccessKey: 'other' }),
    });
    await expect(store.get('key')).rejects.toThrow(
      /SignatureDoesNotMatch.*Check AWS_SECRET_ACCESS_KEY/,
    );
  });
});
