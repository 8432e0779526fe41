import { type AwsApi, AwsError } from './aws-api.js';
import { UsageError } from './exit.js';

/** Items that are looked at. One of another program is enough. */
const SAMPLE = 25;
/** The attributes that every item of the cache has. */
const OWN = ['ver', 'n', 'expiresAt'] as const;

/**
 * `pk` is the key of many tables, so the key alone proves nothing: TTL and some items are looked at, too, where that is
 * allowed.
 *
 * @throws UsageError for a table that is missing, or that holds something else than this cache.
 */
export async function refuseOthers(api: AwsApi, TableName: string): Promise<void> {
  const reason = await otherUse(api, TableName);
  if (reason !== undefined)
    throw new UsageError(
      `The table "${TableName}" in ${api.region} ${reason}, so it is no table of this cache: give another --table.`,
    );
}

async function otherUse(api: AwsApi, TableName: string): Promise<string | undefined> {
  const { KeySchema = [], AttributeDefinitions = [] } = await describe(api, TableName);
  const names = KeySchema.map(({ AttributeName }) => AttributeName);
  if (names.join() !== 'pk') return `has the key ${names.join(', ')}`;
  const type = AttributeDefinitions.find(({ AttributeName }) => AttributeName === 'pk');
  if (type && type.AttributeType !== 'S') return 'has a key that is no text';
  const ttl = Object((await look(api, 'DescribeTimeToLive', { TableName }))?.TimeToLiveDescription);
  const isOn = /^ENABL/.test(ttl.TimeToLiveStatus ?? '');
  if (isOn && ttl.AttributeName !== 'expiresAt') return `has TTL on ${ttl.AttributeName}`;
  const items: unknown = (await look(api, 'Scan', { TableName, Limit: SAMPLE }))?.Items;
  const isOther = (item: unknown) => OWN.some((name) => Object(item)[name] === undefined);
  return Array.isArray(items) && items.some(isOther) ? 'holds items of another program' : undefined;
}

interface Description {
  readonly KeySchema?: readonly { AttributeName: string }[];
  readonly AttributeDefinitions?: readonly { AttributeName: string; AttributeType: string }[];
}

async function describe(api: AwsApi, TableName: string): Promise<Description> {
  try {
    return Object((await api.call('DescribeTable', { TableName })).body.Table);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    if (error.code === 'ResourceNotFoundException')
      throw new UsageError(
        `There is no table "${TableName}" in ${api.region}: fix --table, --region or the account of the credentials.`,
      );
    if (error.code === 'ValidationException') throw new UsageError(error.message);
    throw error;
  }
}

/** The answer, or undefined where the call is not allowed or not known. */
async function look(api: AwsApi, action: string, input: object) {
  try {
    return (await api.call(action, input)).body;
  } catch (error) {
    if (error instanceof AwsError && (error.isDenied || error.code === 'UnknownOperationException'))
      return undefined;
    throw error;
  }
}
