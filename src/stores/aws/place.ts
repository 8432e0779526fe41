/** The destination of a request, as far as it is known. */
export interface Place {
  readonly region?: string | undefined;
  /** The origin, unless it is AWS's own for the region. */
  readonly endpoint?: string | undefined;
}

/** As in ` in eu-central-1 at http://localhost:8000`. */
export const describePlace = ({ region, endpoint }: Place): string =>
  `${region ? ` in ${region}` : ''}${endpoint ? ` at ${endpoint}` : ''}`;

/** The partition of a region, as ARNs name it. */
export function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}
