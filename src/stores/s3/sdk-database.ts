import { CacheError } from '../../model/errors.js';
import { type Duration, milliseconds, withTimeout } from '../../model/time.js';
import {
  ABSENT,
  type Database,
  type Operation,
  type Place,
  type PutOutcome,
  type Refusal,
} from './database.js';
import { s3Error } from './error.js';
import { TIMEOUTS } from './options.js';

/** The methods of `S3` that a store needs. */
const METHODS = {
  get: 'getObject',
  put: 'putObject',
  list: 'listObjectsV2',
  delete: 'deleteObjects',
} as const satisfies Record<Operation, string>;
type Method = (typeof METHODS)[Operation];

/** The parts of the SDK's responses that a store reads. */
interface Response {
  readonly ETag?: string | undefined;
  readonly Body?: { transformToByteArray(): Promise<Uint8Array> } | undefined;
  readonly Contents?: readonly { readonly Key?: string | undefined }[] | undefined;
  readonly NextContinuationToken?: string | undefined;
  readonly Errors?:
    | readonly { readonly Key?: string; readonly Code?: string; readonly Message?: string }[]
    | undefined;
}
type S3 = Record<Method, (input: object, options?: object) => Promise<Response>>;

interface ClientError {
  readonly name?: string;
  readonly code?: unknown;
  readonly message?: string;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string | undefined>> };
}

/** Computed, because a bundler follows a literal and would pack the whole SDK into handlers that never use it. */
const SDK = /* @__PURE__ */ ['@aws-sdk', 'client-s3'].join('/');

/**
 * S3 through the user's own client, which retries by its own rules; the store adds no retries. The SDK has no request
 * timeout by default, so each call gets an abort signal. While it waits for credentials, the SDK ignores the signal;
 * such a call is abandoned.
 */
export function sdkDatabase(
  given: object | (() => object | Promise<object>),
  { bucket, prefix }: { readonly bucket: string; readonly prefix: string },
  total: Duration = TIMEOUTS.total,
): Database {
  const totalMs = milliseconds(total, 'timeouts.total');
  let place: Place = { bucket, prefix };
  let opened: Promise<S3> | undefined;
  const open = (): Promise<S3> => {
    opened ??= s3Client(given).then(
      ({ client, region }) => {
        void region.then((found) => {
          place = { ...place, region: found };
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

  /** The result of `use`, or of `instead` for an error by its status and name. */
  async function send<T, I = never>(
    operation: Operation,
    input: object,
    use: (response: Response) => T | Promise<T>,
    instead: (status: number, name: string, attempts: number) => I | undefined = () => undefined,
    isLate?: () => boolean,
  ): Promise<T | I> {
    const abort = new AbortController();
    const { signal } = abort;
    const call = async () => {
      const client = await open();
      signal.throwIfAborted();
      if (isLate?.()) throw new Error('a freeze came between, too long to send it now');
      const options = { abortSignal: signal };
      return use(await client[METHODS[operation]]({ Bucket: bucket, ...input }, options));
    };
    try {
      return await withTimeout(call(), totalMs, () => {
        abort.abort();
        throw signal.reason;
      });
    } catch (error) {
      if (error instanceof CacheError) throw error;
      const { name = 'Error', $metadata }: ClientError = Object(error);
      // A client that does not report its attempts may have made several.
      const { httpStatusCode = 0, attempts = 2 } = $metadata ?? {};
      const result = instead(httpStatusCode, name, attempts);
      if (result !== undefined) return result;
      const late = signal.aborted ? `no answer within ${totalMs} ms` : undefined;
      throw s3Error(operation, place, refusalOf(error, late));
    }
  }

  return {
    get place() {
      return place;
    },
    async get(name, most) {
      const range = most && { Range: `bytes=0-${most - 1}` };
      const found = await send(
        'get',
        { Key: name, ...range },
        async ({ Body, ETag: etag }) => {
          const bytes = await Body?.transformToByteArray();
          if (!bytes || !etag) throw new Error('the response has no body or no ETag');
          return { body: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), etag };
        },
        (status, error): 'empty' | 'absent' | undefined => {
          if (status === 416) return 'empty';
          return status === 404 && error === 'NoSuchKey' ? 'absent' : undefined;
        },
      );
      if (found === 'empty') return most ? this.get(name) : undefined;
      return found === 'absent' ? undefined : found;
    },
    put: (name, body, etag, isLate) =>
      send(
        'put',
        {
          ...{ Key: name, Body: body, ContentType: 'application/octet-stream' },
          ...(etag === ABSENT ? { IfNoneMatch: '*' } : { IfMatch: etag }),
        },
        (): PutOutcome => ({ kind: 'written' }),
        (status, error, attempts): PutOutcome | undefined => {
          if (status === 412 || (status === 404 && error === 'NoSuchKey'))
            return { kind: 'changed', attempts };
          return status === 409 ? { kind: 'conflict', attempts } : undefined;
        },
        isLate,
      ),
    list: (start, from) =>
      send(
        'list',
        { Prefix: start, ...(from !== undefined && { ContinuationToken: from }) },
        ({ Contents = [], NextContinuationToken: next }) => ({
          names: Contents.flatMap(({ Key }) => Key ?? []),
          next,
        }),
      ),
    delete: (names) =>
      send(
        'delete',
        { Delete: { Objects: names.map((Key) => ({ Key })), Quiet: true } },
        ({ Errors = [] }) =>
          Errors.map(({ Key: name = '', Code: type = 'Error', Message: message = '' }) => {
            return { name, type, message };
          }),
      ),
    /** Makes the client and loads its package. The client itself connects later. */
    async warm() {
      await open();
    },
    /** Does nothing, because the client belongs to the user, who may share it. */
    close() {},
  };
}

function refusalOf(error: unknown, late: string | undefined): Refusal {
  const { name, code, message, $metadata, $response }: ClientError = Object(error);
  const { httpStatusCode: status = 0 } = $metadata ?? {};
  // Without a name in the response, the SDK makes one up.
  const isNamed = name !== undefined && !/^(\d+|Unknown(Error)?|Error)$/.test(name);
  const fromStatus = status >= 300 ? `HTTP ${status}` : undefined;
  // System errors have a code, and no message if several addresses were tried.
  const system = typeof code === 'string' ? code : undefined;
  const type = late ? 'Timeout' : (system ?? (isNamed ? name : fromStatus) ?? name ?? 'Error');
  return {
    type,
    message: late ?? (message || String(code ?? name ?? error)),
    bucketRegion: $response?.headers?.['x-amz-bucket-region'],
    cause: error,
  };
}

/** Uses an `S3` as it is, and gives an `S3Client`, which takes only commands, the methods of `S3`. */
async function s3Client(
  given: object,
): Promise<{ client: S3; region: Promise<string | undefined> }> {
  const client = await (typeof given === 'function' ? given() : given);
  const region = regionOf(client);
  if (client?.putObject) return { client, region };
  if (!client?.send) {
    const message =
      'client is not an S3 client of the AWS SDK: give an S3 or S3Client, or a function that returns one.';
    throw new CacheError('INVALID_OPTION', message, { subject: 'client' });
  }
  const sdk = await import(/* webpackIgnore: true */ /* @vite-ignore */ SDK).catch((cause) => {
    const message = `This client needs the package ${SDK}: install it, or give an S3.`;
    throw new CacheError('MISSING_PEER', message, { subject: SDK, cause });
  });
  const methods = Object.values(METHODS).map((method) => {
    const Command = sdk[`${method[0]?.toUpperCase()}${method.slice(1)}Command`];
    const call = (input: object, options?: object) => client.send(new Command(input), options);
    return [method, call] as const;
  });
  // The keys are the values of METHODS.
  return { client: Object.fromEntries(methods) as S3, region };
}

/** The region, if the client exposes it. */
async function regionOf(client: unknown): Promise<string | undefined> {
  const { region } = Object(Object(client).config);
  try {
    const found: unknown = typeof region === 'function' ? await region() : region;
    return typeof found === 'string' ? found : undefined;
  } catch {
    return undefined;
  }
}
