import { invalid } from '../model/errors.js';

/** AWS's partitions outside `aws`, by the start of the region's name; GovCloud is served below amazonaws.com. */
const SUFFIXES = {
  'cn-': 'amazonaws.com.cn',
  'us-iso-': 'c2s.ic.gov',
  'us-isob-': 'sc2s.sgov.gov',
  'eu-isoe-': 'cloud.adc-e.uk',
  'us-isof-': 'csp.hci.ic.gov',
  'eusc-': 'amazonaws.eu',
};

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
  const variable = `AWS_ENDPOINT_URL_${service.toUpperCase()}`;
  const given =
    options.endpoint ||
    (env.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS !== 'true' && (env[variable] || env.AWS_ENDPOINT_URL));
  if (given && !(/^https?:/i.test(given) && URL.canParse(given))) {
    throw invalid('endpoint', given, `an http(s) URL, here or in ${variable}`);
  }

  const region =
    options.region || env.AWS_REGION || env.AWS_DEFAULT_REGION || (given && 'us-east-1');
  // It becomes a part of the host name that signed requests go to.
  if (!region || !/^[a-z\d-]+$/.test(region)) {
    throw invalid('region', region, 'one such as eu-central-1, here or in AWS_REGION');
  }
  const [, suffix = 'amazonaws.com'] =
    Object.entries(SUFFIXES).find(([start]) => region.startsWith(start)) ?? [];
  return { endpoint: new URL(given || `https://${service}.${region}.${suffix}`), region };
}
