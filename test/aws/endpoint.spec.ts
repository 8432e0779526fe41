import { beforeEach, describe, expect, it, vi } from 'vitest';
import { resolveEndpoint } from '../../src/aws/endpoint.js';
import { CacheError } from '../../src/model/errors.js';

beforeEach(() => {
  for (const name of [
    'AWS_REGION',
    'AWS_DEFAULT_REGION',
    'AWS_ENDPOINT_URL',
    'AWS_ENDPOINT_URL_DYNAMODB',
    'AWS_ENDPOINT_URL_S3',
    'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS',
  ]) {
    vi.stubEnv(name, undefined);
  }
  return () => vi.unstubAllEnvs();
});

const resolved = (...given: Parameters<typeof resolveEndpoint>) => {
  const { endpoint, region } = resolveEndpoint(...given);
  return [endpoint.href, region];
};

describe('the region', () => {
  it.each([
    ['us-east-1', 'https://dynamodb.us-east-1.amazonaws.com/'],
    ['us-gov-west-1', 'https://dynamodb.us-gov-west-1.amazonaws.com/'],
    ['cn-north-1', 'https://dynamodb.cn-north-1.amazonaws.com.cn/'],
    ['us-iso-east-1', 'https://dynamodb.us-iso-east-1.c2s.ic.gov/'],
    ['us-isob-east-1', 'https://dynamodb.us-isob-east-1.sc2s.sgov.gov/'],
    ['eu-isoe-west-1', 'https://dynamodb.eu-isoe-west-1.cloud.adc-e.uk/'],
    ['us-isof-south-1', 'https://dynamodb.us-isof-south-1.csp.hci.ic.gov/'],
    ['eusc-de-east-1', 'https://dynamodb.eusc-de-east-1.amazonaws.eu/'],
  ])('%s is served at %s', (region, url) => {
    expect(resolved('dynamodb', { region })).toEqual([url, region]);
  });

  it('comes from the option, then AWS_REGION, then AWS_DEFAULT_REGION', () => {
    vi.stubEnv('AWS_DEFAULT_REGION', 'eu-west-3');
    expect(resolved('s3', {})).toEqual(['https://s3.eu-west-3.amazonaws.com/', 'eu-west-3']);
    vi.stubEnv('AWS_REGION', 'eu-west-2');
    expect(resolved('s3', {})).toEqual(['https://s3.eu-west-2.amazonaws.com/', 'eu-west-2']);
    expect(resolved('s3', { region: 'eu-west-1' })).toEqual([
      'https://s3.eu-west-1.amazonaws.com/',
      'eu-west-1',
    ]);
  });

  it('is us-east-1 for an endpoint of its own', () => {
    expect(resolved('dynamodb', { endpoint: 'http://localhost:8000' })).toEqual([
      'http://localhost:8000/',
      'us-east-1',
    ]);
  });
});

describe('the endpoint', () => {
  beforeEach(() => {
    vi.stubEnv('AWS_REGION', 'eu-west-1');
    vi.stubEnv('AWS_ENDPOINT_URL', 'http://all:1');
    vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', 'http://table:2');
  });

  it("comes from the option, then the service's variable, then the one for all services", () => {
    expect(resolved('dynamodb', { endpoint: 'https://mine/' })[0]).toBe('https://mine/');
    expect(resolved('dynamodb', {})).toEqual(['http://table:2/', 'eu-west-1']);
    expect(resolved('s3', {})).toEqual(['http://all:1/', 'eu-west-1']);
  });

  it('leaves the variables alone when they are to be ignored, and never the option', () => {
    vi.stubEnv('AWS_IGNORE_CONFIGURED_ENDPOINT_URLS', 'true');
    expect(resolved('dynamodb', {})[0]).toBe('https://dynamodb.eu-west-1.amazonaws.com/');
    expect(resolved('dynamodb', { endpoint: 'http://mine' })[0]).toBe('http://mine/');
  });
});

describe('what cannot be right', () => {
  const errorOf = (options: Parameters<typeof resolveEndpoint>[1]) => {
    try {
      return resolveEndpoint('dynamodb', options);
    } catch (error) {
      return error;
    }
  };

  it.each([
    [{}, 'region', /region is undefined:.*AWS_REGION/],
    [{ region: 'eu-central-1.evil.example/' }, 'region', /eu-central-1\.evil\.example/],
    [{ region: 'EU' }, 'region', /region is EU:/],
    [
      { endpoint: 'localhost:8000' },
      'endpoint',
      /endpoint is localhost:8000:.*AWS_ENDPOINT_URL_DYNAMODB/,
    ],
    [{ endpoint: 'not a url' }, 'endpoint', /http/],
    [{ endpoint: 'ftp://localhost' }, 'endpoint', /http/],
  ])('%j is an INVALID_OPTION', (options, subject, message) => {
    const error = errorOf(options);
    expect(error).toBeInstanceOf(CacheError);
    expect(error).toMatchObject({ code: 'INVALID_OPTION', subject });
    expect((error as Error).message).toMatch(message);
  });
});
