import { CacheError } from '../errors.js';

/** AWS's partitions outside `aws`, by the start of the region's name; GovCloud is served below amazonaws.com. */
const SUFFIXES = [
  ['cn-', 'amazonaws.com.cn'],
  ['us-iso-', 'c2s.ic.gov'],
  ['us-isob-', 'sc2s.sgov.gov'],
  ['eu-isoe-', 'cloud.adc-e.uk'],
  ['us-isof-', 'csp.hci.ic.gov'],
  ['eusc-', 'amazonaws.eu'],
] as const;

/**
 * Where a service answers, and the region that its requests are signed for.
 *
 * The endpoint comes from the option, `AWS_ENDPOINT_URL_DYNAMODB` (or `_S3`), `AWS_ENDPOINT_URL`, or else from the
 * region; the region from the option, `AWS_REGION` or `AWS_DEFAULT_REGION`.
 *
 * @throws CacheError `INVALID_OPTION` when there is neither, or when one of them cannot be right.
 */
export function resolveEndpoint(
  service: 'dynamodb' | 's3',
  options: { readonly region?: string | undefined; readonly endpoint?: string | undefined },
): { endpoint: URL; region: string } {
  const { env } = process;
  const region = options.region || env.AWS_REGION || env.AWS_DEFAULT_REGION;
  if (region && !/^[a-z0-9-]+$/.test(region)) {
    throw invalid(
      'region',
      `region is ${JSON.stringify(region)}: give the name of an AWS region such as 'eu-central-1', in the option or in AWS_REGION.`,
    );
  }

  const variable = `AWS_ENDPOINT_URL_${service.toUpperCase()}`;
  const configured =
    env.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS === 'true'
      ? undefined
      : env[variable] || env.AWS_ENDPOINT_URL;
  const given = options.endpoint || configured;
  if (given) {
    const endpoint = URL.canParse(given) ? new URL(given) : undefined;
    if (endpoint?.protocol === 'http:' || endpoint?.protocol === 'https:') {
      return { endpoint, region: region || 'us-east-1' };
    }
    throw invalid(
      'endpoint',
      `endpoint is ${JSON.stringify(given)}: give an http or https URL such as 'http://localhost:8000', in the option, ${variable} or AWS_ENDPOINT_URL.`,
    );
  }

  if (!region) {
    throw invalid(
      'region',
      'No AWS region is known: set the option region, or the variable AWS_REGION.',
    );
  }
  const suffix = SUFFIXES.find(([start]) => region.startsWith(start))?.[1] ?? 'amazonaws.com';
  return { endpoint: new URL(`https://${service}.${region}.${suffix}`), region };
}

const invalid = (option: string, message: string) =>
  new CacheError('INVALID_OPTION', message, { subject: option });
