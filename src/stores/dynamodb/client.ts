import { CacheError } from '../../errors.js';
import { type Duration, milliseconds } from '../../time.js';
import type { AttributeValue, Database, Item, Operation, Request, Response } from './database.js';
import { refusal } from './refusal.js';

type Call = (input: unknown, options?: { abortSignal: AbortSignal }) => Promise<unknown>;
type Client = Record<string, unknown> & {
  send?: (command: object, options: object) => Promise<unknown>;
};

/** A user's client in one of its forms: what it is sent, and how its answers read. */
type Sender = (operation: Operation, request: Request, signal: AbortSignal) => Promise<Response>;

/** As long as the lean transport gives all its tries together. */
const DEFAULT_TOTAL = '2s';

/**
 * DynamoDB through the user's own client, which retries by its own rules; nothing is retried on top of them.
 *
 * - `DynamoDB`: its methods take our requests as they are.
 * - `DynamoDBDocument` and `DaxDocument`: methods that take plain values.
 * - `DynamoDBClient` and `DynamoDBDocumentClient`: they only know commands, whose classes come from the SDK.
 *
 * The SDK has no request timeout by default, so each call gets an abort signal.
 */
export function clientDatabase(
  given: object | (() => object | Promise<object>),
  tableName: string,
  total: Duration | undefined,
): Database {
  const budgetMs = milliseconds(total ?? DEFAULT_TOTAL, 'timeouts.total');
  let sender: Promise<Sender> | undefined;
  const open = async (): Promise<Sender> =>
    senderFor((await (typeof given === 'function' ? given() : given)) as Client);
  return {
    async send(operation, request) {
      sender ??= open();
      // A thunk that failed gets another chance with the next request.
      const send = await sender.catch((error) => {
        sender = undefined;
        throw error;
      });
      const signal = AbortSignal.timeout(budgetMs);
      try {
        return await send(operation, request, signal);
      } catch (error) {
        return conditionFailed(error) ?? fail(operation, tableName, error, signal, budgetMs);
      }
    },
    /** The client is the user's: so is closing it. */
    close() {},
  };
}

function senderFor(client: Client): Sender {
  if (typeof client.getItem === 'function') {
    return (operation, request, abortSignal) => {
      const method = operation.charAt(0).toLowerCase() + operation.slice(1);
      return call(client, method, request, abortSignal) as Promise<Response>;
    };
  }
  if (typeof client.get === 'function' && typeof client.update === 'function') {
    return async (operation, request, abortSignal) => {
      const output = await call(client, DOCUMENT_METHODS[operation], plain(request), abortSignal);
      return marshalled(output as Record<string, unknown>);
    };
  }
  if (typeof client.send === 'function') {
    return async (operation, request, abortSignal) => {
      const Command = await commandClass(operation);
      return (await client.send?.(new Command(request), { abortSignal })) as Response;
    };
  }
  throw new CacheError(
    'INVALID_OPTION',
    'client is none that DynamoDBCacheStore knows: give a DynamoDB, DynamoDBClient, DynamoDBDocument, ' +
      'DynamoDBDocumentClient or DaxDocument, or a function that returns one.',
    { subject: 'client' },
  );
}

const call = (client: Client, method: string, input: unknown, abortSignal: AbortSignal) =>
  (client[method] as Call)(input, { abortSignal });

const DOCUMENT_METHODS: Record<Operation, string> = {
  GetItem: 'get',
  BatchGetItem: 'batchGet',
  UpdateItem: 'update',
  DeleteItem: 'delete',
  Scan: 'scan',
};

/** Not a literal, or a bundler would pack the whole SDK into handlers that never use it. */
const SDK = ['@aws-sdk', 'client-dynamodb'].join('/');
let commands: Promise<Record<string, new (input: unknown) => object>> | undefined;

async function commandClass(operation: Operation): Promise<new (input: unknown) => object> {
  commands ??= import(SDK);
  const loaded = await commands.catch((cause) => {
    commands = undefined;
    throw new CacheError(
      'MISSING_PEER',
      `A client that only takes commands needs the package ${SDK}: install it, or give its DynamoDB or DynamoDBDocument, whose methods need nothing else.`,
      { subject: SDK, cause },
    );
  });
  return loaded[`${operation}Command`] as new (
    input: unknown,
  ) => object;
}

interface SdkError {
  readonly name?: string;
  readonly message?: string;
  readonly Item?: Record<string, unknown>;
  readonly $metadata?: { readonly attempts?: number };
}

function conditionFailed(error: unknown) {
  const { name, Item: item, $metadata } = error as SdkError;
  if (name !== 'ConditionalCheckFailedException') return undefined;
  // A client that does not say how often it sent may have done so more than once.
  const attempts = $metadata?.attempts ?? 2;
  return { conditionFailed: true, item: item && marshalledItem(item), attempts } as const;
}

function fail(
  operation: Operation,
  tableName: string,
  error: unknown,
  signal: AbortSignal,
  budgetMs: number,
): never {
  if (error instanceof CacheError) throw error;
  if (signal.aborted) {
    throw new CacheError(
      'TIMEOUT',
      `The client did not answer ${operation} within ${budgetMs} ms: check the network, or raise timeouts.total.`,
      { cause: error },
    );
  }
  const { name, message } = error as SdkError;
  throw refusal(operation, tableName, name, message ?? String(error), error);
}

/** Attribute values as the plain values of a document client, wherever a request holds them. */
function plain(request: Request): unknown {
  const item = (values: Item) =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, plainValue(value)]));
  const {
    Key,
    ExpressionAttributeValues: values,
    ExclusiveStartKey: start,
    RequestItems,
  } = request;
  return {
    ...request,
    ...(Key && { Key: item(Key) }),
    ...(values && { ExpressionAttributeValues: item(values) }),
    ...(start && { ExclusiveStartKey: item(start) }),
    ...(RequestItems && {
      RequestItems: Object.fromEntries(
        Object.entries(RequestItems).map(([table, batch]) => [
          table,
          { ...batch, Keys: batch.Keys.map(item) },
        ]),
      ),
    }),
  };
}

function plainValue(value: AttributeValue): unknown {
  if ('N' in value) return Number(value.N);
  return 'S' in value ? value.S : value.B;
}

/** And back: what a document client answered, as the service would have. */
function marshalled(output: Record<string, unknown>): Response {
  const { Item: item, Items: items, LastEvaluatedKey: last, Responses, UnprocessedKeys } = output;
  const tables = Object.entries((Responses ?? {}) as Record<string, Record<string, unknown>[]>);
  const unread = Object.entries(
    (UnprocessedKeys ?? {}) as Record<string, { Keys?: Record<string, unknown>[] }>,
  );
  return {
    Item: item ? marshalledItem(item as Record<string, unknown>) : undefined,
    Items: (items as Record<string, unknown>[] | undefined)?.map(marshalledItem),
    LastEvaluatedKey: last ? marshalledItem(last as Record<string, unknown>) : undefined,
    Responses: Object.fromEntries(tables.map(([table, all]) => [table, all.map(marshalledItem)])),
    UnprocessedKeys: Object.fromEntries(
      unread.map(([table, { Keys }]) => [table, { Keys: Keys?.map(marshalledItem) }]),
    ),
    ConsumedCapacity: output.ConsumedCapacity as Response['ConsumedCapacity'],
  };
}

const marshalledItem = (item: Record<string, unknown>): Item =>
  Object.fromEntries(Object.entries(item).map(([name, value]) => [name, attribute(value)]));

/** What is no text, number or bytes is left as it is: the item is not ours, and its value reads as corrupt. */
function attribute(value: unknown): AttributeValue {
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'number') return { N: String(value) };
  if (value instanceof Uint8Array) return { B: value };
  return value as AttributeValue;
}
