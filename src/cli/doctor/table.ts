import { type AwsApi, AwsError } from '../aws-api.js';
import { type Finding, note, ok, PAGES, problem, warning } from './finding.js';

interface Description {
  readonly TableStatus?: string;
  readonly KeySchema?: readonly { readonly AttributeName: string; readonly KeyType: string }[];
  readonly AttributeDefinitions?: readonly {
    readonly AttributeName: string;
    readonly AttributeType: string;
  }[];
  readonly BillingModeSummary?: { readonly BillingMode?: string };
  readonly ProvisionedThroughput?: {
    readonly ReadCapacityUnits?: number;
    readonly WriteCapacityUnits?: number;
  };
  readonly TableClassSummary?: { readonly TableClass?: string };
  readonly Replicas?: readonly unknown[];
}

/** Examines the table itself. `isThere` is false if nothing else can be examined. */
export async function examineTable(
  api: AwsApi,
  table: string,
): Promise<{ findings: Finding[]; isThere: boolean }> {
  let description: Description;
  try {
    const { body } = await api.call('DescribeTable', { TableName: table });
    description = Object(body.Table);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    if (error.code === 'ResourceNotFoundException') {
      const text = `there is no table "${table}" in ${api.region}`;
      const remedy = `Create it (glasswork-cache init, or create for development), or fix --table, --region or the account of the credentials`;
      return { findings: [problem('table', text, remedy, PAGES.table)], isThere: false };
    }
    if (!error.isDenied) throw error;
    const text = 'not allowed to describe the table: key schema, billing and TTL were not examined';
    return { findings: [note('table', `${text} (dynamodb:DescribeTable)`)], isThere: true };
  }
  const findings = [
    statusOf(description, table, api.region),
    keySchemaOf(description),
    billingOf(description, table),
    await ttlOf(api, table),
    ...extrasOf(description),
  ];
  return { findings, isThere: true };
}

function statusOf({ TableStatus = '' }: Description, table: string, region: string): Finding {
  if (TableStatus === 'ACTIVE' || TableStatus === 'UPDATING')
    return ok('table', `"${table}" is there, in ${region}`);
  const text = `"${table}" is ${TableStatus.toLowerCase()}`;
  return problem('table', text, 'Wait until it is active, and run doctor again', PAGES.table);
}

function keySchemaOf({ KeySchema = [], AttributeDefinitions = [] }: Description): Finding {
  const shown = KeySchema.map(({ AttributeName, KeyType }) => {
    const found = AttributeDefinitions.find((each) => each.AttributeName === AttributeName);
    return `${AttributeName} (${found?.AttributeType ?? '?'}, ${KeyType.toLowerCase()})`;
  }).join(' and ');
  if (shown === 'pk (S, hash)') return ok('key schema', 'partition key pk (S), no sort key');
  const remedy =
    'Create another table with partition key pk (S) and no sort key, because a key schema cannot be changed';
  return problem('key schema', `the key is ${shown}`, remedy, PAGES.table);
}

function billingOf(
  { BillingModeSummary, ProvisionedThroughput }: Description,
  table: string,
): Finding {
  const { ReadCapacityUnits: reads = 0, WriteCapacityUnits: writes = 0 } =
    ProvisionedThroughput ?? {};
  if (BillingModeSummary?.BillingMode === 'PAY_PER_REQUEST' || reads + writes === 0)
    return ok('billing', 'on demand');
  return warning(
    'billing',
    `provisioned: ${reads} read and ${writes} write units a second, more are throttled`,
    `Make it on demand (aws dynamodb update-table --table-name ${table} --billing-mode PAY_PER_REQUEST), or let auto scaling follow the traffic`,
    PAGES.table,
  );
}

async function ttlOf(api: AwsApi, table: string): Promise<Finding> {
  const on = (enabled: boolean, attribute: string) =>
    `aws dynamodb update-time-to-live --table-name ${table} --time-to-live-specification Enabled=${enabled},AttributeName=${attribute}`;
  try {
    const { body } = await api.call('DescribeTimeToLive', { TableName: table });
    const { TimeToLiveStatus: status, AttributeName: attribute } = Object(
      body.TimeToLiveDescription,
    );
    const isOn = status === 'ENABLED' || status === 'ENABLING';
    if (isOn && attribute === 'expiresAt') return ok('TTL', 'on, by expiresAt');
    if (isOn) {
      const remedy = `Turn it off (${on(false, attribute)}), wait up to an hour, and turn it on by expiresAt (${on(true, 'expiresAt')})`;
      const text = `on, but by the attribute ${attribute}, which the cache does not write: nothing is ever deleted`;
      return problem('TTL', text, remedy, PAGES.table);
    }
    const text = 'off: expired items are never deleted, and their storage is billed';
    return problem('TTL', text, `Turn it on: ${on(true, 'expiresAt')}`, PAGES.table);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    if (error.isDenied) return note('TTL', 'not allowed to read it (dynamodb:DescribeTimeToLive)');
    if (error.code === 'UnknownOperationException') return note('TTL', 'this server has none');
    throw error;
  }
}

function extrasOf({ TableClassSummary, Replicas = [] }: Description): Finding[] {
  const findings: Finding[] = [];
  if (TableClassSummary?.TableClass === 'STANDARD_INFREQUENT_ACCESS') {
    const remedy = 'Change the table class to STANDARD';
    const text = 'infrequent access: each read and write costs a quarter more';
    findings.push(warning('table class', text, remedy, PAGES.table));
  }
  if (Replicas.length > 0) {
    const text = `a global table with ${Replicas.length} replicas: an invalidation reaches other regions about a second later`;
    findings.push(note('replicas', text));
  }
  return findings;
}
