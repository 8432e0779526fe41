import { MemoryCacheStore, TieredCacheStore } from '@glasswork/cache';
import { describe, expect, it } from 'vitest';
import { remedyOf as remedyOfDynamoDB } from '../../src/stores/dynamodb/remedies.js';
import { remedyOf as remedyOfS3 } from '../../src/stores/s3/remedies.js';
import { errorOf } from '../errors.js';

const denied = (message = '') => ({ type: 'AccessDeniedException', message });

describe('the remedy for a refusal by DynamoDB', () => {
  const table = { table: 'cache', region: 'eu-central-1', endpoint: undefined };
  const of = (...given: Partial<Parameters<typeof remedyOfDynamoDB>>) =>
    remedyOfDynamoDB(...([given[0] ?? table, given[1] ?? 'get', given[2] ?? denied()] as const));

  it.each([
    ['warm', 'dynamodb:GetItem'],
    ['get', 'dynamodb:GetItem'],
    ['batchGet', 'dynamodb:BatchGetItem'],
    ['update', 'dynamodb:UpdateItem'],
    ['scan', 'dynamodb:Scan'],
    ['delete', 'dynamodb:DeleteItem'],
  ] as const)('to %s names the action %s and the table', (operation, action) => {
    const remedy = of(table, operation);
    expect(remedy).toContain(`${action} on arn:aws:dynamodb:eu-central-1:*:table/cache`);
    const isOfAll = operation === 'scan' || operation === 'delete';
    expect(remedy.includes('a cache needs dynamodb:GetItem')).toBe(!isOfAll);
  });

  it('names the table as it is known', () => {
    const arn = 'arn:aws:dynamodb:us-east-1:1:table/cache';
    expect(of({ ...table, table: arn })).toContain(`on ${arn};`);
    expect(of({ ...table, region: undefined })).toContain('on the table "cache"');
    expect(of({ ...table, region: 'cn-north-1' })).toContain('arn:aws-cn:dynamodb:cn-north-1');
  });

  it('does not name the needs of a cache where another service denies', () => {
    const kms =
      'User: arn:aws:iam::1:user/a is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:x';
    expect(of(table, 'get', denied(kms))).not.toContain('a cache needs');
  });

  it.each([
    ['because no identity-based policy allows the action', /^ Allow dynamodb:GetItem on \S+:t; a/],
    ['because no VPC endpoint policy allows the action', /:t in the VPC endpoint policy; a cache/],
    ['', /^ Allow dynamodb:GetItem on \S+:t; a/],
    [
      'with an explicit deny in a service control policy',
      /^ Remove the deny of dynamodb:GetItem on \S+:t from the service control policy, because/,
    ],
    ['with an explicit deny', /:t from the policy that has it, because/],
  ])('names the policy that decides: %s', (why, expected) => {
    const asked = 'dynamodb:GetItem on resource: arn:aws:dynamodb:eu-central-1:1:t';
    expect(of(table, 'get', denied(`not authorized to perform: ${asked} ${why}`))).toMatch(
      expected,
    );
  });

  it('names the endpoint of a server that is not the service', () => {
    const unknown = { type: 'HTTP 404', message: '' };
    expect(of({ ...table, endpoint: 'http://a.test' }, 'get', unknown)).toContain(
      'The server at http://a.test is not DynamoDB',
    );
    expect(of(table, 'get', unknown)).toContain('The server is not DynamoDB');
  });
});

describe('the remedy for a refusal by S3', () => {
  const bucket = { bucket: 'b', prefix: 'cache', region: 'eu-central-1', endpoint: undefined };
  const of = (operation: Parameters<typeof remedyOfS3>[1], refusal: object, place: object = {}) =>
    remedyOfS3({ ...bucket, ...place } as never, operation, refusal as never);

  it.each([
    ['get', 's3:GetObject on arn:aws:s3:::b/cache/*'],
    ['warm', 's3:GetObject on arn:aws:s3:::b/cache/*'],
    ['put', 's3:PutObject on arn:aws:s3:::b/cache/*'],
    ['delete', 's3:DeleteObject on arn:aws:s3:::b/cache/*'],
    ['list', 's3:ListBucket on arn:aws:s3:::b'],
    ['lifecycle', 's3:GetLifecycleConfiguration on arn:aws:s3:::b'],
    ['versioning', 's3:GetBucketVersioning on arn:aws:s3:::b'],
  ] as const)('to %s names %s', (operation, text) => {
    expect(of(operation, { type: 'AccessDenied', message: '' })).toContain(`${text};`);
  });

  it('names the region that the bucket is in, if it is known and another one', () => {
    const moved = { type: 'PermanentRedirect', message: '' };
    expect(of('get', { ...moved, bucketRegion: 'us-east-1' })).toContain(
      `The bucket "b" is in us-east-1: give region 'us-east-1'`,
    );
    for (const bucketRegion of ['eu-central-1', undefined])
      expect(of('get', { ...moved, bucketRegion })).toContain('Give the region of the bucket "b"');
  });

  it('names the endpoint of a server that is not the service', () => {
    const odd = { type: 'HTTP 404', message: '' };
    expect(of('get', odd, { endpoint: 'http://a.test' })).toContain(
      'The server at http://a.test did',
    );
    expect(of('get', odd)).toContain('The server did not answer as S3 does');
    expect(
      of('get', { type: 'AccessDenied', message: '' }, { bucket: 'arn:aws:s3:::x' }),
    ).toContain('on arn:aws:s3:::x/cache/*');
  });
});

describe('the serializers of tiers', () => {
  const named = (name?: string) => {
    const store = new MemoryCacheStore();
    const serializer = name === undefined ? undefined : { ...store.serializer, name };
    return Object.create(store, { serializer: { value: serializer } }) as MemoryCacheStore;
  };

  it('are the same, or one is not known', () => {
    expect(errorOf(() => new TieredCacheStore([named('a'), named('b')]))).toMatchObject({
      ...{ code: 'INVALID_OPTION', subject: 'tiers' },
    });
    for (const tiers of [
      [named('a'), named('a')],
      [named(), named('a')],
      [named('a'), named()],
    ])
      expect(() => new TieredCacheStore(tiers)).not.toThrow();
  });
});
