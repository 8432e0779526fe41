import { type CredentialProvider, defaultCredentials } from '../../aws/credentials.js';
import { resolveEndpoint } from '../../aws/endpoint.js';
import { createTransport, errorMessage, errorType, type Timeouts } from '../../aws/transport.js';
import type { Database, Item } from './database.js';
import { refusal } from './refusal.js';

export interface LeanOptions {
  readonly tableName: string;
  readonly region?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly credentials?: CredentialProvider | undefined;
  readonly timeouts?: Timeouts | undefined;
}

const ACTIONS = {
  batchGet: 'BatchGetItem',
  update: 'UpdateItem',
  delete: 'DeleteItem',
  scan: 'Scan',
};

/** DynamoDB over the lean transport: JSON 1.0 by POST, no SDK. */
export function leanDatabase(options: LeanOptions): Database {
  const { tableName, timeouts, credentials = defaultCredentials() } = options;
  const where = resolveEndpoint('dynamodb', options);
  const transport = createTransport({ service: 'dynamodb', ...where, credentials, timeouts });
  return {
    async send(operation, request, retry) {
      const headers = {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `DynamoDB_20120810.${ACTIONS[operation]}`,
      };
      const body = JSON.stringify(request, typed);
      const response = await transport.send({ headers, body, retry });
      const type = response.status !== 200 && errorType(response);
      if (type === false) return JSON.parse(response.body.toString());
      if (type === 'ConditionalCheckFailedException') {
        const { Item: item } = JSON.parse(response.body.toString());
        return { conditionFailed: true, item, attempts: response.attempts };
      }
      const message = errorMessage(response) ?? `HTTP status ${response.status}`;
      throw refusal(operation, tableName, type, message);
    },
    close: transport.close,
  };
}

/**
 * Puts DynamoDB's types on the values of a request, where it holds items. What comes back keeps them: taking them off
 * everything would slow down every read.
 */
function typed(name: string, value: unknown): unknown {
  if (name === 'Keys' && Array.isArray(value)) return value.map(typedItem);
  return /^(Key|ExpressionAttributeValues|ExclusiveStartKey)$/.test(name)
    ? typedItem(value as Item)
    : value;
}

const typedItem = (item: Item) =>
  Object.fromEntries(Object.entries(item).map(([name, value]) => [name, typedValue(value)]));

function typedValue(value: unknown): unknown {
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'number') return { N: String(value) };
  // What came from a response, such as the key at which a scan goes on, has its type still.
  return value instanceof Uint8Array ? { B: Buffer.from(value).toString('base64') } : value;
}
