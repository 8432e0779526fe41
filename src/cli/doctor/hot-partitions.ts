import { type AwsApi, AwsError } from '../aws-api.js';
import { type Finding, note, ok, PAGES, warning } from './finding.js';

const HOURS = 3;

/** Requests that were throttled although the table had capacity: one partition was hot. By CloudWatch's names. */
const METRICS = [
  ['reads', 'ReadKeyRangeThroughputThrottleEvents'],
  ['writes', 'WriteKeyRangeThroughputThrottleEvents'],
  ['allReads', 'ReadThrottleEvents'],
  ['allWrites', 'WriteThrottleEvents'],
] as const;

/** Sums the throttled requests of the last hours, where CloudWatch may be read. */
export async function examinePartitions(
  cloudWatch: AwsApi | undefined,
  table: string,
  now: number,
): Promise<Finding> {
  const check = 'hot partitions';
  if (!cloudWatch) return note(check, 'CloudWatch is not asked about another endpoint');
  let body: Readonly<Record<string, unknown>>;
  try {
    ({ body } = await cloudWatch.call('GetMetricData', {
      StartTime: Math.floor(now / 1000) - HOURS * 3600,
      EndTime: Math.ceil(now / 1000),
      MetricDataQueries: METRICS.map(([Id, MetricName]) => ({
        Id,
        MetricStat: {
          Metric: {
            Namespace: 'AWS/DynamoDB',
            MetricName,
            Dimensions: [{ Name: 'TableName', Value: table }],
          },
          Period: HOURS * 3600,
          Stat: 'Sum',
        },
      })),
    }));
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const why = error.isDenied ? 'not allowed (cloudwatch:GetMetricData)' : error.message;
    return note(check, `CloudWatch was not read: ${why}`);
  }
  const results: { Id?: string; Values?: number[] }[] = Object(body).MetricDataResults ?? [];
  const sum = (id: string) =>
    (results.find(({ Id }) => Id === id)?.Values ?? []).reduce((total, each) => total + each, 0);
  const hot = sum('reads') + sum('writes');
  const throttled = sum('allReads') + sum('allWrites');
  if (hot > 0) {
    const text = `${hot} requests were throttled in ${HOURS} hours because one partition was hot`;
    const remedy =
      'Put memory in front of the table (TieredCacheStore), or give the hottest key a longer ttl: one key has 3,000 read and 1,000 write units a second';
    return warning(check, text, remedy, PAGES.limits);
  }
  if (throttled > 0) {
    const text = `no partition was hot, but ${throttled} requests were throttled in ${HOURS} hours`;
    const remedy = 'Raise the capacity of the table, or make it on demand';
    return warning(check, text, remedy, PAGES.limits);
  }
  return ok(check, `nothing was throttled in ${HOURS} hours`);
}
