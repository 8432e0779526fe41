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
import { unchanged } from './conditions.js';
import type { Database, Operation, Place, PutOutcome, S3Refusal } from './database.js';
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

type Package = {
  readonly [M in Method as `${Capitalize<M>}Command`]: new (
    input: object,
  ) => object;
};

interface S3Error extends ClientError {
  readonly $response?: { readonly headers?: Readonly<Record<string, string | undefined>> };
}

/** Computed, because a bundler follows a literal and would pack the whole SDK into handlers that never use it. */
const SDK = /* @__PURE__ */ ['@aws-sdk', 'client-s3'].join('/');

interface Answer<T, I> {
  readonly use: (response: Response) => T | Promise<T>;
  /** The result that replaces an error, by its status and name. Undefined if none does. */
  readonly instead?: (status: number, name: string, attempts: number) => I | undefined;
  readonly isLate?: () => boolean;
}

/** S3 through the user's own client, which retries by its own rules; the store adds no retries. */
export function sdkDatabase(
  given: GivenClient,
  { bucket, prefix }: { readonly bucket: string; readonly prefix: string },
  total: Duration = TIMEOUTS.total,
): Database {
  const totalMs = milliseconds(total, 'timeouts.total');
  let place: Place = { bucket, prefix };
  const open = openedOnce(async () => {
    const { client, region } = await s3Client(given);
    void region.then((found) => {
      place = { ...place, region: found };
    });
    return client;
  });

  async function send<T, I = never>(
    operation: Operation,
    input: object,
    { use, instead, isLate }: Answer<T, I>,
  ): Promise<T | I> {
    try {
      return await callClient({
        ...{ open, totalMs, isLate },
        use: async (client, options) =>
          use(await client[METHODS[operation]]({ Bucket: bucket, ...input }, options)),
      });
    } catch (error) {
      if (error instanceof CacheError) throw error;
      const { name = 'Error', $metadata }: ClientError = Object(error);
      // A client that does not report its attempts may have made several.
      const { httpStatusCode = 0, attempts = 2 } = $metadata ?? {};
      const result = instead?.(httpStatusCode, name, attempts);
      if (result !== undefined) return result;
      throw s3Error(operation, place, refusalOf(error));
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
        {
          async use({ Body, ETag: etag }) {
            const bytes = await Body?.transformToByteArray();
            if (!bytes || !etag) throw new Error('the response has no body or no ETag');
            return { body: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), etag };
          },
          instead(status, error): 'empty' | 'absent' | undefined {
            if (status === 416) return 'empty';
            return status === 404 && error === 'NoSuchKey' ? 'absent' : undefined;
          },
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
          ...unchanged(etag),
        },
        {
          use: (): PutOutcome => ({ kind: 'written' }),
          instead(status, error, attempts): PutOutcome | undefined {
            if (status === 412 || (status === 404 && error === 'NoSuchKey'))
              return { kind: 'changed', attempts };
            return status === 409 ? { kind: 'conflict', attempts } : undefined;
          },
          isLate,
        },
      ),
    list: (start, from) =>
      send(
        'list',
        { Prefix: start, ...(from !== undefined && { ContinuationToken: from }) },
        {
          use: ({ Contents = [], NextContinuationToken: next }) => ({
            names: Contents.flatMap(({ Key }) => Key ?? []),
            next,
          }),
        },
      ),
    delete: (names) =>
      send(
        'delete',
        { Delete: { Objects: names.map((Key) => ({ Key })), Quiet: true } },
        {
          use: ({ Errors = [] }) =>
            Errors.map(({ Key: name = '', Code: type = 'Error', Message: message = '' }) => {
              return { name, type, message };
            }),
        },
      ),
    /** Makes the client and loads its package. The client itself connects later. */
    async warm() {
      await open();
    },
    /** Does nothing, because the client belongs to the user, who may share it. */
    close() {},
  };
}

function refusalOf(error: unknown): S3Refusal {
  const { name, code, $metadata, $response }: S3Error = Object(error);
  const { httpStatusCode: status = 0 } = $metadata ?? {};
  // Without a name in the response, the SDK makes one up.
  const isNamed = name !== undefined && !/^(\d+|Unknown(Error)?|Error)$/.test(name);
  const fromStatus = status >= 300 ? `HTTP ${status}` : undefined;
  const system = typeof code === 'string' ? code : undefined;
  return {
    type: system ?? (isNamed ? name : fromStatus) ?? name ?? 'Error',
    message: messageOf(error),
    bucketRegion: $response?.headers?.['x-amz-bucket-region'],
    cause: causeOf(error),
  };
}

/** Uses an `S3` as it is, and gives an `S3Client`, which takes only commands, the methods of `S3`. */
async function s3Client(
  given: GivenClient,
): Promise<{ client: S3; region: Promise<string | undefined> }> {
  const client: Partial<S3 & { send(command: object, options?: object): Promise<Response> }> =
    Object(await clientOf(given));
  const region = configured(client, 'region').then((found) =>
    typeof found === 'string' ? found : undefined,
  );
  // Checked by one of the members that an `S3Client` lacks.
  if (client.putObject) return { client: client as S3, region };
  const { send } = client;
  if (!send)
    throw notAClient(
      'an S3 client of the AWS SDK: give an S3 or S3Client, or a function that returns one',
    );
  const sdk = await loadSDK<Package>(SDK, 'an S3');
  const methods = Object.values(METHODS).map((method) => {
    // `getObject` becomes `GetObjectCommand`.
    const name = `${method[0]?.toUpperCase()}${method.slice(1)}Command` as keyof Package;
    const Command = sdk[name];
    const call = (input: object, options?: object) =>
      send.call(client, new Command(input), options);
    return [method, call] as const;
  });
  // The keys are the values of METHODS.
  return { client: Object.fromEntries(methods) as S3, region };
}
