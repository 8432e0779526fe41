import { invalid } from '../model/errors.js';
import { profileName, profileSettings, type Settings } from './profile.js';

/** AWS's partitions other than `aws`, by the start of the region's name: the domain, and the dual-stack domain. */
const DOMAINS: Readonly<Record<string, readonly [plain: string, dualstack: string]>> = {
  'cn-': ['amazonaws.com.cn', 'api.amazonwebservices.com.cn'],
  'us-iso-': ['c2s.ic.gov', 'api.aws.ic.gov'],
  'us-isob-': ['sc2s.sgov.gov', 'api.aws.scloud'],
  'eu-isoe-': ['cloud.adc-e.uk', 'api.cloud-aws.adc-e.uk'],
  'us-isof-': ['csp.hci.ic.gov', 'api.aws.hci.ic.gov'],
  'eusc-': ['amazonaws.eu', 'api.amazonwebservices.eu'],
};
const STANDARD_DOMAINS = ['amazonaws.com', 'api.aws'] as const;

type Service = 'dynamodb' | 's3' | 'cloudfront';

export interface EndpointOptions {
  readonly region?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly useFipsEndpoint?: boolean | undefined;
  readonly useDualstackEndpoint?: boolean | undefined;
}

/**
 * Finds the URL of a service, and the region to sign its requests for.
 *
 * | setting | from the option, else |
 * | --- | --- |
 * | endpoint | `AWS_ENDPOINT_URL_DYNAMODB` (or `_S3`), `AWS_ENDPOINT_URL`, or made of the rest |
 * | region | `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile's `region`, or with an endpoint us-east-1 |
 * | FIPS | `AWS_USE_FIPS_ENDPOINT`, the profile's `use_fips_endpoint` |
 * | dual stack | `AWS_USE_DUALSTACK_ENDPOINT`, the profile's `use_dualstack_endpoint` |
 *
 * @throws CacheError `INVALID_OPTION` without a region, for an invalid value, and for an endpoint together with FIPS or
 * dual stack, as in AWS's SDK, because such an endpoint cannot be shown to be either.
 */
export function resolveEndpoint(
  service: Exclude<Service, 'cloudfront'>,
  options: EndpointOptions,
): { endpoint: URL; region: string } {
  const given = givenEndpoint(service, options.endpoint);
  const profile = profileSettings();
  const region = resolveRegion(options.region, 'region', given && 'us-east-1');
  const fips = isOn('useFipsEndpoint', options.useFipsEndpoint, profile);
  const dualstack = isOn('useDualstackEndpoint', options.useDualstackEndpoint, profile);
  const conflict = fips ? 'useFipsEndpoint' : dualstack && 'useDualstackEndpoint';
  if (given && conflict) {
    const off = `false here turns off what ${VARIABLES[conflict]} or the profile says`;
    throw invalid(conflict, true, `either it or the endpoint ${given.origin}; ${off}`);
  }
  return {
    endpoint: given ?? new URL(`https://${hostOf(service, region, fips, dualstack)}`),
    region,
  };
}

/**
 * Finds the URL of CloudFront, which is one for all regions. Its requests are signed for us-east-1. From the option, else
 * `AWS_ENDPOINT_URL_CLOUDFRONT`, `AWS_ENDPOINT_URL`, or its own, with FIPS as above.
 *
 * @throws CacheError `INVALID_OPTION` for a wrong endpoint.
 */
export function resolveCloudFront(option: string | undefined): URL {
  const given = givenEndpoint('cloudfront', option);
  if (given) return given;
  const fips = isOn('useFipsEndpoint', undefined, profileSettings());
  return new URL(`https://cloudfront${fips ? '-fips' : ''}.amazonaws.com`);
}

/**
 * Finds the region: the option of this name, `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile's, or the one for want of any.
 *
 * @throws CacheError `INVALID_OPTION` without a region, and for an invalid one.
 */
export function resolveRegion(
  option: string | undefined,
  name = 'region',
  otherwise?: string,
): string {
  const { AWS_REGION, AWS_DEFAULT_REGION } = process.env;
  const region =
    option || AWS_REGION || AWS_DEFAULT_REGION || profileSettings()().region || otherwise;
  // The region becomes a part of what is signed, and of the host name that receives signed requests.
  if (typeof region !== 'string' || !/^[a-z\d-]+$/.test(region)) {
    const places = `here, in AWS_REGION or in the profile "${profileName()}"`;
    throw invalid(name, region, `one such as eu-central-1, ${places}`);
  }
  if (region.startsWith('fips-') || region.endsWith('-fips')) {
    throw invalid(name, region, 'the region itself, with useFipsEndpoint');
  }
  return region;
}

const VARIABLES = {
  useFipsEndpoint: 'AWS_USE_FIPS_ENDPOINT',
  useDualstackEndpoint: 'AWS_USE_DUALSTACK_ENDPOINT',
} as const;

function givenEndpoint(service: Service, option: string | undefined): URL | undefined {
  const { env } = process;
  const variable = `AWS_ENDPOINT_URL_${service.toUpperCase()}`;
  const ignored = env.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS?.toLowerCase() === 'true';
  const given = option || (ignored ? undefined : env[variable] || env.AWS_ENDPOINT_URL);
  if (!given) return undefined;
  const url = /^https?:/i.test(given) && URL.canParse(given) ? new URL(given) : undefined;
  if (!url || url.username || url.password || url.search || url.hash) {
    // The message must not contain user name or password.
    const shown = String(given)
      .replace(/^(\w+:\/\/)?[^/]*@/, '$1…@')
      .replace(/[?#].*/, '');
    throw invalid('endpoint', shown, `an http(s) URL of host and path, here or in ${variable}`);
  }
  return url;
}

function isOn(
  name: keyof typeof VARIABLES,
  option: boolean | undefined,
  profile: () => Settings,
): boolean {
  if (typeof option === 'boolean') return option;
  if (option !== undefined) throw invalid(name, option, 'true or false');
  const variable = VARIABLES[name];
  // AWS_USE_FIPS_ENDPOINT is use_fips_endpoint in a profile.
  const setting = variable.slice('AWS_'.length).toLowerCase();
  const text = process.env[variable] || profile()[setting];
  if (!text) return false;
  if (/^(true|false)$/i.test(text)) return text.toLowerCase() === 'true';
  throw invalid(name, text, `true or false, in ${variable} or the profile "${profileName()}"`);
}

function hostOf(service: Service, region: string, fips: boolean, dualstack: boolean): string {
  const [, domains] = Object.entries(DOMAINS).find(([start]) => region.startsWith(start)) ?? [];
  const [plain, both] = domains ?? STANDARD_DOMAINS;
  // GovCloud's plain DynamoDB endpoints are FIPS endpoints without a separate FIPS name.
  const isFipsAnyway = service === 'dynamodb' && region.startsWith('us-gov-') && !dualstack;
  const name = fips && !isFipsAnyway ? `${service}-fips` : service;
  // S3's dual-stack endpoint is below the plain domain.
  if (service === 's3') return `${name}.${dualstack ? 'dualstack.' : ''}${region}.${plain}`;
  return `${name}.${region}.${dualstack ? both : plain}`;
}
