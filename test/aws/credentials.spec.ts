import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { defaultCredentials } from '../../src/aws/credentials.js';
import { ask, freePort, type Received, type Reply, serveHttp, transportTo } from './servers.js';

beforeEach(() => {
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('AWS_')) vi.stubEnv(name, undefined);
  }
  return () => vi.unstubAllEnvs();
});

const environment = (variables: Record<string, string | undefined>) => {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
};

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

  it("comes before the container's endpoint", async () => {
    const { requests } = await container(() => ({}));
    environment({ AWS_ACCESS_KEY_ID: 'env', AWS_SECRET_ACCESS_KEY: 'secret' });
    expect(await defaultCredentials()()).toMatchObject({ accessKeyId: 'env' });
    expect(requests).toHaveLength(0);
  });
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

/** What a request is told when there is nothing to sign it with; it never leaves, so there is no service. */
const refused = (provide = defaultCredentials()) =>
  expect(transportTo(new URL('http://x.invalid'), { credentials: provide }).send(ask)).rejects;

const noCredentials = (why: RegExp) => ({
  code: 'NO_CREDENTIALS',
  message: expect.stringMatching(why),
});

describe("the container's endpoint", () => {
  it('gives credentials, kept until five minutes before they end', async () => {
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
    vi.setSystemTime(START + 55 * MINUTE);
    expect(await provide()).toMatchObject({ accessKeyId: 'KEY2' });
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
    expect(requests).toHaveLength(2);
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
    const { requests } = await container(() => granted('KEY', 6));
    const folder = mkdtempSync(join(tmpdir(), 'cache-token-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'token');
    const provide = defaultCredentials();
    const askAt = async (minutes: number) => {
      vi.setSystemTime(START + minutes * MINUTE);
      await provide();
      return requests.at(-1)?.headers.authorization;
    };
    expect(await askAt(0)).toBeUndefined();
    environment({ AWS_CONTAINER_AUTHORIZATION_TOKEN: 'plain' });
    expect(await askAt(3)).toBe('plain');
    environment({ AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file });
    writeFileSync(file, 'first\n');
    expect(await askAt(4.5)).toBe('first');
    writeFileSync(file, 'second\n');
    expect(await askAt(5.25)).toBe('second');
  });

  it('is asked again as soon as it has failed', async () => {
    const { requests } = await container(({ number }) =>
      number === 2 ? { status: 500 } : granted(`KEY${number}`, 120),
    );
    const provide = defaultCredentials();
    await provide();
    vi.setSystemTime(START + 116 * MINUTE);
    await refused(provide).toMatchObject(noCredentials(/answered 500/));
    expect(await provide()).toMatchObject({ accessKeyId: 'KEY3' });
    expect(requests).toHaveLength(3);
  });

  it.each([
    ['a fault', { status: 500 }, /answered 500/],
    ['nothing useful', { body: '{"AccessKeyId":"A"}' }, /answered 200 without credentials/],
    ['no JSON', { body: 'oops' }, /JSON/],
    ['a hang-up', (response: { destroy(): void }) => response.destroy(), /UND_ERR_SOCKET/],
  ] as const)('that gives %s is NO_CREDENTIALS, and asked again next time', async (_, bad, why) => {
    const { requests } = await container(({ number }) =>
      number === 1 ? (bad as Reply) : granted('KEY', 60),
    );
    const provide = defaultCredentials();
    await refused(provide).toMatchObject(noCredentials(why));
    expect(await provide()).toMatchObject({ accessKeyId: 'KEY' });
    expect(requests).toHaveLength(2);
  });

  it('cannot send the token elsewhere', async () => {
    const other = await serveHttp(() => ({}));
    await container(() => ({ status: 307, headers: { location: other.url.href } }));
    await refused().toMatchObject(noCredentials(/answered 307/));
    expect(other.requests).toHaveLength(0);
  });

  it('that never answers ends after a second', async () => {
    const { requests } = await container(() => () => {});
    const start = performance.now();
    await refused().toMatchObject(noCredentials(/TimeoutError/));
    expect(performance.now() - start).toBeLessThan(3_000);
    expect(requests).toHaveLength(1);
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
