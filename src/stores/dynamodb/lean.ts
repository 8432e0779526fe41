import { type CredentialProvider, defaultCredentials } from '../../aws/credentials.js';
import { resolveEndpoint } from '../../aws/endpoint.js';
import { createTransport, errorMessage, errorType, type Timeouts } from '../../aws/transport.js';
import type { Database } from './database.js';
import { refusal } from './refusal.js';

export interface LeanOptions {
  readonly tableName: string;
  readonly region?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly credentials?: CredentialProvider | undefined;
  readonly timeouts?: Timeouts | undefined;
}

/** DynamoDB over the lean transport: JSON 1.0 by POST, no SDK. */
export function leanDatabase(options: LeanOptions): Database {
  const { tableName, timeouts, credentials = defaultCredentials() } = options;
  const where = resolveEndpoint('dynamodb', options);
  const transport = createTransport({ service: 'dynamodb', ...where, credentials, timeouts });
  return {
    async send(operation, request, retry) {
      const headers = {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `DynamoDB_20120810.${operation}`,
      };
      const body = JSON.stringify(request, bytesToBase64);
      const response = await transport.send({ headers, body, retry });
      // Bytes stay base64 here: a reviver that looked for them would slow down every read.
      if (response.status === 200) return JSON.parse(response.body.toString());
      const type = errorType(response);
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

/** Not for a Buffer, which has made an object of itself before a replacer sees it: requests hold plain byte arrays. */
const bytesToBase64 = (_name: string, value: unknown): unknown =>
  value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
