import { CacheError, DynamoDBCacheStore } from '@glasswork/cache';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createTransport } from '../../src/aws/transport.js';
import { credentials } from './servers.js';

const VARIABLES = ['NODE_USE_ENV_PROXY', 'NODE_OPTIONS', 'HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY'];

beforeEach(() => {
  for (const name of [...VARIABLES, ...VARIABLES.map((name) => name.toLowerCase())]) {
    vi.stubEnv(name, undefined);
  }
  return () => vi.unstubAllEnvs();
});

const PROXY = 'http://proxy.invalid:3128';
const AWS = 'https://dynamodb.eu-central-1.amazonaws.com';

function create(endpoint: string, environment: Record<string, string>): void {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  createTransport({
    service: 'dynamodb',
    region: 'eu-central-1',
    endpoint: new URL(endpoint),
    credentials: async () => credentials,
  }).close();
}

describe('a proxy that Node is told to use', () => {
  it.each([
    ['HTTPS_PROXY', AWS, { NODE_USE_ENV_PROXY: '1', HTTPS_PROXY: PROXY }],
    ['HTTPS_PROXY', AWS, { NODE_USE_ENV_PROXY: '1', https_proxy: PROXY }],
    ['HTTPS_PROXY', AWS, { NODE_OPTIONS: '--use-env-proxy', HTTPS_PROXY: PROXY }],
    ['HTTP_PROXY', 'http://ddb:8000', { NODE_USE_ENV_PROXY: '1', HTTP_PROXY: PROXY }],
    [
      'HTTP_PROXY',
      'http://ddb:8000',
      { NODE_USE_ENV_PROXY: '1', HTTP_PROXY: PROXY, NO_PROXY: 'ddb:80' },
    ],
    [
      'HTTPS_PROXY',
      AWS,
      {
        NODE_USE_ENV_PROXY: '1',
        HTTPS_PROXY: PROXY,
        NO_PROXY: 'localhost, .eu-west-1.amazonaws.com',
      },
    ],
  ])('%s is refused for %s with %j', (subject, endpoint, environment) => {
    expect(() => create(endpoint, environment)).toThrow(
      expect.objectContaining({
        code: 'INVALID_OPTION',
        subject,
        message: expect.stringMatching(/give the option client.*NO_PROXY/),
      }),
    );
  });

  it('is refused by the constructor of the store', () => {
    vi.stubEnv('NODE_USE_ENV_PROXY', '1');
    vi.stubEnv('HTTPS_PROXY', PROXY);
    vi.stubEnv('AWS_ENDPOINT_URL', undefined);
    vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', undefined);
    const options = { tableName: 'cache', region: 'eu-central-1' };
    expect(() => new DynamoDBCacheStore(options)).toThrow(CacheError);
    // A client of the user's finds its own way.
    expect(new DynamoDBCacheStore({ ...options, client: () => ({}) }).name).toBe('dynamodb');
  });

  it.each<readonly [string, string, Record<string, string>]>([
    ['no proxy', AWS, { NODE_USE_ENV_PROXY: '1' }],
    ['a variable that Node does not read', AWS, { HTTPS_PROXY: PROXY }],
    ['the variable set to something else', AWS, { NODE_USE_ENV_PROXY: '0', HTTPS_PROXY: PROXY }],
    ['another protocol', AWS, { NODE_USE_ENV_PROXY: '1', HTTP_PROXY: PROXY }],
    ...[
      '*',
      'dynamodb.eu-central-1.amazonaws.com',
      'localhost,.amazonaws.com',
      'localhost *.AmazonAWS.com',
      'dynamodb.eu-central-1.amazonaws.com:443',
    ].map((names) => {
      const environment = { NODE_USE_ENV_PROXY: '1', HTTPS_PROXY: PROXY, NO_PROXY: names };
      return ['the host exempt', AWS, environment] as const;
    }),
    [
      'the host exempt',
      'http://ddb',
      { NODE_USE_ENV_PROXY: '1', HTTP_PROXY: PROXY, NO_PROXY: 'ddb:80' },
    ],
    [
      'the host exempt',
      'http://ddb:8000',
      { NODE_USE_ENV_PROXY: '1', HTTP_PROXY: PROXY, NO_PROXY: 'ddb:8000' },
    ],
    [
      'an address',
      'https://[::1]:8000',
      { NODE_USE_ENV_PROXY: '1', HTTPS_PROXY: PROXY, no_proxy: '::1' },
    ],
  ])('is no concern with %s (%s, %j)', (_, endpoint, environment) => {
    expect(() => create(endpoint, environment)).not.toThrow();
  });
});
