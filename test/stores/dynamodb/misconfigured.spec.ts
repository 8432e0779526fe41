import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CreateTableCommandInput, ScanCommand } from '@aws-sdk/client-dynamodb';
import {
  CacheError,
  CacheService,
  DynamoDBCacheStore,
  type DynamoDBCacheStoreOptions,
} from '@glasswork/cache';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { makeCertificate } from '../../../bench/server/certificate.js';
import { errorBody, type Reply, serveHttp, serveTcp } from '../../aws/servers.js';
import { consoleLines, rejectionsOf } from '../../console-lines.js';
import { describeWithDynamoDBLocal } from '../../servers/available.js';
import { startDynalite } from '../../servers/dynalite.js';
import { freePort } from '../../servers/free-port.js';
import { NO_SUCH_HOST } from '../../servers/no-such-host.js';
import {
  createCacheTable,
  createClient,
  createTable,
  credentials,
  freshTableName,
  region,
} from '../../servers/table.js';

const lines = consoleLines();

/** A busy machine must not make another cause of a slow answer. */
const PATIENT = { connect: '60s', request: '60s', total: '60s' } as const;

/** The lines that a service with this store prints, and the errors that its calls reject with. */
async function toldOf(options: Partial<DynamoDBCacheStoreOptions>) {
  const store = new DynamoDBCacheStore({
    ...{ tableName: 't', region, credentials: async () => credentials, timeouts: PATIENT },
    ...options,
  });
  onTestFinished(() => store.close());
  const cache = new CacheService(store, { keyPrefix: 'shop', breaker: false });
  await cache.warm();
  for (let i = 0; i < 3; i++) {
    await cache.wrap('user:secret', 60, () => ({ password: 'secret' }));
    await cache.wrap(`other:${i}`, { ttl: 60, tags: ['secret-tag'] }, () => i);
  }
  const told = [...lines];
  return { told, ...(await rejectionsOf(cache)) };
}

interface Expected {
  /** Part of the line, after `DynamoDB: get on table "t" in us-east-1`. */
  readonly line: RegExp;
  readonly code?: CacheError['code'];
  readonly retry?: true;
}

function expectOneCause(
  { told, check, del }: Awaited<ReturnType<typeof toldOf>>,
  { line, code = 'STORE_FAILED', retry }: Expected,
): void {
  expect(told).toHaveLength(1);
  const [text = ''] = told;
  expect(text).toMatch(/^@glasswork\/cache: store "dynamodb": \w+ failed \([A-Z_]+\): DynamoDB: /);
  expect(text).toMatch(line);
  expect(text).toMatch(/\. Until this is fixed, every read is a miss\.$/);
  for (const message of [text, check?.message, del?.message]) {
    expect(message).toMatch(line);
    expect(message).toMatch(/ table "[\w-]+" in us-east-1/);
    expect(message).not.toMatch(/ {2}|\.\.|\. \.|\?\.|undefined|secret|user:secret/);
    if (!retry) expect(message).not.toMatch(/try (it )?again/i);
  }
  expect(check).toBeInstanceOf(CacheError);
  expect(check).toMatchObject({ code, subject: expect.stringMatching(/^(read|fill)/) });
  expect(check?.message).toMatch(/^Check of the store "dynamodb": [\w ]+ failed: DynamoDB: /);
  expect(del).toMatchObject({ code: 'NOT_CONFIRMED', cause: { code } });
}

const tableWith = (
  types: Readonly<Record<string, 'S' | 'N' | 'B'>>,
  keys: readonly string[],
): CreateTableCommandInput => ({
  TableName: freshTableName(),
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: Object.entries(types).map(([AttributeName, AttributeType]) => {
    return { AttributeName, AttributeType };
  }),
  KeySchema: keys.map((AttributeName, i) => {
    return { AttributeName, KeyType: i === 0 ? 'HASH' : 'RANGE' };
  }),
});

const KEY_SCHEMA = /The table needs partition key `pk` \(S\) and no sort key/;

const SCHEMAS: readonly [string, CreateTableCommandInput][] = [
  ['another name of the key', tableWith({ id: 'S' }, ['id'])],
  ['a number as its key', tableWith({ pk: 'N' }, ['pk'])],
  ['bytes as its key', tableWith({ pk: 'B' }, ['pk'])],
  ['a sort key', tableWith({ pk: 'S', sk: 'S' }, ['pk', 'sk'])],
];

function describeTables(endpointOf: () => string): void {
  it.each(SCHEMAS)('a table with %s', async (_, input) => {
    const endpoint = endpointOf();
    const client = createClient(endpoint);
    await createTable(client, input);
    client.destroy();
    const told = await toldOf({ endpoint, tableName: input.TableName ?? '' });
    expectOneCause(told, { line: KEY_SCHEMA });
    expect(told.told[0]).toContain(` at ${new URL(endpoint).origin} failed (ValidationException)`);
  });

  it('a table that is not there', async () => {
    const tableName = freshTableName();
    const told = await toldOf({ endpoint: endpointOf(), tableName });
    expectOneCause(told, {
      line: new RegExp(
        `\\(ResourceNotFoundException\\): .*Create the table "${tableName}" in us-east-1`,
      ),
    });
  });

  it('nothing of a healthy cache, not one line', async () => {
    const endpoint = endpointOf();
    const told = await toldOf({ endpoint, tableName: await createCacheTable(endpoint) });
    expect(told).toEqual({ told: [], check: undefined, del: undefined });
    expect(lines).toEqual([]);
  });

  it('nothing of a check, not one record', async () => {
    const endpoint = endpointOf();
    const TableName = await createCacheTable(endpoint);
    const client = createClient(endpoint);
    onTestFinished(() => client.destroy());
    await toldOf({ endpoint, tableName: TableName });
    const { Items = [] } = await client.send(new ScanCommand({ TableName }));
    const names = Items.map(({ pk }) => pk?.S);
    expect(names).toContain('shop:user:secret');
    expect(names.filter((name) => name?.includes('check:'))).toEqual([]);
  });

  it.each(SCHEMAS)('the same through a client, of a table with %s', async (_, given) => {
    const input = { ...given, TableName: freshTableName() };
    const endpoint = endpointOf();
    const client = createClient(endpoint);
    onTestFinished(() => client.destroy());
    await createTable(client, input);
    const told = await toldOf({ client, tableName: input.TableName });
    expectOneCause(told, { line: KEY_SCHEMA });
    expect(told.told[0]).toContain(` at ${new URL(endpoint).origin} failed`);
  });
}

describeWithDynamoDBLocal('on DynamoDB Local, the one line of', (endpoint) => {
  describeTables(() => endpoint);
});

describe('on dynalite, the one line of', () => {
  let server: Awaited<ReturnType<typeof startDynalite>>;
  beforeAll(async () => {
    server = await startDynalite();
  });
  afterAll(() => server.stop());
  describeTables(() => server.endpoint);
});

const USER = 'arn:aws:sts::123456789012:assumed-role/app/app';
const TABLE = 'arn:aws:dynamodb:us-east-1:123456789012:table/t';
const denies = (action: string, on = TABLE) =>
  `User: ${USER} is not authorized to perform: ${action} on resource: ${on} because no identity-based policy allows the ${action} action`;

describe('the one line of what IAM and STS answer', () => {
  it.each<[string, Reply, Expected]>([
    [
      'an action that is not allowed',
      { status: 400, body: errorBody('AccessDeniedException', denies('dynamodb:GetItem')) },
      { line: new RegExp(`Allow dynamodb:GetItem on ${TABLE}; a cache needs dynamodb:GetItem, `) },
    ],
    [
      'an action that is not allowed, without a word',
      { status: 400, body: errorBody('AccessDeniedException', '') },
      { line: /Allow dynamodb:\w+ on arn:aws:dynamodb:us-east-1:\*:table\/t; a cache needs/ },
    ],
    [
      'a key of KMS that is not allowed',
      {
        status: 400,
        body: errorBody('AccessDeniedException', denies('kms:Decrypt', 'arn:aws:kms:x:1:key/k')),
      },
      { line: /Allow kms:Decrypt on arn:aws:kms:x:1:key\/k\./ },
    ],
    [
      'an explicit deny',
      {
        status: 400,
        body: errorBody(
          'AccessDeniedException',
          `User: ${USER} is not authorized to perform: dynamodb:GetItem on resource: ${TABLE} with an explicit deny in a permissions boundary`,
        ),
      },
      {
        line: /Remove the deny of dynamodb:GetItem on arn:\S+ from the permissions boundary, because it wins over every allow\./,
      },
    ],
    [
      'an action that the policy of a VPC endpoint does not allow',
      {
        status: 400,
        body: errorBody(
          'AccessDeniedException',
          denies('dynamodb:GetItem').replace('identity-based', 'VPC endpoint'),
        ),
      },
      { line: /Allow dynamodb:GetItem on arn:\S+ in the VPC endpoint policy; a cache needs/ },
    ],
    [
      'a key of KMS, in the words of DynamoDB',
      { status: 400, body: errorBody('AccessDeniedException', 'KMS key access denied') },
      { line: /denied\. Allow kms:Decrypt and kms:DescribeKey on the key that encrypts the table/ },
    ],
    [
      'a signature that a proxy has removed',
      { status: 400, body: errorBody('MissingAuthenticationTokenException', 'Missing Token') },
      { line: /arrived without its signature\. Check any proxy/ },
    ],
    [
      'an access key in quotes',
      { status: 400, body: errorBody('IncompleteSignatureException', 'Credential must have 5') },
      { line: /Check AWS_ACCESS_KEY_ID and AWS_SESSION_TOKEN for blanks, quotes/ },
    ],
    [
      'a region that the account has not enabled',
      { status: 400, body: errorBody('OptInRequired', 'needs a subscription') },
      { line: /Enable DynamoDB in us-east-1 for the account\./ },
    ],
    [
      'a name that no table can have',
      { status: 400, body: errorBody('ValidationException', 'Invalid table/index name.') },
      { line: /Fix tableName, which is 't'\./ },
    ],
    [
      'an expired token',
      {
        status: 400,
        body: errorBody(
          'ExpiredTokenException',
          'The security token included in the request is expired',
        ),
      },
      {
        line: /\(ExpiredTokenException\): .* is expired\. The credentials have expired\. Renew them/,
      },
    ],
    [
      'a key that AWS does not know',
      {
        status: 400,
        body: errorBody(
          'UnrecognizedClientException',
          'The security token included in the request is invalid.',
        ),
      },
      {
        line: /is invalid\. AWS does not know these credentials in us-east-1\. Check AWS_ACCESS_KEY_ID/,
      },
    ],
    [
      'a wrong secret',
      {
        status: 400,
        body: errorBody(
          'InvalidSignatureException',
          'The request signature we calculated does not match the signature you provided.',
        ),
      },
      { line: /Check AWS_SECRET_ACCESS_KEY: it does not belong to the access key\./ },
    ],
    [
      'a clock that is wrong in a way that no correction helps',
      {
        status: 400,
        body: errorBody(
          'InvalidSignatureException',
          'Signature expired: 20260101T000000Z is now earlier than 20260301T000000Z',
        ),
      },
      { line: /Set the clock of this machine/ },
    ],
    [
      'a throttled table',
      {
        status: 400,
        body: errorBody('ProvisionedThroughputExceededException', 'The level of configured…'),
      },
      { line: /Raise the capacity of the table or make it on demand/, retry: true },
    ],
    [
      'a service that is not well',
      { status: 500, body: errorBody('InternalServerError', 'Internal server error') },
      { line: /Try again: this fault passes by itself\./, retry: true },
    ],
    [
      'another service',
      { status: 404, body: '<html>Not found</html>' },
      {
        line: /\(HTTP 404\): status 404 without a message\. The server at http:\S+ is not DynamoDB/,
      },
    ],
    [
      'a page of 200',
      { status: 200, body: '<html>Sign in</html>' },
      { line: /\(HTTP 200\): .*is not DynamoDB/ },
    ],
  ])('%s', async (_, reply, expected) => {
    const { url } = await serveHttp(() => reply);
    const told = await toldOf({ endpoint: url.href });
    expectOneCause(told, expected);
    expect(told.told[0]).toContain(` at ${url.origin} failed (`);
  });

  it('an action that only writes need: reads go on, and one line says so', async () => {
    const { url } = await serveHttp(({ headers, body }) => {
      if (/UpdateItem/.test(headers['x-amz-target'] ?? ''))
        return {
          status: 400,
          body: errorBody('AccessDeniedException', denies('dynamodb:UpdateItem')),
        };
      const batch = body && JSON.parse(body).RequestItems;
      return { body: batch ? '{"Responses":{"t":[]}}' : '{}' };
    });
    const { told, check } = await toldOf({ endpoint: url.href });
    expect(told).toEqual([
      expect.stringMatching(
        /fill failed .*Allow dynamodb:UpdateItem on .*\. Until this is fixed, nothing new is cached\.$/,
      ),
    ]);
    expect(check?.message).toMatch(/^Check of the store "dynamodb": fill failed: .*UpdateItem/);
  });

  it('an action that only batches need', async () => {
    const { url } = await serveHttp(({ headers }) =>
      /BatchGetItem/.test(headers['x-amz-target'] ?? '')
        ? { status: 400, body: errorBody('AccessDeniedException', denies('dynamodb:BatchGetItem')) }
        : { body: '{}' },
    );
    const { told, check } = await toldOf({ endpoint: url.href });
    expect(told).toEqual([expect.stringMatching(/Allow dynamodb:BatchGetItem on arn/)]);
    expect(check).toMatchObject({ code: 'STORE_FAILED', subject: 'read many' });
    expect(check?.message).toMatch(/read many failed: .*Allow dynamodb:BatchGetItem on arn/);
  });

  it.each([
    ['cn-north-1', 'aws-cn'],
    ['us-gov-west-1', 'aws-us-gov'],
  ])('an action in %s, in the ARN of its partition', async (elsewhere, partition) => {
    const { url } = await serveHttp(() => ({
      status: 400,
      body: errorBody('AccessDeniedException'),
    }));
    const { told } = await toldOf({ endpoint: url.href, region: elsewhere });
    expect(told[0]).toContain(`arn:${partition}:dynamodb:${elsewhere}:*:table/t`);
  });
});

describe('the one line of a network that is wrong', () => {
  it('a port where nothing listens', async () => {
    const endpoint = `http://127.0.0.1:${await freePort()}`;
    const told = await toldOf({ endpoint });
    expectOneCause(told, {
      line: new RegExp(
        `ECONNREFUSED \\(tries: \\d\\)\\. Nothing listens at ${endpoint}: check its host and port\\.`,
      ),
    });
  });

  it('a port where nothing listens, through a client', async () => {
    const client = createClient(`http://127.0.0.1:${await freePort()}`);
    onTestFinished(() => client.destroy());
    const told = await toldOf({ client });
    expectOneCause(told, {
      line: /\(ECONNREFUSED\): .*Nothing listens at http:\/\/127\.0\.0\.1:\d+:/,
    });
  });

  it('a host that does not exist', async () => {
    const told = await toldOf({ endpoint: `http://${NO_SUCH_HOST}` });
    expectOneCause(told, {
      line: /(ENOTFOUND|EAI_AGAIN) .*The host cannot be resolved\. Check region/,
    });
  });

  it('a server that never answers', async () => {
    const { url } = await serveTcp(() => {});
    const told = await toldOf({ endpoint: url.href, timeouts: { request: 0.05, total: 0.1 } });
    expectOneCause(told, {
      line: /timeouts\.\w+ ran out .*DynamoDB answers too slowly\. Raise timeouts/,
      code: 'TIMEOUT',
      retry: true,
    });
  });

  it('a server that hangs up', async () => {
    const { url } = await serveTcp((socket) => socket.destroy());
    const told = await toldOf({ endpoint: url.href });
    expectOneCause(told, { line: /The connection broke\. Try again; check whether/, retry: true });
  });

  it('https where there is http', async () => {
    const { url } = await serveHttp(() => ({ body: '{}' }));
    const told = await toldOf({ endpoint: `https://127.0.0.1:${url.port}` });
    expectOneCause(told, { line: /Check whether the endpoint takes https or http\./ });
  });

  describe('with a certificate', () => {
    let folder = '';
    let port = 0;
    let server: ReturnType<typeof createServer>;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'cache-tls-'));
      const { key, certificate } = await makeCertificate(folder);
      const files = await Promise.all([readFile(key), readFile(certificate)]);
      server = createServer({ key: files[0], cert: files[1] }, (_, response) => response.end('{}'));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      port = (server.address() as AddressInfo).port;
    });
    afterAll(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true });
    });

    it('that nobody trusts', async () => {
      const told = await toldOf({ endpoint: `https://127.0.0.1:${port}` });
      expectOneCause(told, {
        line: /(SELF_SIGNED|UNABLE_TO)\w* .*Node does not trust the certificate, or it is for another host\./,
      });
    });

    it('of a server that was taken for one of http', async () => {
      const told = await toldOf({ endpoint: `http://127.0.0.1:${port}` });
      expectOneCause(told, {
        line: /check whether the endpoint takes https or http\./i,
        retry: true,
      });
    });
  });
});

describe('the one line of credentials', () => {
  it('that are not there', async () => {
    const told = await toldOf({
      endpoint: 'http://127.0.0.1:1',
      credentials: () => Promise.reject(new Error('the vault is closed')),
    });
    expectOneCause(told, {
      line: /was not sent: No AWS credentials: .*vault is closed/,
      code: 'NO_CREDENTIALS',
    });
  });

  it('of an SSO session that has ended', async () => {
    const credentials = () =>
      Promise.reject(new Error('The SSO session associated with this profile has expired.'));
    const told = await toldOf({ endpoint: 'http://127.0.0.1:1', credentials });
    expectOneCause(told, { line: /Run `aws sso login`\./, code: 'NO_CREDENTIALS' });
  });

  it('of a client without a region', async () => {
    vi.stubEnv('AWS_REGION', undefined);
    vi.stubEnv('AWS_CONFIG_FILE', '/nowhere');
    onTestFinished(() => void vi.unstubAllEnvs());
    const { DynamoDBClient } = await import('@aws-sdk/client-dynamodb');
    const client = new DynamoDBClient({ credentials });
    onTestFinished(() => client.destroy());
    const { told } = await toldOf({ client });
    expect(told).toEqual([
      expect.stringMatching(
        /Region is missing\. Give the client a region, or set AWS_REGION\. Until/,
      ),
    ]);
  });

  it('of a client that has none', async () => {
    const { DynamoDBClient } = await import('@aws-sdk/client-dynamodb');
    const client = new DynamoDBClient({
      region,
      credentials: () =>
        Promise.reject(
          Object.assign(new Error('Could not load credentials from any providers'), {
            name: 'CredentialsProviderError',
          }),
        ),
    });
    onTestFinished(() => client.destroy());
    const told = await toldOf({ client });
    expectOneCause(told, {
      line: /\(CredentialsProviderError\): .*Check the credentials of the client\./,
    });
  });
});
