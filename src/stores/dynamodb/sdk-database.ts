import { CacheError } from '../../model/errors.js';
import { type Duration, milliseconds } from '../../model/time.js';
import {
  type ClientError,
  callClient,
  causeOf,
  clientOf,
  configured,
  type GivenClient,
  loadSDK,
  messageOf,
  notAClient,
  openedOnce,
} from '../aws/sdk-client.js';
import type { ConditionFailed, Database, Operation, Place, Response } from './database.js';
import { daxTooLate, isDax } from './dax.js';
import { dynamodbError } from './error.js';

/** `DynamoDBDocument` and `DaxDocument`: a method for each operation, and plain values. */
type DocumentClient = Record<Operation, (input: object, options?: object) => Promise<Response>>;

interface Package {
  readonly DynamoDBDocument: { from(client: object): DocumentClient };
}

interface ConditionError extends ClientError {
  readonly Item?: ConditionFailed['item'];
}

/** Computed, because a bundler follows a literal and would pack the whole SDK into handlers that never use it. */
const SDK = /* @__PURE__ */ ['@aws-sdk', 'lib-dynamodb'].join('/');

/** DynamoDB through the user's own client, which retries by its own rules; the store adds no retries. */
export function sdkDatabase(
  given: GivenClient,
  tableName: string,
  total: Duration = '2s',
): Database {
  const totalMs = milliseconds(total, 'timeouts.total');
  let place: Place = { table: tableName };
  const open = openedOnce(async () => {
    const client = await documentClient(given);
    void placeOf(client, tableName).then((found) => {
      place = found;
    });
    return client;
  });
  return {
    get place() {
      return place;
    },
    async send(operation, request, _retry, isLate) {
      try {
        return await callClient({
          ...{ open, totalMs, isLate },
          use: (client, options) => client[operation](request, options),
        });
      } catch (error) {
        const { name, code, Item: item, $metadata }: ConditionError = Object(error);
        // Without a condition in the request, this answer cannot be DynamoDB's, so it confirms nothing.
        if (name === 'ConditionalCheckFailedException' && request.ConditionExpression) {
          // A client that does not report its attempts may have made several.
          return { conditionFailed: true, item, attempts: $metadata?.attempts ?? 2 };
        }
        if (error instanceof CacheError) throw error;
        const type = typeof code === 'string' ? code : (name ?? 'Error');
        const refusal = { type, message: messageOf(error), cause: causeOf(error) };
        throw dynamodbError(operation, place, refusal);
      }
    },
    /** Makes the client and loads its packages. The client itself connects later. */
    async warm() {
      await open();
    },
    /** Does nothing, because the client belongs to the user, who may share it. */
    close() {},
  };
}

/** The region and the endpoint, if the client exposes them: the SDK's does, DAX's does not. */
async function placeOf(client: object, table: string): Promise<Place> {
  const [region, endpoint] = await Promise.all([
    configured(client, 'region'),
    configured(client, 'endpoint'),
  ]);
  const { protocol, hostname, port } = Object(endpoint);
  return {
    table,
    region: typeof region === 'string' ? region : undefined,
    endpoint: hostname && `${protocol}//${hostname}${port ? `:${port}` : ''}`,
  };
}

/** Uses a client with methods as it is, and wraps one that takes only commands in the SDK's `DynamoDBDocument`. */
async function documentClient(given: GivenClient): Promise<DocumentClient> {
  const client: Partial<DocumentClient & { send: unknown }> | undefined = await clientOf(given);
  if (client !== given && isDax(client)) throw daxTooLate();
  // Checked by the member that only it has.
  if (client?.update) return client as DocumentClient;
  if (!client?.send)
    throw notAClient(
      'a DynamoDB client of the AWS SDK or DAX: give one, or a function that returns one',
    );
  const { DynamoDBDocument } = await loadSDK<Package>(SDK, 'a DynamoDBDocument');
  return DynamoDBDocument.from(client);
}
