import { CacheError } from '../../errors.js';
import { type Duration, milliseconds } from '../../time.js';
import type { ConditionFailed, Database, Operation, Response } from './database.js';
import { refusal } from './refusal.js';

/** A user's client, in any of the forms that the SDK and DAX give it. */
type Client = Record<string, (input: unknown, options?: object) => Promise<Response>>;

interface ClientError {
  readonly name?: string;
  readonly message?: string;
  readonly Item?: ConditionFailed['item'];
  readonly $metadata?: { readonly attempts?: number };
}

/** Not a literal, or a bundler would pack the whole SDK into handlers that never use it. */
const SDK = ['@aws-sdk', 'client-dynamodb'].join('/');

/**
 * DynamoDB through the user's own client, which retries by its own rules; nothing is retried on top of them. The SDK
 * has no request timeout by default, so each call gets an abort signal.
 */
export function clientDatabase(
  given: object | (() => object | Promise<object>),
  tableName: string,
  total: Duration = '2s',
): Database {
  const totalMs = milliseconds(total, 'timeouts.total');
  return {
    async send(operation, request) {
      const abortSignal = AbortSignal.timeout(totalMs);
      try {
        const client = (await (typeof given === 'function' ? given() : given)) as Client;
        return await call(client, operation, request, { abortSignal });
      } catch (error) {
        const { name, message = String(error), Item: item, $metadata } = error as ClientError;
        if (name === 'ConditionalCheckFailedException') {
          // A client that does not say how often it sent may have done so more than once.
          return { conditionFailed: true, item, attempts: $metadata?.attempts ?? 2 };
        }
        if (error instanceof CacheError) throw error;
        const late = abortSignal.aborted && `no answer within ${totalMs} ms`;
        throw refusal(operation, tableName, late ? 'Timeout' : name, late || message, error);
      }
    },
    /** The client is the user's: so is closing it. */
    close() {},
  };
}

/**
 * - `DynamoDB` has a method for each operation, which takes our requests as they are.
 * - `DynamoDBDocument` and `DaxDocument` have methods that take plain values.
 * - `DynamoDBClient` and `DynamoDBDocumentClient` know only commands, whose classes come from the SDK.
 */
async function call(
  client: Client,
  operation: Operation,
  request: object,
  options: object,
): Promise<Response> {
  const method = operation.charAt(0).toLowerCase() + operation.slice(1);
  if (client.getItem)
    return (client[method] as Client['get'])?.call(client, request, options) as Promise<Response>;
  if (client.update) {
    return (client[method.replace('Item', '')] as Client[string]).call(
      client,
      plain(request),
      options,
    );
  }
  if (!client.send) throw unknownClient();
  const commands = (await import(SDK).catch(missingSdk)) as Record<
    string,
    new (
      input: object,
    ) => object
  >;
  const Command = commands[`${operation}Command`] as new (input: object) => object;
  return client.send(new Command(request), options);
}

/** Attribute values as plain ones, wherever a request holds them. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  const [[type, only] = [], ...more] = Object.entries(value);
  if (more.length === 0 && typeof only !== 'object' && (type === 'S' || type === 'N')) {
    return type === 'N' ? Number(only) : only;
  }
  if (more.length === 0 && type === 'B') return only;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plain(part)]));
}

const unknownClient = () =>
  new CacheError(
    'INVALID_OPTION',
    'client is none of DynamoDB, DynamoDBClient, DynamoDBDocument, DynamoDBDocumentClient, DaxDocument.',
    { subject: 'client' },
  );

function missingSdk(cause: unknown): never {
  const message = `This client needs the package ${SDK}: install it, or give a DynamoDB or a DynamoDBDocument.`;
  throw new CacheError('MISSING_PEER', message, { subject: SDK, cause });
}
