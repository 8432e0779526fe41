import { CacheError } from '../../model/errors.js';
import { type Duration, milliseconds, withTimeout } from '../../model/time.js';
import type { ConditionFailed, Database, Operation, Place, Response } from './database.js';
import { daxTooLate, isDax } from './dax.js';
import { dynamodbError } from './error.js';

/** `DynamoDBDocument` and `DaxDocument`: a method for each operation, and plain values. */
type DocumentClient = Record<Operation, (input: object, options?: object) => Promise<Response>>;

interface ClientError {
  readonly name?: string;
  readonly code?: unknown;
  readonly message?: string;
  readonly Item?: ConditionFailed['item'];
  readonly $metadata?: { readonly attempts?: number };
}

/** Computed, because a bundler follows a literal and would pack the whole SDK into handlers that never use it. */
const SDK = /* @__PURE__ */ ['@aws-sdk', 'lib-dynamodb'].join('/');

/**
 * DynamoDB through the user's own client, which retries by its own rules; the store adds no retries. The SDK has no
 * request timeout by default, so each call gets an abort signal. DAX, and the SDK while it waits for credentials,
 * ignore the signal; such a call is abandoned.
 */
export function sdkDatabase(
  given: object | (() => object | Promise<object>),
  tableName: string,
  total: Duration = '2s',
): Database {
  const totalMs = milliseconds(total, 'timeouts.total');
  let place: Place = { table: tableName };
  let opened: Promise<DocumentClient> | undefined;
  const open = (): Promise<DocumentClient> => {
    opened ??= documentClient(given).then(
      (client) => {
        void placeOf(client, tableName).then((found) => {
          place = found;
        });
        return client;
      },
      (error) => {
        opened = undefined;
        throw error;
      },
    );
    return opened;
  };
  return {
    get place() {
      return place;
    },
    async send(operation, request, _retry, isLate) {
      const abort = new AbortController();
      const { signal } = abort;
      const call = async () => {
        const client = await open();
        signal.throwIfAborted();
        if (isLate?.()) throw new Error('a freeze came between, too long to send it now');
        return client[operation](request, { abortSignal: signal });
      };
      try {
        return await withTimeout(call(), totalMs, () => {
          abort.abort();
          throw signal.reason;
        });
      } catch (error) {
        const { name, code, message, Item: item, $metadata }: ClientError = Object(error);
        // Without a condition in the request, this answer cannot be DynamoDB's, so it confirms nothing.
        if (name === 'ConditionalCheckFailedException' && request.ConditionExpression) {
          // A client that does not report its attempts may have made several.
          return { conditionFailed: true, item, attempts: $metadata?.attempts ?? 2 };
        }
        if (error instanceof CacheError) throw error;
        const late = signal.aborted && `no answer within ${totalMs} ms`;
        // System errors have a code, and no message if several addresses were tried.
        const type = late ? 'Timeout' : typeof code === 'string' ? code : (name ?? 'Error');
        const text = late || message || String(code ?? name ?? error);
        throw dynamodbError(operation, place, { type, message: text, cause: error });
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
  const { config }: { config?: { region?: unknown; endpoint?: unknown } } = client;
  const [region, endpoint] = await Promise.all(
    [config?.region, config?.endpoint].map(async (option) => {
      try {
        return typeof option === 'function' ? await option() : option;
      } catch {
        return undefined;
      }
    }),
  );
  const { protocol, hostname, port } = Object(endpoint);
  return {
    table,
    region: typeof region === 'string' ? region : undefined,
    endpoint: hostname && `${protocol}//${hostname}${port ? `:${port}` : ''}`,
  };
}

/** Uses a client with methods as it is, and wraps one that takes only commands in the SDK's `DynamoDBDocument`. */
async function documentClient(given: object): Promise<DocumentClient> {
  const client = await (typeof given === 'function' ? given() : given);
  if (client !== given && isDax(client)) throw daxTooLate();
  if (client?.update) return client;
  if (!client?.send) {
    const message =
      'client is not a DynamoDB client of the AWS SDK or DAX: give one, or a function that returns one.';
    throw new CacheError('INVALID_OPTION', message, { subject: 'client' });
  }
  const sdk = import(/* webpackIgnore: true */ /* @vite-ignore */ SDK);
  const { DynamoDBDocument } = await sdk.catch((cause) => {
    const message = `This client needs the package ${SDK}: install it, or give a DynamoDBDocument.`;
    throw new CacheError('MISSING_PEER', message, { subject: SDK, cause });
  });
  return DynamoDBDocument.from(client);
}
