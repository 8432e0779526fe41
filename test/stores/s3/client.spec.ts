import { S3CacheStore, type S3CacheStoreOptions } from '@glasswork/cache';
import { describe, expect, it, vi } from 'vitest';

type Input = Readonly<Record<string, unknown>>;
type Method = 'getObject' | 'putObject' | 'listObjectsV2' | 'deleteObjects';
type Methods = Partial<Record<Method, (input: Input, n: number) => unknown>>;

const failed = (status: number, name: string, more: object = {}): never => {
  throw Object.assign(new Error('no'), {
    name,
    $metadata: { httpStatusCode: status, attempts: 1 },
    ...more,
  });
};

/** An S3 in memory that records its calls. `methods` answer instead of it, unless they return undefined. */
function open(methods: Methods = {}, options: Partial<S3CacheStoreOptions> = {}) {
  const calls: [Method, Input][] = [];
  const objects = new Map<string, { body: Uint8Array; etag: string }>();
  const count = (method: Method) => calls.filter(([name]) => name === method).length;
  const call =
    (method: Method, work: (input: Input) => unknown) =>
    async (input: Input): Promise<unknown> => {
      calls.push([method, input]);
      return methods[method]?.(input, count(method)) ?? work(input);
    };
  const client = {
    getObject: call('getObject', ({ Key, Range }) => {
      const found = objects.get(String(Key));
      if (!found) return failed(404, 'NoSuchKey');
      const body = Range ? found.body.subarray(0, 4096) : found.body;
      return { ETag: found.etag, Body: { transformToByteArray: async () => body } };
    }),
    putObject: call('putObject', ({ Key, Body, IfMatch, IfNoneMatch }) => {
      const found = objects.get(String(Key));
      if (IfNoneMatch ? found : found?.etag !== IfMatch) return failed(412, 'PreconditionFailed');
      objects.set(String(Key), { body: Body as Uint8Array, etag: `"${calls.length}"` });
      return {};
    }),
    listObjectsV2: call('listObjectsV2', ({ Prefix }) => ({
      Contents: [...objects.keys()]
        .filter((name) => name.startsWith(String(Prefix)))
        .map((Key) => ({ Key })),
    })),
    deleteObjects: call('deleteObjects', ({ Delete }) => {
      for (const { Key } of Object(Delete).Objects) objects.delete(Key);
      return {};
    }),
  };
  const store = new S3CacheStore({ bucket: 'cache-bucket', client, ...options });
  const inputs = (method: Method) =>
    calls.flatMap(([name, input]) => (name === method ? [input] : []));
  return { store, calls, objects, inputs };
}

describe('the options of an S3 store', () => {
  it.each([
    [undefined, 'options'],
    [null, 'options'],
    [{ bucket: '', client: {} }, 'bucket'],
    [{ bucket: 5, client: {} }, 'bucket'],
    [{ bucket: 'cache-bucket', client: {}, prefix: 5 }, 'prefix'],
    [{ bucket: 'cache-bucket', client: {}, prefix: 'x'.repeat(513) }, 'prefix'],
  ])('refuse %j', (options, subject) => {
    const build = () => new S3CacheStore(options as unknown as S3CacheStoreOptions);
    expect(build).toThrow(expect.objectContaining({ code: 'INVALID_OPTION', subject }));
  });

  it('take a prefix of 512 characters', () => {
    expect(open({}, { prefix: 'x'.repeat(512) }).store.name).toBe('s3');
  });
});

describe('a read through a client of S3', () => {
  it('takes the whole object for a value, and its first bytes for a presence', async () => {
    const { store, inputs } = open();
    await store.set('k', 'value', 60);
    const before = inputs('getObject').length;
    expect([await store.get('k'), await store.has('k')]).toEqual(['value', true]);
    const [get, has] = inputs('getObject').slice(before);
    expect(get).not.toHaveProperty('Range');
    expect(has).toHaveProperty('Range', 'bytes=0-4095');
  });

  it('finds nothing where there is no object, and in an object without a byte', async () => {
    const { store } = open();
    expect(await store.getVersioned('k')).toEqual({ value: undefined, version: '' });
    const body = { transformToByteArray: async () => new Uint8Array() };
    const empty = open({
      getObject: ({ Range }) => (Range ? failed(416, 'InvalidRange') : { ETag: 'e', Body: body }),
    });
    expect(await empty.store.has('k')).toBe(false);
    expect(empty.inputs('getObject').map(({ Range }) => Range)).toEqual([
      'bytes=0-4095',
      undefined,
    ]);
    const odd = open({ getObject: () => failed(416, 'InvalidRange') });
    expect(await odd.store.get('k')).toBeUndefined();
  });

  it.each([
    [404, 'NoSuchBucket'],
    [400, 'NoSuchKey'],
    [403, 'AccessDenied'],
  ])('fails with %d %s', async (status, name) => {
    const { store } = open({ getObject: () => failed(status, name) });
    await expect(store.get('k')).rejects.toMatchObject({ code: 'STORE_FAILED' });
  });

  it.each([{}, { ETag: 'e' }, { Body: { transformToByteArray: async () => new Uint8Array(3) } }])(
    'fails where the answer lacks its body or its ETag',
    async (answer) => {
      const { store } = open({ getObject: () => answer });
      await expect(store.get('k')).rejects.toThrow('the response has no body or no ETag');
    },
  );

  it('of a tombstone has a version and no end, and of a value both', async () => {
    const { store } = open();
    await store.set('k', 'value', 60);
    expect(await store.getVersioned('k')).toEqual({
      ...{ value: 'value', version: expect.any(String), expiresAt: expect.any(Number) },
    });
    await store.del('k');
    const read = await store.getVersioned('k');
    expect(read).toEqual({ value: undefined, version: expect.any(String) });
    expect(read).not.toHaveProperty('expiresAt');
  });
});

describe('a write through a client of S3', () => {
  it('is one read and one request', async () => {
    const { store, calls } = open();
    await store.set('k', 1, 60);
    expect(calls.map(([method]) => method)).toEqual(['getObject', 'putObject']);
  });

  it.each([
    [404, 'NoSuchKey'],
    [409, 'ConditionalRequestConflict'],
    [412, 'PreconditionFailed'],
  ])('is tried again after %d %s', async (status, name) => {
    const { store, inputs } = open({
      putObject: (_, n) => (n === 1 ? failed(status, name) : undefined),
    });
    await store.set('k', 1, 60);
    expect(inputs('putObject')).toHaveLength(2);
    expect(await store.get('k')).toBe(1);
  });

  it.each([
    [404, 'NoSuchBucket'],
    [400, 'NoSuchKey'],
    [500, 'InternalError'],
  ])('fails at once with %d %s', async (status, name) => {
    const { store, inputs } = open({ putObject: () => failed(status, name) });
    await expect(store.set('k', 1, 60)).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect(inputs('putObject')).toHaveLength(1);
  });

  it('that is too large says so', async () => {
    const { store } = open({ putObject: () => failed(400, 'EntityTooLarge') });
    await expect(store.set('k', 1, 60)).rejects.toMatchObject({ code: 'VALUE_TOO_LARGE' });
  });

  it('may have nearly 32 MB, and no byte more', async () => {
    const { store } = open();
    const size = 32 * 1024 * 1024 - 16 * 1024;
    // With its quotes.
    await store.set('k', 'x'.repeat(size - 2), 60);
    await expect(store.set('k', 'x'.repeat(size - 1), 60)).rejects.toMatchObject({
      code: 'VALUE_TOO_LARGE',
    });
  });

  it('gives up after 16 tries, with a pause after each', async () => {
    const random = vi.spyOn(Math, 'random').mockReturnValue(0);
    const { store, inputs } = open({ putObject: () => failed(409, 'Conflict') });
    await expect(store.set('k', 1, 60)).rejects.toThrow('16 conditional writes of one key failed');
    expect(inputs('putObject')).toHaveLength(16);
    expect(random).toHaveBeenCalledTimes(16);
    random.mockClear();
    expect(await store.setIfUnchanged('k', 1, 60, '')).toBe(false);
    expect(inputs('putObject')).toHaveLength(32);
    expect(random).toHaveBeenCalledTimes(15);
  });

  it('that a condition refuses at its first try reads nothing more', async () => {
    const { store, inputs } = open();
    const { version } = await store.getVersioned('k');
    await store.set('k', 'theirs', 60);
    const before = inputs('getObject').length;
    expect(await store.setIfUnchanged('k', 'late', 60, version)).toBe(false);
    expect(inputs('getObject')).toHaveLength(before);
  });
});

describe('an error of a client of S3', () => {
  it.each<[object, string]>([
    [{ name: 'SlowDown', $metadata: { httpStatusCode: 503 } }, '(SlowDown)'],
    [{ name: 'UnknownError', $metadata: { httpStatusCode: 503 } }, '(HTTP 503)'],
    [{ name: 'Unknown', $metadata: { httpStatusCode: 300 } }, '(HTTP 300)'],
    [{ name: '403', $metadata: { httpStatusCode: 403 } }, '(HTTP 403)'],
    [{ name: 'Error', $metadata: { httpStatusCode: 200 } }, '(Error)'],
    [{ name: undefined }, '(Error)'],
    [{ name: 'Error', code: 'ECONNREFUSED' }, '(ECONNREFUSED)'],
    [{ name: 'Odd', code: 5 }, '(Odd)'],
  ])('%j is named', async (members, expected) => {
    const getObject = () => {
      throw Object.assign(new Error('no'), members);
    };
    await expect(open({ getObject }).store.get('k')).rejects.toThrow(expected);
  });

  it.each<[object, string]>([
    [{ region: 'eu-west-1' }, 'in bucket "cache-bucket" in eu-west-1 failed'],
    [{ region: 5 }, 'in bucket "cache-bucket" failed'],
  ])('says where: %j', async (config, expected) => {
    const client = { putObject() {}, getObject: async () => failed(403, 'AccessDenied'), config };
    const store = new S3CacheStore({ bucket: 'cache-bucket', client });
    // The first call does not wait for the client's settings.
    await store.get('k').catch(() => {});
    await expect(store.get('k')).rejects.toThrow(expected);
  });

  it('of anything but a client says so, at warm() already', async () => {
    const client = vi.fn(async () => ({}));
    const store = new S3CacheStore({ bucket: 'cache-bucket', client });
    await expect(store.warm()).rejects.toThrow(/^client is not an S3 client/);
    expect(client).toHaveBeenCalledOnce();
  });
});

describe('many keys in S3', () => {
  it('are read, written and deleted as one by one', async () => {
    const { store } = open();
    await store.setMany(['a', 'b'].map((key) => ({ key, value: key, ttl: 60 })));
    expect(await store.getMany(['b', 'none', 'a'])).toEqual(['b', undefined, 'a']);
    await store.delMany(['a', 'b']);
    expect(await store.getMany(['a', 'b'])).toEqual([undefined, undefined]);
  });

  it('are deleted by a pattern, which reads only those that may match', async () => {
    const { store, inputs } = open();
    const long = (end: string) => `a:${'x'.repeat(300)}${end}`;
    const longest = `a:${'x'.repeat(5_000)}end`;
    for (const key of [
      'a:end',
      'a:other',
      'b:end',
      'a:gone end',
      long('end'),
      long('other'),
      longest,
    ])
      await store.set(key, 1, 60);
    await store.del('a:gone end');
    const [gets, puts] = [inputs('getObject').length, inputs('putObject').length];
    expect(await store.delByPattern('a:*end')).toBe(3);
    // One read of each of the five whose name may match, and another of the key that is longer than its first bytes.
    expect(inputs('getObject')).toHaveLength(gets + 6);
    expect(inputs('putObject')).toHaveLength(puts + 3);
    expect(await store.getMany(['a:end', long('end'), longest])).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(await store.getMany(['a:other', 'b:end', long('other')])).toEqual([1, 1, 1]);
  });

  it('are listed page by page, and no name twice or from elsewhere', async () => {
    const page = { Contents: [{ Key: 'cache/v/a' }, { Key: 'cache/r/=23tag:a:b' }, {}] };
    const { store, inputs } = open({
      listObjectsV2: ({ ContinuationToken }) =>
        ContinuationToken
          ? { Contents: [{ Key: 'other/v/a' }] }
          : { ...page, NextContinuationToken: 'next' },
    });
    await store.clear();
    const lists = inputs('listObjectsV2');
    expect(lists.map((input) => [input.Prefix, input.ContinuationToken])).toEqual([
      ...[
        ['cache/v/', undefined],
        ['cache/v/', 'next'],
      ],
      ...[
        ['cache/r/', undefined],
        ['cache/r/', 'next'],
      ],
    ]);
    expect(lists[0]).not.toHaveProperty('ContinuationToken');
    const deleted = inputs('deleteObjects').flatMap(({ Delete }) => Object(Delete).Objects);
    expect(deleted).toEqual([{ Key: 'cache/v/a' }, { Key: 'cache/r/=23tag:a:b' }]);
  });

  it('are listed by folder in a directory bucket, whose names have no other starts', async () => {
    const bucket = 'cache--euw1-az1--x-s3';
    const { store, inputs } = open({}, { bucket });
    await store.delByPattern('a:*');
    expect(inputs('listObjectsV2').map(({ Prefix }) => Prefix)).toEqual(['cache/v/', 'cache/r/']);
    const plain = open();
    await plain.store.delByPattern('a:*');
    expect(plain.inputs('listObjectsV2').map(({ Prefix }) => Prefix)).toEqual(['cache/v/a:']);
  });

  it.each([
    ['SlowDown', 5],
    ['AccessDenied', 1],
  ])('that are not deleted for %s fail a clear after %d requests', async (Code, requests) => {
    const random = vi.spyOn(Math, 'random').mockReturnValue(0);
    const { store, inputs } = open({
      deleteObjects: () => ({ Errors: [{ Key: 'cache/v/a', Code }] }),
    });
    await store.set('a', 1, 60);
    random.mockClear();
    await expect(store.clear()).rejects.toThrow(Code);
    expect(inputs('deleteObjects')).toHaveLength(requests);
    expect(random).toHaveBeenCalledTimes(requests - 1);
  });

  it('that are deleted at once wait for nothing', async () => {
    const random = vi.spyOn(Math, 'random');
    const { store } = open();
    await store.set('a', 1, 60);
    random.mockClear();
    await store.clear();
    expect(random).not.toHaveBeenCalled();
  });
});
