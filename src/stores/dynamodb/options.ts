import type { CredentialProvider } from '../../aws/credentials.js';
import type { Timeouts } from '../../aws/transport.js';
import type { CacheStore } from '../../model/cache-store.js';
import { invalid } from '../../model/errors.js';
import type { Clock } from '../../model/time.js';
import type { Serializer } from '../../serializers/serializer.js';
import { OVERFLOW_BYTES } from '../overflow/overflow.js';

export interface DynamoDBCacheStoreOptions {
  /** The name of a table with a string partition key `pk` and TTL on `expiresAt`. */
  tableName: string;
  /** Default: `AWS_REGION`, `AWS_DEFAULT_REGION`, or the region of the profile in `~/.aws/config`. */
  region?: string | undefined;
  /** Default: `AWS_ENDPOINT_URL_DYNAMODB`, `AWS_ENDPOINT_URL`, or AWS's own for the region. */
  endpoint?: string | undefined;
  /** Use AWS's FIPS endpoint. Default: `AWS_USE_FIPS_ENDPOINT`, the profile's `use_fips_endpoint`, or false. */
  useFipsEndpoint?: boolean | undefined;
  /**
   * Use AWS's dual-stack endpoint (IPv4 and IPv6). Default: `AWS_USE_DUALSTACK_ENDPOINT`, the profile's
   * `use_dualstack_endpoint`, or false.
   */
  useDualstackEndpoint?: boolean | undefined;
  /**
   * Your own DynamoDB, DynamoDBClient, DynamoDBDocument, DynamoDBDocumentClient or DaxDocument, or a function that
   * returns one (not of a DaxDocument). Default: the lean transport, which needs no SDK.
   */
  client?: object | (() => object | Promise<object>) | undefined;
  /**
   * An async function. Its credentials are kept until shortly before their `expiration`, or for five minutes without
   * one. The function is called again immediately if DynamoDB reports expired credentials. Default: the environment, a
   * container's endpoint, or else the SDK's provider chain.
   */
  credentials?: CredentialProvider | undefined;
  /** Read consistently, so that no read sees an older value, at twice the price. Default false. */
  consistentRead?: boolean | undefined;
  /** Default: JSON. */
  serializer?: Serializer | undefined;
  /**
   * Keeps values whose items would be larger than `maxItemBytes`: the item then holds only a pointer. An `S3CacheStore`
   * for example. It is closed with this store. Default: such values are not cached, and an event says so.
   */
  overflow?: CacheStore | undefined;
  /** The largest size of one item, bytes. At most, and by default, DynamoDB's own 400 KB; 350 KB with `overflow`. */
  maxItemBytes?: number | undefined;
  /** Default: 500 ms to connect, 1 s per request, 2 s in total. */
  timeouts?: Timeouts | undefined;
  /** Called after each scan by `delByPattern` or `clear`, with its cost in read capacity units. */
  onScan?: ((scan: { operation: 'delByPattern' | 'clear'; readUnits: number }) => void) | undefined;
  /** The clock that decides when values expire. Default: the system clock. */
  clock?: Clock | undefined;
}

/** True for what may name a table. A name with a blank or a line break comes from a wrong variable. */
export const isTable = (name: unknown): name is string =>
  typeof name === 'string' && /^[\w.-]{1,255}$|^arn:[\w-]+:dynamodb:\S+$/.test(name);

/** DynamoDB's limit on one item, with the names and values of all attributes, bytes. */
export const ITEM_LIMIT_BYTES = 400 * 1024;

/** @throws CacheError `INVALID_OPTION`. */
export function itemLimit({ maxItemBytes, overflow }: DynamoDBCacheStoreOptions): number {
  const bytes = maxItemBytes ?? (overflow ? OVERFLOW_BYTES : ITEM_LIMIT_BYTES);
  if (bytes > 0 && bytes <= ITEM_LIMIT_BYTES) return bytes;
  throw invalid('maxItemBytes', bytes, `up to DynamoDB's own ${ITEM_LIMIT_BYTES}`);
}
