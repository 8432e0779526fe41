import { type CredentialProvider, defaultCredentials } from '../../aws/credentials.js';
import { resolveEndpoint } from '../../aws/endpoint.js';
import { createTransport, errorMessage, errorType, type Timeouts } from '../../aws/transport.js';
import type { Database, Response } from './database.js';
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
      if (response.status === 200) return read(response.body);
      const type = errorType(response);
      if (type === 'ConditionalCheckFailedException') {
        const { Item: item } = read(response.body);
        return { conditionFailed: true, item, attempts: response.attempts };
      }
      const message = errorMessage(response) ?? `HTTP status ${response.status}`;
      throw refusal(operation, tableName, type, message);
    },
    close: () => transport.close(),
  };
}

function bytesToBase64(_name: string, value: unknown): unknown {
  // A Buffer has become an object by the time a replacer sees it; only plain byte arrays come here.
  return value instanceof Uint8Array ? base64(value) : value;
}

const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');

/** Binary attributes are rare, and the reviver that would find them slow: they are decoded where they are read. */
const read = (body: Buffer): Response => JSON.parse(body.toString()) as Response;
