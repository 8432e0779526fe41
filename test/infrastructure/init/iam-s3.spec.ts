import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { templateFor } from '../../../src/cli/init/instructions.js';
import { s3Blueprint } from '../../../src/cli/init/s3.js';
import { TERRAFORM } from '../../../src/cli/init/terraform/stores.js';
import { s3Keys } from '../../../src/stores/s3/keys.js';
import { S3CacheStore } from '../../../src/stores/s3/s3-cache-store.js';
import { createVirtualClock, storeConformance } from '../../../src/testing/index.js';
import type { S3Bucket } from '../../servers/s3-bucket.js';
import {
  credentials,
  type Received,
  type S3Endpoint,
  startS3Endpoint,
} from '../../servers/s3-endpoint.js';
import { customTags } from '../template.js';
import { isAllowed, type Request, type Statement, statementsOf } from './iam.js';
import { watched } from './watched.js';

const ARN = 'arn:aws:s3:::cache-bucket';
const region = 'us-east-1';

/** IAM's checks of a request. */
function permissionsOf(request: Received, bucket: S3Bucket): Request[] {
  const { method, name, query, body } = request;
  const object = (action: string, of: string) => ({ action, resource: `${ARN}/${of}` });
  const list = { action: 's3:ListBucket', resource: ARN };
  // Without the permission to list, S3 answers 403 for an object that does not exist.
  if (method === 'GET' && name !== '')
    return [object('s3:GetObject', name), ...(bucket.objects.has(name) ? [] : [list])];
  if (method === 'PUT' && name !== '') return [object('s3:PutObject', name)];
  if (method === 'GET' && query.get('list-type') === '2') return [list];
  if (method === 'POST' && query.has('delete'))
    return Array.from(body.toString().matchAll(/<Key>([^<]*)</g), ([, of = '']) =>
      object('s3:DeleteObject', of),
    );
  throw new Error(`not a call of the store: ${method} ${request.url}`);
}

describe('the policies of the templates for S3', () => {
  let server: S3Endpoint;
  const used = { all: new Map<string, Request>(), service: new Map<string, Request>() };

  beforeAll(async () => {
    server = await startS3Endpoint();
    const bucket = server.createBucket('cache-bucket', region);
    let current = used.all;
    server.intercept = (received) => {
      for (const request of permissionsOf(received, bucket))
        for (const calls of [current, used.all])
          calls.set(`${request.action} ${request.resource}`, request);
      return undefined;
    };
    for (const { name, run } of storeConformance) {
      bucket.objects.clear();
      current = used.service;
      const clock = createVirtualClock(Date.now());
      // Time limits are not tested here, and many test files may share the processor.
      const timeouts = { connect: '20s', request: '20s', total: '60s' } as const;
      const open = () =>
        watched(
          new S3CacheStore({
            ...{ bucket: 'cache-bucket', region, clock, endpoint: server.endpoint, timeouts },
            credentials: async () => credentials,
          }),
          () => {
            current = used.all;
          },
        );
      const [store, another] = [open(), open()];
      await run({ store, another, advance: clock.advance, exactTime: true }).catch(
        (error: Error) => {
          // A case may need a serializer of its own: it cannot run here, and makes no other calls.
          if (!/cannot run/i.test(`${name} ${error.message}`)) throw error;
        },
      );
      await Promise.all([store.close(), another.close()]);
    }
  }, 120_000);
  afterAll(() => server.stop());

  const rolesOf = () => {
    const { text } = templateFor('cloudformation', 's3');
    const { Resources } = parse(text, { customTags, logLevel: 'error' });
    const of = (name: string): Statement[] => {
      const document = Resources[`Cache${name}Policy`].Properties.PolicyDocument;
      const resolved = JSON.stringify(document)
        .replaceAll('{"Fn::GetAtt":["CacheBucket","Arn"]}', `"${ARN}"`)
        .replace(/\{"Fn::Sub":"\$\{CacheBucket\.Arn\}([^"]*)"\}/g, `"${ARN}$1"`);
      return statementsOf(JSON.parse(resolved));
    };
    return { reader: of('Reader'), writer: of('Writer'), maintainer: of('Maintainer') };
  };
  const refused = (statements: readonly Statement[], calls: ReadonlyMap<string, Request>) =>
    [...calls.values()].filter((request) => !isAllowed(statements, request));
  const actionsOf = (calls: Iterable<Request>) =>
    [...new Set([...calls].map(({ action }) => action))].sort();
  const granted = (statements: readonly Statement[]) =>
    statements.flatMap(({ Action }) => Action).sort();

  it('let a writer do all that a service needs, and no more', () => {
    const { writer } = rolesOf();
    expect(refused(writer, used.service)).toEqual([]);
    expect(granted(writer)).toEqual(actionsOf(used.service.values()));
  });

  it('let a maintainer do all that the conformance suite does, and no more', () => {
    const { maintainer } = rolesOf();
    expect(refused(maintainer, used.all)).toEqual([]);
    expect(granted(maintainer)).toEqual(actionsOf(used.all.values()));
  });

  it('let a reader read only', () => {
    expect(actionsOf(refused(rolesOf().reader, used.all))).toEqual([
      's3:DeleteObject',
      's3:PutObject',
    ]);
  });

  it.each(['reader', 'writer', 'maintainer'] as const)('keep a %s below the prefix', (role) => {
    const statements = rolesOf()[role];
    for (const action of ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'])
      for (const resource of [`${ARN}/other/x`, `${ARN}/caches`, `${ARN}2/cache/v/x`])
        expect(isAllowed(statements, { action, resource })).toBe(false);
    expect(isAllowed(statements, { action: 's3:DeleteBucket', resource: ARN })).toBe(false);
  });
});

describe('the lifecycle rules of the templates for S3', () => {
  const rules = Object(s3Blueprint().resources.CacheBucket?.Properties.LifecycleConfiguration);
  const file = new URL('../../../infrastructure/s3.yaml', import.meta.url);

  it('are those of the template that users copy', () => {
    const { Resources } = parse(readFileSync(file, 'utf8'), { customTags });
    expect(rules).toEqual(Resources.CacheBucket.Properties.LifecycleConfiguration);
  });

  it('cover every folder of the store, and nothing beside it', () => {
    const prefixes = rules.Rules.map(({ Prefix }: { Prefix: string }) => Prefix);
    expect(prefixes.sort()).toEqual([...s3Keys('cache').folders].sort());
  });

  it('are the same in Terraform', () => {
    const { resources } = TERRAFORM.s3();
    const { body } =
      resources.find(({ type }) => type === 'aws_s3_bucket_lifecycle_configuration') ?? {};
    const found = Object(body?.rule).blocks.map(
      ({ id, filter, expiration }: Record<string, { block: Record<string, unknown> }>) => [
        id,
        filter?.block.prefix,
        expiration?.block.days,
      ],
    );
    expect(found).toEqual(
      rules.Rules.map((rule: Record<string, unknown>) => [
        rule.Id,
        rule.Prefix,
        rule.ExpirationInDays,
      ]),
    );
    const { text } = templateFor('terraform', 's3');
    expect(text.match(/^ {2}rule \{$/gm)).toHaveLength(rules.Rules.length);
  });
});
