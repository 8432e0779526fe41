import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBCacheStore, type DynamoDBCacheStoreOptions } from '@glasswork/cache';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { resolveCloudFront, resolveEndpoint } from '../../src/aws/endpoint.js';
import { profileSettings } from '../../src/aws/profile.js';
import { errorOf } from '../errors.js';
import { temporaryFolder } from '../temporary-folder.js';

beforeEach(() => {
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('AWS_')) vi.stubEnv(name, undefined);
  }
  // A developer who runs the tests may have profiles.
  vi.stubEnv('HOME', '/none');
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

  it.each(['true', 'True'])(
    'leaves the variables alone when they are to be ignored (%s), and never the option',
    (ignored) => {
      vi.stubEnv('AWS_IGNORE_CONFIGURED_ENDPOINT_URLS', ignored);
      expect(resolved('dynamodb', {})[0]).toBe('https://dynamodb.eu-west-1.amazonaws.com/');
      expect(resolved('dynamodb', { endpoint: 'http://mine' })[0]).toBe('http://mine/');
    },
  );
});

describe('FIPS and dual stack', () => {
  const regions = [
    ...['us-east-1', 'eu-central-1', 'mx-central-1', 'us-gov-west-1', 'us-gov-east-1'],
    ...['cn-north-1', 'us-iso-east-1', 'us-isob-east-1', 'eu-isoe-west-1', 'us-isof-south-1'],
    'eusc-de-east-1',
  ];
  const switches = [
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ] as const;

  it.each(regions)("lead to the hosts of AWS's SDK in %s", (region) => {
    const { endpointProvider } = new DynamoDBClient({ region, useFipsEndpoint: false }).config;
    for (const [useFipsEndpoint, useDualstackEndpoint] of switches) {
      const { url } = endpointProvider({
        ...{ Region: region, UseFIPS: useFipsEndpoint, UseDualStack: useDualstackEndpoint },
      });
      const options = { region, useFipsEndpoint, useDualstackEndpoint };
      expect(resolved('dynamodb', options)).toEqual([url.href, region]);
    }
  });

  it.each([
    ['s3', true, false, 'https://s3-fips.us-east-1.amazonaws.com/'],
    ['s3', false, true, 'https://s3.dualstack.us-east-1.amazonaws.com/'],
    ['s3', true, true, 'https://s3-fips.dualstack.us-east-1.amazonaws.com/'],
    ['dynamodb', false, true, 'https://dynamodb.us-east-1.api.aws/'],
    ['s3', true, false, 'https://s3-fips.us-gov-west-1.amazonaws.com/'],
  ] as const)('of %s (%s, %s) is %s', (service, useFipsEndpoint, useDualstackEndpoint, url) => {
    const region = /us-(gov-west|east)-1/.exec(url)?.[0];
    const options = { region, useFipsEndpoint, useDualstackEndpoint };
    expect(resolved(service, options)[0]).toBe(url);
  });

  it('come from the option, then the variable, then the profile', async () => {
    const fips = 'https://dynamodb-fips.eu-west-1.amazonaws.com/';
    const plain = 'https://dynamodb.eu-west-1.amazonaws.com/';
    const region = 'eu-west-1';
    expect(resolved('dynamodb', { region })[0]).toBe(plain);
    await profiles('[default]\nuse_fips_endpoint = true\n');
    expect(resolved('dynamodb', { region })[0]).toBe(fips);
    vi.stubEnv('AWS_USE_FIPS_ENDPOINT', 'false');
    expect(resolved('dynamodb', { region })[0]).toBe(plain);
    vi.stubEnv('AWS_USE_FIPS_ENDPOINT', 'True');
    expect(resolved('dynamodb', { region })[0]).toBe(fips);
    expect(resolved('dynamodb', { region, useFipsEndpoint: false })[0]).toBe(plain);
    vi.stubEnv('AWS_USE_FIPS_ENDPOINT', '');
    await profiles('[default]\nuse_dualstack_endpoint = true\n');
    expect(resolved('dynamodb', { region })[0]).toBe('https://dynamodb.eu-west-1.api.aws/');
  });

  it('are options of the store, which takes them in its constructor', () => {
    const open = (options: Partial<DynamoDBCacheStoreOptions>) =>
      new DynamoDBCacheStore({ tableName: 't', region: 'eu-west-1', ...options });
    open({ useFipsEndpoint: true, useDualstackEndpoint: true });
    expect(() => open({ useFipsEndpoint: true, endpoint: 'http://localhost:8000' })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', subject: 'useFipsEndpoint' }),
    );
  });

  it.each(['useFipsEndpoint', 'useDualstackEndpoint'] as const)(
    "together with an endpoint, %s is refused as by AWS's SDK, wherever the two come from",
    (name) => {
      const endpoint = 'https://user.example/';
      const refused = expect.objectContaining({
        ...{ code: 'INVALID_OPTION', subject: name },
        message: expect.stringMatching(/endpoint https:\/\/user\.example.*false here/),
      });
      expect(() => resolved('dynamodb', { endpoint, [name]: true })).toThrow(refused);
      vi.stubEnv(
        name === 'useFipsEndpoint' ? 'AWS_USE_FIPS_ENDPOINT' : 'AWS_USE_DUALSTACK_ENDPOINT',
        'true',
      );
      expect(() => resolved('dynamodb', { endpoint })).toThrow(refused);
      expect(resolved('dynamodb', { endpoint, [name]: false })[0]).toBe(endpoint);
      vi.stubEnv('AWS_ENDPOINT_URL', endpoint);
      vi.stubEnv('AWS_REGION', 'eu-west-1');
      expect(() => resolved('dynamodb', {})).toThrow(refused);
    },
  );
});

describe('the region of the profile', () => {
  it('counts where no variable names one', async () => {
    await profiles('[default]\nregion = eu-west-1\n');
    expect(resolved('dynamodb', {})[1]).toBe('eu-west-1');
    vi.stubEnv('AWS_DEFAULT_REGION', 'eu-west-2');
    expect(resolved('dynamodb', {})[1]).toBe('eu-west-2');
    expect(resolved('dynamodb', { region: 'eu-west-3' })[1]).toBe('eu-west-3');
  });

  it('is that of the profile which AWS_PROFILE names', async () => {
    await profiles('[default]\nregion=eu-west-1\n[profile dev]\nregion=eu-west-2\n');
    vi.stubEnv('AWS_PROFILE', 'dev');
    expect(resolved('dynamodb', {})[1]).toBe('eu-west-2');
    vi.stubEnv('AWS_PROFILE', 'none');
    expect(() => resolved('dynamodb', {})).toThrow(/region is undefined:.*profile "none"/);
  });

  it('is the one that an endpoint of its own is signed for', async () => {
    await profiles('[default]\nregion = eu-west-1\n');
    const endpoint = 'http://localhost:8000/';
    expect(resolved('dynamodb', { endpoint })).toEqual([endpoint, 'eu-west-1']);
  });

  it.each([
    ['no file', undefined, undefined],
    ['an empty one', '', undefined],
    [
      'Windows line ends and a byte order mark',
      '\uFEFF[default]\r\nregion = eu-west-1\r\n',
      'eu-west-1',
    ],
    ['comments', '# [default]\n; x\n[default] # mine\nregion = eu-west-1 ; Ireland\n', 'eu-west-1'],
    ['spaces and quotes', '[ profile  "dev" ]\n  region\t=  eu-west-1  \n', 'eu-west-1'],
    [
      'the same profile twice',
      '[profile dev]\nregion=x\n[profile dev]\nregion=eu-west-1\n',
      'eu-west-1',
    ],
    [
      'a nested setting of that name',
      '[default]\nregion = eu-west-1\ns3 =\n  region = us-west-2\n',
      'eu-west-1',
    ],
    ['a nested setting alone', '[default]\ns3 =\n  region = us-west-2\n', undefined],
    [
      'sections of other kinds',
      '[dev]\nregion=a\n[sso-session dev]\nregion=b\n[services dev]\nregion=c\n',
      undefined,
    ],
    ['a setting of no profile', 'region = x\n[default]\nregion = eu-west-1\n', 'eu-west-1'],
    ['a nested setting below one letter', '[default]\na=\n  region = us-west-2\n', undefined],
    ['a setting below one without a name', '[default]\n=\n  region = eu-west-1\n', 'eu-west-1'],
    ['a line without an equals sign', '[default]\nregions\n', undefined],
    ['rubbish', '=\n[default\nregion\n]\n\0', undefined],
  ])('is read from %s', async (_, text, region) => {
    if (text === undefined) vi.stubEnv('AWS_CONFIG_FILE', '/none');
    else await profiles(text);
    if (text?.includes('dev')) vi.stubEnv('AWS_PROFILE', 'dev');
    const { region: found } = profileSettings()();
    expect(found).toBe(region);
    if (region) expect(resolved('dynamodb', {})[1]).toBe(region);
    else expect(() => resolved('dynamodb', {})).toThrow(/region is undefined/);
  });

  it('of the credentials file counts above that of the config file, and both lie in ~/.aws', async () => {
    const home = folder();
    mkdirSync(join(home, '.aws'));
    vi.stubEnv('HOME', home);
    writeFileSync(join(home, '.aws/config'), '[default]\nregion = eu-west-1\n');
    expect(resolved('dynamodb', {})[1]).toBe('eu-west-1');
    writeFileSync(join(home, '.aws/credentials'), '[default]\nregion = eu-west-2\n');
    expect(resolved('dynamodb', {})[1]).toBe('eu-west-2');
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '~/other');
    writeFileSync(join(home, 'other'), '[default]\nregion = eu-west-3\n');
    expect(resolved('dynamodb', {})[1]).toBe('eu-west-3');
    // On Windows.
    vi.stubEnv('HOME', undefined);
    vi.stubEnv('USERPROFILE', home);
    expect(resolved('dynamodb', {})[1]).toBe('eu-west-3');
  });
});

const folder = (): string => temporaryFolder('cache-profile');

/** AWS's config file with this text. */
async function profiles(text: string): Promise<void> {
  const file = join(folder(), 'config');
  writeFileSync(file, text);
  vi.stubEnv('AWS_CONFIG_FILE', file);
}

describe('what cannot be right', () => {
  it.each([
    [{}, 'region', /region is undefined:.*AWS_REGION/],
    [{ region: 'eu-central-1.evil.example/' }, 'region', /eu-central-1\.evil\.example/],
    [{ region: 'EU' }, 'region', /region is 'EU':/],
    [{ region: 5 as never }, 'region', /region is 5:/],
    [{ region: ['eu-west-1'] as never }, 'region', /region is object:/],
    [
      { endpoint: 'localhost:8000' },
      'endpoint',
      /endpoint is 'localhost:8000':.*AWS_ENDPOINT_URL_DYNAMODB/,
    ],
    [{ region: 'fips-us-east-1' }, 'region', /region is 'fips-us-east-1':.*useFipsEndpoint/],
    [{ region: 'us-east-1-fips' }, 'region', /useFipsEndpoint/],
    [
      { region: 'us-east-1', useFipsEndpoint: 'yes' as never },
      'useFipsEndpoint',
      /is 'yes': give true or false/,
    ],
    [{ endpoint: 'http://h/?x=1' }, 'endpoint', /is 'http:\/\/h\/': /],
    [{ endpoint: 'http://user:hidden@h/' }, 'endpoint', /is 'http:\/\/…@h\/': /],
    [{ endpoint: 'user:hidden@h' }, 'endpoint', /is '…@h': /],
    [{ endpoint: 'http://user@h/' }, 'endpoint', /is 'http:\/\/…@h\/': /],
    [{ endpoint: 'http://:hidden@h/' }, 'endpoint', /is 'http:\/\/…@h\/': /],
    [{ endpoint: 'http://h/#hidden' }, 'endpoint', /is 'http:\/\/h\/': /],
    [{ endpoint: 'http://' }, 'endpoint', /is 'http:\/\/': /],
    [{ endpoint: 'not a url' }, 'endpoint', /http/],
    [{ endpoint: 'ftp://localhost' }, 'endpoint', /http/],
  ])('%j is an INVALID_OPTION', (options, subject, message) => {
    const error = errorOf(() => resolveEndpoint('dynamodb', options));
    expect(error).toMatchObject({ code: 'INVALID_OPTION', subject });
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('hidden');
  });

  it.each(['AWS_USE_FIPS_ENDPOINT', 'AWS_USE_DUALSTACK_ENDPOINT'])(
    '%s of another kind is an INVALID_OPTION',
    (variable) => {
      vi.stubEnv(variable, '1');
      const message = new RegExp(`is '1': give true or false, in ${variable}`);
      expect(() => resolved('dynamodb', { region: 'eu-west-1' })).toThrow(message);
    },
  );
});

describe('the endpoint of CloudFront', () => {
  it('is one for all regions', () => {
    vi.stubEnv('AWS_REGION', 'eu-west-1');
    expect(resolveCloudFront(undefined).href).toBe('https://cloudfront.amazonaws.com/');
    vi.stubEnv('AWS_USE_FIPS_ENDPOINT', 'true');
    expect(resolveCloudFront(undefined).href).toBe('https://cloudfront-fips.amazonaws.com/');
  });

  it('is the given one, then that of its variable, then that of all services', () => {
    vi.stubEnv('AWS_ENDPOINT_URL', 'http://all:1');
    expect(resolveCloudFront(undefined).href).toBe('http://all:1/');
    vi.stubEnv('AWS_ENDPOINT_URL_CLOUDFRONT', 'http://own:1');
    expect(resolveCloudFront(undefined).href).toBe('http://own:1/');
    expect(resolveCloudFront('http://here:1').href).toBe('http://here:1/');
  });
});
