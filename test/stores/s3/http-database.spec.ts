import dns from 'node:dns';
import { S3CacheStore } from '@glasswork/cache';
import { describe, expect, it, onTestFinished } from 'vitest';
import { httpDatabase } from '../../../src/stores/s3/http-database.js';
import { credentials, type Reply, serveHttp } from '../../aws/servers.js';
import { resolveLocalhost } from '../../servers/s3-endpoint.js';
import { s3World } from './world.js';

/** A store whose server answers a request of this method with this, and finds nothing otherwise. */
async function storeAt(method: string, reply: Reply) {
  const { url, requests } = await serveHttp((request) => {
    if (request.method !== method) return error(404, 'NoSuchKey');
    return reply;
  });
  const store = new S3CacheStore({
    ...{ bucket: 'cache-bucket', region: 'us-east-1', endpoint: url.href },
    credentials: async () => credentials,
  });
  onTestFinished(() => store.close());
  const count = () => requests.filter((request) => request.method === method).length;
  return { store, requests, count };
}

const error = (status: number, code: string, headers: Record<string, string> = {}) => ({
  ...{ status, headers },
  body: `<Error><Code>${code}</Code><Message>no</Message></Error>`,
});
const etag = '"e"';
const failed = { code: 'STORE_FAILED', subject: 'cache-bucket' };

describe('a read from S3 over HTTP', () => {
  it.each<[string, Reply]>([
    ['another status with an ETag', error(403, 'AccessDenied', { etag })],
    ['status 200 without an ETag', { body: '' }],
    ['404 for another reason', error(404, 'NoSuchBucket')],
    ['the reason with another status', error(400, 'NoSuchKey')],
  ])('fails with %s', async (_, reply) => {
    const { store } = await storeAt('GET', reply);
    await expect(store.get('k')).rejects.toMatchObject(failed);
    await expect(store.has('k')).rejects.toMatchObject(failed);
  });

  it('asks for the first bytes alone where it needs no value, and once where there is none', async () => {
    const { store, requests } = await storeAt('GET', error(404, 'NoSuchKey'));
    expect([await store.has('k'), await store.get('k')]).toEqual([false, undefined]);
    expect(requests.map(({ headers }) => headers.range)).toEqual(['bytes=0-4095', undefined]);
  });
});

describe('a write to S3 over HTTP', () => {
  it.each<[string, Reply]>([
    ['status 200 without an ETag', { body: '' }],
    ['404 for another reason', error(404, 'NoSuchBucket')],
    ['the reason with another status', error(400, 'NoSuchKey', { etag })],
  ])('fails at once with %s', async (_, reply) => {
    const { store, count } = await storeAt('PUT', reply);
    await expect(store.set('k', 1, 60)).rejects.toMatchObject(failed);
    expect(count()).toBe(1);
  });

  it('is refused by 412, also with an ETag', async () => {
    const { store } = await storeAt('PUT', error(412, 'PreconditionFailed', { etag }));
    expect(await store.setIfUnchanged('k', 1, 60, etag)).toBe(false);
  });

  it('does not guess the state of a key that another call is writing', async () => {
    const { server, open } = await s3World();
    const store = open();
    const puts = () => server.requests.filter(({ method }) => method === 'PUT').length;
    await store.set('a:1', 'first', 60);
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    server.intercept = async ({ method, query }, answer) => {
      if (method === 'PUT') await released;
      // The list is the last request before the deletion reads the object.
      if (query.has('list-type')) setTimeout(release, 100);
      return answer();
    };
    const writing = store.set('a:1', 'second', 60);
    await expect.poll(puts).toBe(2);
    expect(await store.delByPattern('a:*')).toBe(1);
    await writing;
    expect(await store.get('a:1')).toBeUndefined();
    expect(puts()).toBe(3);
  });
});

describe('a list from S3 over HTTP', () => {
  const page = (more: string) =>
    `<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>${more}</NextContinuationToken></ListBucketResult>`;

  it('of another status is none', async () => {
    const body = '<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>';
    const { store } = await storeAt('GET', { status: 403, body });
    await expect(store.clear()).rejects.toMatchObject(failed);
  });

  it('that goes on where it began fails, because it would never end', async () => {
    const { store, count } = await storeAt('GET', { body: page('again') });
    await expect(store.clear()).rejects.toMatchObject(failed);
    expect(count()).toBe(2);
  });
});

describe('the place of a bucket', () => {
  const placeOf = (endpoint?: string) => {
    const given = {
      bucket: 'b',
      region: 'eu-west-1',
      endpoint,
      credentials: async () => credentials,
    };
    const database = httpDatabase(given, 'cache');
    database.close();
    return database.place;
  };

  it('does not name the endpoint of AWS itself', () => {
    expect(placeOf('https://s3.eu-west-1.amazonaws.com').endpoint).toBeUndefined();
    expect(placeOf('http://127.0.0.1:9000').endpoint).toBe('http://127.0.0.1:9000');
  });

  it.each([
    ['cache-bucket', undefined, /^GET \/v\/k of cache-bucket\.s3\.localhost/],
    ['cache.bucket', undefined, /^GET \/cache\.bucket\/v\/k of s3\.localhost/],
    ['cache-bucket', true, /^GET \/cache-bucket\/v\/k of s3\.localhost/],
    ['cache.bucket', false, /^GET \/v\/k of cache\.bucket\.s3\.localhost/],
  ])('%s is in the path or in the host (pathStyle: %s)', async (bucket, pathStyle, expected) => {
    const { lookup } = dns;
    onTestFinished(() => {
      dns.lookup = lookup;
    });
    resolveLocalhost();
    const { url, requests } = await serveHttp(() => error(404, 'NoSuchKey'));
    const store = new S3CacheStore({
      ...{ bucket, pathStyle, region: 'us-east-1', endpoint: `http://s3.localhost:${url.port}` },
      credentials: async () => credentials,
    });
    onTestFinished(() => store.close());
    await store.get('k');
    const [{ method, url: path, headers } = {}] = requests;
    expect(`${method} ${path?.replace('/cache/', '/')} of ${headers?.host}`).toMatch(expected);
  });
});
