import aws4 from 'aws4';
import fc from 'fast-check';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { elastiCacheToken, tokenSource } from '../../src/aws/elasticache-token.js';

const NOW = Date.UTC(2026, 10, 28, 12);

/** The same token by a library that someone else wrote. It sorts nothing and encodes the query as it is given. */
function byAws4(
  { user, cacheName, region, serverless }: Parameters<typeof elastiCacheToken>[0],
  credentials: Parameters<typeof elastiCacheToken>[1],
): URLSearchParams {
  const type = serverless ? '&ResourceType=ServerlessCache' : '';
  const path = `/?Action=connect&User=${encodeURIComponent(user)}${type}&X-Amz-Expires=900`;
  const time = new Date(NOW).toISOString().replace(/[-:]|\.\d+/g, '');
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const signed = aws4.sign(
    {
      service: 'elasticache',
      region,
      host: cacheName,
      path: `${path}&X-Amz-Date=${time}`,
      signQuery: true,
    },
    { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) },
  );
  return new URLSearchParams(String(signed.path).slice(2));
}

const sorted = (query: URLSearchParams) => [...query].sort(([a], [b]) => (a < b ? -1 : 1));

describe('the token of ElastiCache', () => {
  it('is the one that aws4 signs', () => {
    const name = fc.stringMatching(/^[a-z][a-z\d-]{0,20}$/);
    const text = fc.string({ minLength: 1, maxLength: 30, unit: 'grapheme-ascii' });
    const iam = fc.record({
      user: fc.stringMatching(/^[A-Za-z][\w.-]{0,20}$/),
      cacheName: name,
      region: fc.constantFrom('eu-central-1', 'cn-north-1'),
      serverless: fc.boolean(),
    });
    const credentials = fc.record({
      accessKeyId: fc.stringMatching(/^[A-Z\d]{4,20}$/),
      secretAccessKey: text,
      sessionToken: fc.option(fc.base64String({ minLength: 4 }), { nil: undefined }),
    });
    fc.assert(
      fc.property(iam, credentials, (user, keys) => {
        const token = elastiCacheToken(user, keys, NOW);
        const start = `${user.cacheName}/?`;
        expect(token.startsWith(start)).toBe(true);
        const query = new URLSearchParams(token.slice(start.length));
        expect(sorted(query)).toEqual(sorted(byAws4(user, keys)));
      }),
    );
  });
});

it('an empty session token is none', () => {
  const user = { user: 'app', cacheName: 'c', region: 'eu-central-1', serverless: false };
  const keys = { accessKeyId: 'A', secretAccessKey: 'S' };
  const token = elastiCacheToken(user, keys, NOW);
  expect(elastiCacheToken(user, { ...keys, sessionToken: '' }, NOW)).toBe(token);
  expect(elastiCacheToken(user, { ...keys, sessionToken: 'T' }, NOW)).not.toBe(token);
});

describe('the source of tokens', () => {
  afterEach(() => void vi.unstubAllEnvs());
  const user = { user: 'shop', cacheName: 'cache', serverless: false };
  const keys = { accessKeyId: 'AKID', secretAccessKey: 'secret' };

  it('takes region and credentials from the environment, and the time of each call', async () => {
    vi.stubEnv('AWS_REGION', 'eu-west-1');
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKENV');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
    vi.stubEnv('AWS_SESSION_TOKEN', 'session');
    vi.stubEnv('AWS_PROFILE', '');
    let now = NOW;
    const token = tokenSource({ ...user, region: undefined }, undefined, { now: () => now });
    const first = new URLSearchParams((await token()).split('?')[1]);
    expect(first.get('X-Amz-Credential')).toBe('AKENV/20261128/eu-west-1/elasticache/aws4_request');
    expect(first.get('X-Amz-Security-Token')).toBe('session');
    expect(first.get('X-Amz-Date')).toBe('20261128T120000Z');
    now += 16 * 60_000;
    const later = new URLSearchParams((await token()).split('?')[1]);
    expect(later.get('X-Amz-Date')).toBe('20261128T121600Z');
  });

  it('says what is missing', async () => {
    expect(() => tokenSource({ ...user, region: 'Not a region' })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', subject: 'iam.region' }),
    );
    const none = async () => ({ ...keys, accessKeyId: '' });
    await expect(tokenSource({ ...user, region: 'eu-west-1' }, none)()).rejects.toMatchObject({
      code: 'NO_CREDENTIALS',
    });
  });

  it('names no option for credentials that take too long, because it has none', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const never = () => new Promise<typeof keys>(() => {});
    const refused = expect(
      tokenSource({ ...user, region: 'eu-west-1' }, never)(),
    ).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringMatching(/gave none within 2 s\. Check what it waits for\.$/),
    });
    await vi.advanceTimersByTimeAsync(2_000);
    await refused;
  });
});
