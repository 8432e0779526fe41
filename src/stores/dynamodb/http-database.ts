import { type CredentialProvider, credentialsFrom } from '../../aws/credentials.js';
import { type EndpointOptions, resolveEndpoint } from '../../aws/endpoint.js';
import {
  createTransport,
  errorMessage,
  errorType,
  parsed,
  type Timeouts,
} from '../../aws/transport.js';
import type { Database, Item, Place, Request } from './database.js';
import { dynamodbError, unansweredError } from './error.js';
import { ACTIONS } from './remedies.js';

export interface HttpDatabaseOptions extends EndpointOptions {
  readonly tableName: string;
  readonly credentials?: CredentialProvider | undefined;
  readonly timeouts?: Timeouts | undefined;
}

/** DynamoDB over the lean transport: JSON 1.0 by POST, no SDK. */
export function httpDatabase(options: HttpDatabaseOptions): Database {
  const { tableName, timeouts } = options;
  const credentials = credentialsFrom(options.credentials);
  const where = resolveEndpoint('dynamodb', options);
  const transport = createTransport({ service: 'dynamodb', ...where, credentials, timeouts });
  const { region, endpoint } = where;
  const isStandard = endpoint.hostname.includes(`.${region}.`);
  const place: Place = {
    ...{ table: tableName, region },
    endpoint: isStandard ? undefined : endpoint.origin,
  };
  return {
    place,
    async send(operation, request, retry, isLate) {
      const headers = {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `DynamoDB_20120810.${ACTIONS[operation]}`,
      };
      const body = JSON.stringify(typed(request));
      const response = await transport
        .send({ headers, body, retry, isLate })
        .catch((error) => Promise.reject(unansweredError(operation, place, error)));
      const answer = parsed(response);
      // A proxy on the way may answer 200 with its own page, which must not count as success.
      if (response.status === 200 && answer?.constructor === Object && !answer.__type)
        return answer;
      const type = errorType(response);
      // Without a condition in the request, this answer cannot be DynamoDB's, so it confirms nothing.
      if (type === 'ConditionalCheckFailedException' && request.ConditionExpression) {
        return { conditionFailed: true, item: answer?.Item, attempts: response.attempts };
      }
      const message = errorMessage(response) ?? `status ${response.status} without a message`;
      throw dynamodbError(operation, place, {
        type: type ?? `HTTP ${response.status}`,
        message,
      });
    },
    warm: () =>
      transport.warm().catch((error) => Promise.reject(unansweredError('warm', place, error))),
    close: transport.close,
  };
}

/**
 * Adds DynamoDB's types to the values of a request, in the parts that hold items. Responses keep their types, because
 * removing them everywhere would slow every read. A JSON replacer would slow every request.
 */
function typed(request: Request): object {
  const { RequestItems } = request;
  if (RequestItems) {
    const tables = Object.entries(RequestItems).map(([table, { Keys, ConsistentRead }]) => {
      return [table, { Keys: Keys.map(typedItem), ConsistentRead }];
    });
    return { RequestItems: Object.fromEntries(tables) };
  }
  const whole: Record<string, unknown> = { ...request };
  for (const part of ['Key', 'ExpressionAttributeValues', 'ExclusiveStartKey'] as const) {
    const item = request[part];
    if (item) whole[part] = typedItem(item);
  }
  return whole;
}

function typedItem(item: Item): Item {
  const values: Record<string, unknown> = {};
  for (const name in item) values[name] = typedValue(item[name]);
  return values;
}

function typedValue(value: unknown): unknown {
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'number') return { N: String(value) };
  if (typeof value === 'boolean') return { BOOL: value };
  // A value from a response, such as the key at which a scan continues, still has its type.
  return value instanceof Uint8Array ? { B: Buffer.from(value).toString('base64') } : value;
}
