import { S3Client } from '@aws-sdk/client-s3';
import { CacheError, CacheService, S3CacheStore, type S3CacheStoreOptions } from '@glasswork/cache';
import { describe, expect, it, onTestFinished } from 'vitest';
import { consoleLines, rejectionsOf } from '../../console-lines.js';
import { freePort } from '../../servers/free-port.js';
import { failure, type S3Answer } from '../../servers/s3-bucket.js';
import { credentials } from '../../servers/s3-endpoint.js';
import { s3World } from './world.js';

const lines = consoleLines();

/** The lines that a service with this store prints, and the errors of what rejects. */
async function toldOf(options: Partial<S3CacheStoreOptions>) {
  const store = new S3CacheStore({
    ...{ bucket: 'cache-bucket', region: 'us-east-1', credentials: async () => credentials },
    ...options,
  });
  onTestFinished(() => store.close());
  const cache = new CacheService(store, { keyPrefix: 'shop', breaker: false });
  await cache.warm();
  for (let i = 0; i < 2; i++) {
    expect(await cache.wrap('user:secret', 60, () => ({ password: 'secret' }))).toEqual({
      password: 'secret',
    });
  }
  const told = [...lines];
  return { told, ...(await rejectionsOf(cache)) };
}

function expectCause(
  { told, check, del }: Awaited<ReturnType<typeof toldOf>>,
  line: RegExp,
  code: CacheError['code'] = 'STORE_FAILED',
): void {
  expect(told).toHaveLength(1);
  const [text = ''] = told;
  expect(text).toMatch(/^@glasswork\/cache: store "s3": [\w ]+ failed \([A-Z_]+\): S3: /);
  for (const message of [text, check?.message, del?.message]) {
    expect(message).toMatch(line);
    expect(message).toMatch(/ in bucket "[\w-]+"/);
    expect(message).not.toMatch(/ {2}|\.\.|\. \.|\?\.|undefined|secret/);
  }
  expect(check).toBeInstanceOf(CacheError);
  expect(check).toMatchObject({ code });
  expect(check?.message).toMatch(/^Check of the store "s3": [\w ]+ failed: S3: /);
  expect(del).toMatchObject({ code: 'NOT_CONFIRMED', cause: { code } });
}

const ways = ['the lean transport', 'an S3Client'] as const;
describe.each(ways)('the one line about S3 through %s', (way) => {
  async function world() {
    const { server, bucket } = await s3World();
    const { endpoint } = server;
    const optionsFor = (region = 'us-east-1', secretAccessKey = 'secret') => {
      const own = { ...credentials, secretAccessKey };
      if (way === 'the lean transport') return { endpoint, region, credentials: async () => own };
      // Its own pauses between tries would decide which error comes last.
      const settings = { forcePathStyle: true, maxAttempts: 1 };
      const client = new S3Client({ endpoint, region, credentials: own, ...settings });
      onTestFinished(() => client.destroy());
      return { client };
    };
    return { server, bucket, optionsFor };
  }

  it('is none for a healthy cache', async () => {
    const { optionsFor } = await world();
    expect(await toldOf(optionsFor())).toEqual({ told: [], check: undefined, del: undefined });
    expect(lines).toEqual([]);
  });

  it('names the region of a bucket in another one', async () => {
    const { server, optionsFor } = await world();
    server.createBucket('cache-bucket', 'eu-west-1');
    const told = await toldOf(optionsFor());
    expectCause(told, /The bucket "cache-bucket" is in eu-west-1: give region 'eu-west-1'\./);
  });

  it('names a bucket that does not exist', async () => {
    const { optionsFor } = await world();
    const told = await toldOf({ ...optionsFor(), bucket: 'other-bucket' });
    expectCause(told, /Create the bucket "other-bucket", or fix the option bucket/);
  });

  it('names a secret that does not belong to its key', async () => {
    const { optionsFor } = await world();
    const told = await toldOf(optionsFor('us-east-1', 'wrong'));
    expectCause(told, /Check AWS_SECRET_ACCESS_KEY|Allow s3:GetObject/);
  });

  const DENIED =
    'User: arn:aws:sts::123456789012:assumed-role/app/app is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::cache-bucket/cache/v/x" because no identity-based policy allows the s3:GetObject action';
  it.each<[string, S3Answer, RegExp]>([
    [
      'an action that is not allowed',
      failure(403, 'AccessDenied', DENIED),
      /Allow s3:GetObject on arn:aws:s3:::cache-bucket\/cache\/.*; a cache needs s3:GetObject and s3:PutObject on arn:aws:s3:::cache-bucket\/cache\/\*, and s3:ListBucket/,
    ],
    [
      'an action that is not allowed, without any text',
      failure(403, 'Forbidden', ''),
      /\(Forbidden\): (UnknownError\. )?Allow s3:GetObject on/,
    ],
    [
      'an action that is not allowed, without a word',
      failure(403, 'AccessDenied', 'Access Denied'),
      /Allow s3:GetObject on arn:aws:s3:::cache-bucket\/cache\/\*; .*403 for a missing object/,
    ],
    [
      'a key of KMS',
      failure(403, 'AccessDenied', DENIED.replaceAll('s3:GetObject', 'kms:Decrypt')),
      /Allow kms:Decrypt/,
    ],
    [
      'an explicit deny',
      failure(403, 'AccessDenied', 'with an explicit deny in a resource-based policy'),
      /Remove the deny of s3:GetObject on \S+ from the resource-based policy, because/,
    ],
    [
      'an access key that AWS does not know',
      failure(403, 'InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist.'),
      /AWS does not know these credentials in us-east-1/,
    ],
    [
      'a signature for another region',
      failure(400, 'AuthorizationHeaderMalformed', "the region 'us-east-1' is wrong", {
        'x-amz-bucket-region': 'eu-west-1',
      }),
      /The bucket "cache-bucket" is in eu-west-1: give region 'eu-west-1'/,
    ],
  ])('names %s', async (_, answer, line) => {
    const { server, optionsFor } = await world();
    server.intercept = () => answer;
    expectCause(await toldOf(optionsFor()), line);
  });

  it.each<[string, S3Answer, RegExp]>([
    ['a server that is not S3', { status: 404, body: '' }, /did not answer as S3 does/],
    ['a portal in front of S3', { status: 200, body: '<html>' }, /did not answer as S3 does/],
    ['a server that is too busy', failure(503, 'SlowDown', 'Please reduce.'), /adds capacity/],
    [
      'a server that fails',
      failure(500, 'InternalError', 'We had an error.'),
      /fault passes by itself/,
    ],
  ])('names %s', async (_, answer, line) => {
    const { server, optionsFor } = await world();
    server.intercept = () => answer;
    expectCause(await toldOf(optionsFor()), line);
  });

  it('names a port at which nothing listens', async () => {
    const endpoint = `http://127.0.0.1:${await freePort()}`;
    const region = 'us-east-1';
    const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
    onTestFinished(() => client.destroy());
    const told = await toldOf(way === 'an S3Client' ? { client } : { endpoint });
    expectCause(told, /Nothing listens/);
  });

  it('names a server that does not answer in time', async () => {
    const { server, optionsFor } = await world();
    server.intercept = () => () => {};
    const timeouts = { request: '100ms', total: '150ms' } as const;
    expectCause(await toldOf({ ...optionsFor(), timeouts }), /S3 answers too slowly/, 'TIMEOUT');
  });
});

describe('check', () => {
  it('leaves no object, and passes where none may be deleted', async () => {
    const { server, bucket, open } = await s3World();
    await open().check('shop');
    expect([...bucket.objects.keys()]).toEqual([]);
    server.intercept = ({ query }) =>
      query.has('delete') ? failure(403, 'AccessDenied', 'Access Denied') : undefined;
    await open().check('shop');
  });

  it('finds a service that ignores the conditions of writes', async () => {
    const { server, open } = await s3World();
    server.intercept = ({ method, headers, name, body }) => {
      if (method !== 'PUT' || !headers['if-match']) return undefined;
      const bucket = server.createBucket('cache-bucket');
      return { status: 200, headers: { etag: bucket.put(name, body) } };
    };
    await expect(open().check('shop')).rejects.toThrow(/outdated version was accepted|failed/);
  });
});

describe('an option that cannot work is refused', () => {
  const create = (options: object) => () =>
    new S3CacheStore({ bucket: 'cache-bucket', region: 'us-east-1', ...options });

  it.each<[object, RegExp]>([
    [{ bucket: '' }, /^bucket is '': give the name of a bucket/],
    [{ bucket: undefined }, /^bucket is undefined: give/],
    [{ bucket: 'Cache' }, /^bucket is 'Cache': give/],
    [{ bucket: 'a' }, /^bucket is 'a': give/],
    [{ bucket: 'cache/v' }, /^bucket is 'cache\/v': give/],
    [{ bucket: 'a..b' }, /^bucket is 'a\.\.b': give/],
    [{ bucket: '192.168.1.1' }, /^bucket is '192\.168\.1\.1': give/],
    [{ bucket: 'cache--usw2-az1--x-s3' }, /give with it the option client, an S3Client/],
    [{ bucket: 'arn:aws:s3:eu-west-1:123456789012:accesspoint/a' }, /the option client/],
    // Hosts that a URL would ignore, so that the request went to another bucket.
    [{ bucket: 'xn--a' }, /^pathStyle is undefined: give true for s3\.us-east-1\./],
    [
      { endpoint: 'http://127.0.0.1:1', pathStyle: false },
      /^pathStyle is false: give true for 127\.0\.0\.1\.$/,
    ],
    [
      { endpoint: 'http://[::1]:1', pathStyle: false },
      /^pathStyle is false: give true for \[::1\]/,
    ],
    [{ prefix: '' }, /^prefix is '': give a name such as "cache"/],
    [{ prefix: '/cache' }, /^prefix is/],
    [{ prefix: 'a//b' }, /^prefix is/],
    [{ prefix: 'a/../b' }, /^prefix is/],
    [{ prefix: 'a b' }, /^prefix is/],
    [{ prefix: 'p'.repeat(600) }, /^prefix is/],
    [{ region: 'EU' }, /^region is 'EU'/],
    [{ endpoint: 'localhost:9000' }, /^endpoint is/],
    [{ endpoint: 'https://key:secret@host' }, /^endpoint is 'https:\/\/…@host'/],
    [{ pathStyle: 'yes' }, /^pathStyle is 'yes': give true or false/],
    [{ useFipsEndpoint: true, endpoint: 'http://localhost:1' }, /^useFipsEndpoint is true/],
    [{ credentials: {} }, /^credentials is object: give an async function/],
    [{ timeouts: { total: 0 } }, /^timeouts\.total is 0/],
  ])('%j', (options, message) => {
    expect(create(options)).toThrow(message);
    expect(create(options)).toThrow(CacheError);
  });

  it.each([{}, { query() {} }])('refuses an invalid client: %j', async (client) => {
    const store = new S3CacheStore({ bucket: 'cache-bucket', client });
    await expect(store.get('key')).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      subject: 'client',
    });
  });
});
