import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CacheError, DynamoDBCacheStore } from '@glasswork/cache';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { containerCredentials } from '../../src/aws/container-credentials.js';
import { type CredentialProvider, defaultCredentials } from '../../src/aws/credentials.js';
import { freePort } from '../servers/free-port.js';
import { temporaryFolder } from '../temporary-folder.js';
import {
  ask,
  change,
  errorBody,
  type Received,
  type Reply,
  serveHttp,
  transportTo,
} from './servers.js';

beforeEach(() => {
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('AWS_')) vi.stubEnv(name, undefined);
  }
  return () => vi.unstubAllEnvs();
});

/** One of AWS's shared files, gone with the test. */
async function sharedFile(text: string): Promise<string> {
  const folder = temporaryFolder('cache-profile');
  const file = join(folder, 'file');
  writeFileSync(file, text);
  return file;
}

const environment = (variables: Record<string, string | undefined>) => {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
};

/** The store's error, which names the table. */
const storeError = async (credentials?: CredentialProvider) => {
  const { url } = await serveHttp(() => ({}));
  const options = { tableName: 't', region: 'us-east-1', endpoint: url.origin, credentials };
  const store = new DynamoDBCacheStore({ ...options, timeouts: { total: '50ms' } });
  return store.get('k').then(
    () => undefined,
    (error: CacheError) => error,
  );
};

describe('credentials with a character that no header can carry, or that is easily copied along', () => {
  const good = { accessKeyId: 'AKIA', secretAccessKey: 'hidden', sessionToken: 'hidden' };
  it.each([
    ['accessKeyId', 'AKIA\n'],
    ['accessKeyId', ' AKIA'],
    ['secretAccessKey', 'hidden\n'],
    ['secretAccessKey', 'hidden\r'],
    ['sessionToken', 'hidden\u00a0'],
    ['sessionToken', 'hidden\u20ac'],
  ])('are NO_CREDENTIALS that name %s and show nothing: %j', async (part, text) => {
    const named = expect.stringMatching(new RegExp(`${part} .*white space.*Remove it`));
    const given = await storeError(async () => ({ ...good, [part]: text }));
    expect(given).toMatchObject({ code: 'NO_CREDENTIALS', message: named });
    expect(given?.message).toContain('the function given as credentials');
    const [id, secret, token] = Object.entries({ ...good, [part]: text }).map(([, each]) => each);
    environment({ AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: token });
    const found = await storeError();
    expect(found).toMatchObject({ code: 'NO_CREDENTIALS', message: named });
    expect(found?.message).toContain('the environment (AWS_ACCESS_KEY_ID)');
    for (const error of [given, found]) expect(error?.message).not.toContain('hidden');
  });
});

it('credentials that take too long get the remedy of credentials, not of the table', async () => {
  const late = await storeError(() => new Promise(() => {}));
  expect(late).toMatchObject({
    code: 'TIMEOUT',
    message: expect.stringMatching(/was not sent: .*or raise timeouts\.total\.$/),
  });
});

describe('the environment', () => {
  it('is read each time, for it is where credentials are rotated', async () => {
    environment({ AWS_ACCESS_KEY_ID: 'one', AWS_SECRET_ACCESS_KEY: 'first' });
    const provide = defaultCredentials();
    expect(await provide()).toEqual({ accessKeyId: 'one', secretAccessKey: 'first' });
    environment({
      AWS_ACCESS_KEY_ID: 'two',
      AWS_SECRET_ACCESS_KEY: 'second',
      AWS_SESSION_TOKEN: 't',
    });
    expect(await provide()).toEqual({
      accessKeyId: 'two',
      secretAccessKey: 'second',
      sessionToken: 't',
    });
  });

  it('is asked again for expired keys only once it has others', async () => {
    environment({ AWS_ACCESS_KEY_ID: 'old', AWS_SECRET_ACCESS_KEY: 'first' });
    const expired = { status: 400, body: errorBody('ExpiredTokenException') };
    let rotate = () => {};
    const { url, requests } = await serveHttp(({ headers }) => {
      rotate();
      return headers.authorization?.includes('Credential=old/') ? expired : {};
    });
    const transport = transportTo(url, { credentials: defaultCredentials() });
    expect(await transport.send(change)).toMatchObject({ status: 400, attempts: 1 });
    rotate = () => environment({ AWS_ACCESS_KEY_ID: 'new' });
    expect(await transport.send(change)).toMatchObject({ status: 200, attempts: 2 });
    expect(requests).toHaveLength(3);
  });

  it("comes before the container's endpoint", async () => {
    const { requests } = await container(() => ({}));
    environment({ AWS_ACCESS_KEY_ID: 'env', AWS_SECRET_ACCESS_KEY: 'secret' });
    expect(await defaultCredentials()()).toMatchObject({ accessKeyId: 'env' });
    expect(requests).toHaveLength(0);
  });

  it.each(['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'])(
    'counts for nothing with %s alone',
    async (name) => {
      await container(() => granted('KEY', 60));
      environment({ [name]: 'half' });
      expect(await defaultCredentials()()).toMatchObject({ accessKeyId: 'KEY' });
    },
  );
});

describe('AWS_PROFILE beside keys in the environment', () => {
  const keys = { AWS_ACCESS_KEY_ID: 'env', AWS_SECRET_ACCESS_KEY: 'secret' };

  it("wins, as in AWS's SDK", async () => {
    const file = await sharedFile(
      '[dev]\naws_access_key_id = PROFILE\naws_secret_access_key = s\n',
    );
    environment({ ...keys, AWS_PROFILE: 'dev', AWS_SHARED_CREDENTIALS_FILE: file });
    expect(await defaultCredentials()()).toMatchObject({ accessKeyId: 'PROFILE' });
    // Before the container's endpoint, too.
    const { requests } = await container(() => granted('KEY', 60));
    expect(await defaultCredentials()()).toMatchObject({ accessKeyId: 'PROFILE' });
    expect(requests).toHaveLength(0);
  });

  it('is named if its keys cannot be right', async () => {
    const file = await sharedFile(
      '[dev]\naws_access_key_id = PROFILE\naws_secret_access_key = hid den\n',
    );
    environment({ AWS_PROFILE: 'dev', AWS_SHARED_CREDENTIALS_FILE: file });
    await refused().toMatchObject(
      noCredentials(/secretAccessKey from the AWS SDK, profile "dev", contains white space/),
    );
  });

  it('is an error when there is no such profile: nobody signs with other keys in silence', async () => {
    const file = await sharedFile('[other]\n');
    environment({ ...keys, AWS_PROFILE: 'dev', AWS_SHARED_CREDENTIALS_FILE: file });
    environment({ AWS_CONFIG_FILE: file, AWS_EC2_METADATA_DISABLED: 'true' });
    await refused().toMatchObject(noCredentials(/credential-providers found none.*profile "dev"/));
  });

  it('counts as unset when it is empty', async () => {
    environment({ ...keys, AWS_PROFILE: '' });
    expect(await defaultCredentials()()).toMatchObject({ accessKeyId: 'env' });
  });
});

describe('a web identity', () => {
  it("comes before the container's endpoint, as in AWS's SDK", async () => {
    const { requests } = await container(() => granted('KEY', 60));
    environment({
      AWS_WEB_IDENTITY_TOKEN_FILE: '/none/token',
      AWS_ROLE_ARN: 'arn:aws:iam::1:role/r',
    });
    environment({ AWS_CONFIG_FILE: '/none', AWS_SHARED_CREDENTIALS_FILE: '/none' });
    await refused().toMatchObject(noCredentials(/ENOENT.*\/none\/token/));
    expect(requests).toHaveLength(0);
  });
});

it("without any, and without EC2's metadata, the message says so", async () => {
  environment({ AWS_CONFIG_FILE: '/none', AWS_SHARED_CREDENTIALS_FILE: '/none' });
  environment({ AWS_EC2_METADATA_DISABLED: 'true' });
  await refused().toMatchObject(noCredentials(/found none.*Set AWS_ACCESS_KEY_ID/));
});

const MINUTE = 60_000;
const START = Date.UTC(2026, 0, 1);

/** Credentials as ECS and EKS serve them, good until `minutes` after the start. */
const granted = (accessKeyId: string, minutes: number): Reply => ({
  body: JSON.stringify({
    AccessKeyId: accessKeyId,
    SecretAccessKey: 'secret',
    Token: 'token',
    Expiration: new Date(START + minutes * MINUTE).toISOString(),
  }),
});

async function container(answer: (request: Received) => Reply) {
  vi.useFakeTimers({ toFake: ['Date'], now: START });
  onTestFinished(() => void vi.useRealTimers());
  const server = await serveHttp(answer);
  vi.stubEnv('AWS_CONTAINER_CREDENTIALS_FULL_URI', `${server.url}v1/credentials?id=7`);
  return server;
}

/** The rejection of a request that nothing can sign; it never leaves, so there is no service. */
const refused = (options: Parameters<typeof transportTo>[1] = {}) => {
  const credentials = defaultCredentials();
  return expect(transportTo(new URL('http://x.invalid'), { credentials, ...options }).send(ask))
    .rejects;
};

const noCredentials = (why: RegExp) => ({
  code: 'NO_CREDENTIALS',
  message: expect.stringMatching(why),
});

describe("the container's endpoint", () => {
  it('gives credentials, renewed five minutes before they end and kept meanwhile', async () => {
    const { requests } = await container(({ number }) => granted(`KEY${number}`, number * 60));
    const provide = defaultCredentials();
    expect(await provide()).toEqual({
      accessKeyId: 'KEY1',
      secretAccessKey: 'secret',
      sessionToken: 'token',
    });
    expect(requests[0]).toMatchObject({ method: 'GET', url: '/v1/credentials?id=7' });
    vi.setSystemTime(START + 55 * MINUTE - 1);
    expect(await provide()).toMatchObject({ accessKeyId: 'KEY1' });
    expect(requests).toHaveLength(1);
    vi.setSystemTime(START + 55 * MINUTE);
    expect(await provide()).toMatchObject({ accessKeyId: 'KEY1' });
    await expect.poll(provide).toMatchObject({ accessKeyId: 'KEY2' });
    expect(requests).toHaveLength(2);
  });

  it('is asked once by many callers at a time', async () => {
    const { requests } = await container(({ number }) => granted(`KEY${number}`, 60));
    const provide = defaultCredentials();
    const all = await Promise.all(Array.from({ length: 10 }, () => provide()));
    expect(new Set(all.map(({ accessKeyId }) => accessKeyId))).toEqual(new Set(['KEY1']));
    expect(requests).toHaveLength(1);
  });

  it('is not asked each time for credentials that end soon', async () => {
    const { requests } = await container(() => granted('SHORT', 2));
    const provide = defaultCredentials();
    for (let n = 0; n < 3; n++) await provide();
    expect(requests).toHaveLength(1);
    vi.setSystemTime(START + MINUTE - 1);
    await provide();
    expect(requests).toHaveLength(1);
    vi.setSystemTime(START + MINUTE);
    await provide();
    await expect.poll(() => requests).toHaveLength(2);
  });

  it('is asked again for credentials that have ended', async () => {
    const { requests } = await container(({ number }) => granted(`KEY${number}`, number / 6));
    const provide = defaultCredentials();
    await provide();
    vi.setSystemTime(START + 10_000);
    expect(await provide()).toMatchObject({ accessKeyId: 'KEY2' });
    expect(requests).toHaveLength(2);
  });

  it('gets the token of the variable, or of the file as it is now', async () => {
    const { requests } = await container(({ number }) => granted('KEY', 10 * number));
    const file = await sharedFile('first\n');
    const provide = defaultCredentials();
    const askAt = async (minutes: number) => {
      vi.setSystemTime(START + minutes * MINUTE);
      await provide();
      return requests.at(-1)?.headers.authorization;
    };
    expect(await askAt(0)).toBeUndefined();
    environment({ AWS_CONTAINER_AUTHORIZATION_TOKEN: 'plain' });
    expect(await askAt(10)).toBe('plain');
    environment({ AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file });
    expect(await askAt(20)).toBe('first');
    writeFileSync(file, 'second\n');
    expect(await askAt(30)).toBe('second');
    expect(requests).toHaveLength(4);
  });

  it('is not asked without the token that a file should hold', async () => {
    const { requests } = await container(() => granted('KEY', 10));
    environment({ AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: '/none/token' });
    await refused().toMatchObject(noCredentials(/AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE.*ENOENT/));
    expect(requests).toHaveLength(0);
  });

  it('is asked at once when the service calls its credentials expired', async () => {
    const { requests } = await container(({ number }) => granted(`KEY${number}`, 60));
    const service = await serveHttp(({ headers }) =>
      headers.authorization?.includes('Credential=KEY1/')
        ? { status: 400, body: errorBody('ExpiredTokenException') }
        : {},
    );
    const transport = transportTo(service.url, { credentials: defaultCredentials() });
    expect(await transport.send(change)).toMatchObject({ status: 200, attempts: 2 });
    expect(requests).toHaveLength(2);
  });

  it('may fail while its credentials are still good: they are kept, and it is asked again in a while', async () => {
    const { requests } = await container(({ number }) =>
      number === 1 || number > 5 ? granted(`KEY${number}`, 60) : { status: number % 2 ? 500 : 429 },
    );
    const provide = defaultCredentials();
    await provide();
    for (const minutes of [56, 57]) {
      vi.setSystemTime(START + minutes * MINUTE);
      expect(await provide()).toMatchObject({ accessKeyId: 'KEY1' });
      // Each renewal is tried again, here until it has failed four times.
      if (minutes === 56) await expect.poll(() => requests).toHaveLength(5);
      for (let n = 0; n < 10; n++) await provide();
    }
    await expect.poll(provide).toMatchObject({ accessKeyId: 'KEY6' });
    expect(requests).toHaveLength(6);
  });

  it('fails the call that comes when its credentials have ended', async () => {
    await container(({ number }) => (number === 1 ? granted('KEY', 60) : { status: 403 }));
    const provide = defaultCredentials();
    await provide();
    vi.setSystemTime(START + 60 * MINUTE);
    await refused({ credentials: provide }).toMatchObject(noCredentials(/answered 403/));
  });

  it.each([
    ['a fault', { status: 500 }],
    ['throttling', { status: 429, body: '{"message":"slow down"}' }],
    ['a hang-up', (response: { destroy(): void }) => response.destroy()],
  ] as const)('that gives %s is asked again within the call', async (_, bad) => {
    const { requests } = await container(({ number }) =>
      number < 3 ? (bad as Reply) : granted('KEY', 60),
    );
    expect(await defaultCredentials()()).toMatchObject({ accessKeyId: 'KEY' });
    expect(requests).toHaveLength(3);
  });

  it.each([
    ['a fault', { status: 500 }, /answered 500 without/],
    [
      'a refusal in words',
      { status: 400, body: '{"code":"NoRole","message":"no role for this task"}' },
      /answered 400 without credentials \(NoRole: no role for this task\)/,
    ],
    ['nothing useful', { body: '{"AccessKeyId":"A"}' }, /answered 200 without credentials\./],
    ['no key', { body: '{"SecretAccessKey":"hidden"}' }, /answered 200 without credentials\./],
    [
      'an empty key',
      { body: '{"AccessKeyId":"","SecretAccessKey":"hidden"}' },
      /answered 200 without credentials\./,
    ],
    ['another kind', { body: '{"AccessKeyId":1,"SecretAccessKey":{}}' }, /without credentials\./],
    ['no JSON', { body: 'oops' }, /answered 200 without credentials\./],
    ['half of it', { body: '{"AccessKeyId":"A","SecretAccessKey":"hid' }, /without credentials\./],
    ['null', { body: 'null' }, /answered 200 without credentials\./],
    ['credentials beside an error', { status: 404, ...granted('KEY', 60) }, /answered 404/],
    ['a hang-up', (response: { destroy(): void }) => response.destroy(), /failed: ECONNRESET/],
  ] as const)(
    'that keeps giving %s is NO_CREDENTIALS, and asked again next time',
    async (_, bad, why) => {
      let isBad = true;
      await container(() => (isBad ? (bad as Reply) : granted('KEY', 60)));
      const provide = defaultCredentials();
      const failed = refused({ credentials: provide });
      await failed.toMatchObject(noCredentials(why));
      await refused({ credentials: provide }).toMatchObject({
        message: expect.not.stringContaining('hid'),
      });
      isBad = false;
      expect(await provide()).toMatchObject({ accessKeyId: 'KEY' });
    },
  );

  it.each([
    ['no end', {}],
    ['an end that is no time', { Expiration: 'soon' }],
  ])('that gives credentials with %s has them kept for five minutes', async (_, end) => {
    const body = JSON.stringify({ AccessKeyId: 'KEY', SecretAccessKey: 'secret', ...end });
    const { requests } = await container(() => ({ body }));
    const provide = defaultCredentials();
    for (const minutes of [0, 1, 4.99]) {
      vi.setSystemTime(START + minutes * MINUTE);
      await provide();
    }
    expect(requests).toHaveLength(1);
    vi.setSystemTime(START + 5 * MINUTE);
    await provide();
    expect(requests).toHaveLength(2);
  });

  it.each([undefined, null, '', 7])('that gives the token %j has none', async (Token) => {
    await container(() => ({
      body: JSON.stringify({ AccessKeyId: 'KEY', SecretAccessKey: 'secret', Token }),
    }));
    expect(await defaultCredentials()()).toEqual({ accessKeyId: 'KEY', secretAccessKey: 'secret' });
  });

  it('is asked again after a random part of a growing pause, and left alone afterwards', async () => {
    const { sockets } = await container(({ number }) =>
      number < 4 ? { status: 500 } : granted('KEY', 60),
    );
    const waits: number[] = [];
    const realSetTimeout = setTimeout;
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    vi.spyOn(globalThis, 'setTimeout').mockImplementation(((action: () => void, ms: number) => {
      if (ms < 1_000) waits.push(ms);
      return realSetTimeout(action, ms < 1_000 ? 0 : ms);
    }) as typeof setTimeout);
    await containerCredentials(process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI ?? '');
    vi.restoreAllMocks();
    expect(waits).toEqual([50, 100, 200]);
    await expect.poll(() => sockets.filter(({ destroyed }) => !destroyed)).toHaveLength(0);
  });

  it('is asked four times at most', async () => {
    const { requests } = await container(() => ({ status: 500 }));
    vi.spyOn(Math, 'random').mockReturnValue(0);
    await refused().toMatchObject(noCredentials(/answered 500/));
    expect(requests).toHaveLength(4);
  });

  it('cannot send the token elsewhere', async () => {
    const other = await serveHttp(() => ({}));
    await container(() => ({ status: 307, headers: { location: other.url.href } }));
    await refused().toMatchObject(noCredentials(/answered 307/));
    expect(other.requests).toHaveLength(0);
  });

  it('that never answers is named where there is time to say so', async () => {
    await container(() => () => {});
    await expect(
      containerCredentials(process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI ?? ''),
    ).rejects.toMatchObject(noCredentials(/127\.0\.0\.1:\d+ did not answer within 1000 ms/));
  });

  it('that never answers ends with the total time', async () => {
    await container(() => () => {});
    await refused({ timeouts: { total: '50ms' } }).toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringContaining('the container endpoint gave none before timeouts.total'),
    });
  });

  it.each([
    'http://example.com/credentials',
    'http://127.example.com/',
    'http://169.254.170.2.example.com/',
    'http://169.254.169.254/',
    'http://[fd00:ec2::24]/',
    'ftp://127.0.0.1/',
  ])('is not asked at %s, where the token could be read by others', async (uri) => {
    environment({
      AWS_CONTAINER_CREDENTIALS_FULL_URI: uri,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'token',
    });
    await refused().toMatchObject(noCredentials(/neither https nor local/));
  });

  it('is not asked where the variable is no URL', async () => {
    environment({ AWS_CONTAINER_CREDENTIALS_FULL_URI: '127.0.0.1/credentials' });
    await refused().toMatchObject(noCredentials(/AWS_CONTAINER_CREDENTIALS_FULL_URI is no URL/));
  });

  it('cannot be led elsewhere by the relative path', async () => {
    environment({ AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '@example.com/credentials' });
    await refused().toMatchObject(noCredentials(/http:\/\/example\.com is neither https/));
  });

  it.each(['http://127.0.0.1', 'http://localhost', 'https://127.0.0.1'])(
    'is asked at %s',
    async (origin) => {
      environment({ AWS_CONTAINER_CREDENTIALS_FULL_URI: `${origin}:${await freePort()}/` });
      await refused().toMatchObject(noCredentials(/ECONNREFUSED/));
    },
  );
});
