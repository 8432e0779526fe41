import { randomUUID } from 'node:crypto';
import { S3Client } from '@aws-sdk/client-s3';
import { CacheService, S3CacheStore } from '@glasswork/cache';
import { createVirtualClock } from '@glasswork/cache/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { failure, type S3Answer, type S3Bucket, type S3Request } from '../../servers/s3-bucket.js';
import { credentials, startS3Endpoint } from '../../servers/s3-endpoint.js';
import { describeConformance } from '../conformance.js';

const NAME = 'cache--use1-az4--x-s3';
const session = { accessKeyId: 'SESSION', token: 'session-token' };
const server = await startS3Endpoint();
const bucket = server.createBucket(NAME);
bucket.pageSize = 7;
server.intercept = (request) => directoryAnswer(bucket, request);
const client = new S3Client({ region: 'us-east-1', credentials, endpoint: server.endpoint });
afterAll(async () => {
  client.destroy();
  await server.stop();
});

const xml = (body: string): S3Answer => ({
  status: 200,
  headers: { 'content-type': 'application/xml' },
  body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}`,
});

/**
 * A directory bucket of S3 Express One Zone, as far as its documentation says how it differs from others: requests
 * belong to a session and are signed for `s3express`, lists are in no order, and begin with folders only.
 */
function directoryAnswer(directory: S3Bucket, sent: S3Request): S3Answer {
  // The SDK doubles the slash after the bucket's name if the endpoint is an IP address.
  const request = { ...sent, name: sent.name.replace(/^\//, '') };
  const { method, query, headers } = request;
  const [, keyId, service] =
    /Credential=([^/]+)\/\d+\/us-east-1\/(\w+)\//.exec(headers.authorization ?? '') ?? [];
  if (service !== 's3express') return failure(403, 'AccessDenied', `signed for ${service}`);
  if (query.has('session')) {
    const { accessKeyId, token } = session;
    const end = new Date(Date.now() + 300_000).toISOString();
    return xml(
      `<CreateSessionResult><Credentials><SessionToken>${token}</SessionToken><SecretAccessKey>s</SecretAccessKey><AccessKeyId>${accessKeyId}</AccessKeyId><Expiration>${end}</Expiration></Credentials></CreateSessionResult>`,
    );
  }
  if (keyId !== session.accessKeyId || headers['x-amz-s3session-token'] !== session.token)
    return failure(403, 'AccessDenied', 'no session');
  const isList = method === 'GET' && query.get('list-type') === '2';
  if (!isList) return directory.answer(request);
  if (!/^$|\/$/.test(query.get('prefix') ?? '') || query.has('start-after'))
    return failure(400, 'InvalidRequest', 'the prefix is not a folder');
  const answer = directory.answer(request);
  const [start = '', ...objects] = String(answer.body).split(/(?=<Contents>)/);
  const last = objects.pop()?.replace('</ListBucketResult>', '') ?? '';
  if (objects.length === 0) return answer;
  return { ...answer, body: `${start}${last}${objects.reverse().join('')}</ListBucketResult>` };
}

const open = (prefix: string, options: object = {}) =>
  new S3CacheStore({
    ...{ bucket: NAME, prefix, client, timeouts: { total: '60s' } },
    ...options,
  });

describe('a directory bucket of S3 Express One Zone', () => {
  describeConformance(
    'through an S3Client',
    () => {
      const clock = createVirtualClock(Date.now());
      const prefix = `conformance/${randomUUID()}`;
      return {
        store: open(prefix, { clock }),
        another: open(prefix, { clock }),
        advance: clock.advance,
        exactTime: true,
        withSerializer: (serializer) => open(prefix, { clock, serializer }),
      };
    },
    { lacks: ['the store has no getIfPresent'] },
  );

  it('serves a service, whose check leaves nothing, and is cleared', async () => {
    const prefix = randomUUID();
    const store = open(prefix);
    const cache = new CacheService(store, { keyPrefix: 'app', onEvent() {} });
    await cache.check();
    expect(await cache.wrap('key', { ttl: 60, tags: ['red'] }, () => 'value')).toBe('value');
    await cache.settled();
    expect(await cache.get('key')).toBe('value');
    await cache.invalidateTags(['red']);
    expect(await cache.get('key')).toBeUndefined();
    await store.clear();
    expect([...bucket.objects.keys()].filter((name) => name.startsWith(prefix))).toEqual([]);
  });
});
