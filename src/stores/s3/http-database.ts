import { builtin } from '../../aws/builtin.js';
import { canonical } from '../../aws/canonical.js';
import { type CredentialProvider, credentialsFrom } from '../../aws/credentials.js';
import { type EndpointOptions, resolveEndpoint } from '../../aws/endpoint.js';
import {
  type AwsRequest,
  type AwsResponse,
  createTransport,
  errorType,
  type Timeouts,
} from '../../aws/transport.js';
import { invalid } from '../../model/errors.js';
import { checkedBoolean, givenObject } from '../../model/given.js';
import { headersOf, unchanged } from './conditions.js';
import type { Database, Operation, Place, S3Refusal, Setting } from './database.js';
import { s3Error, unansweredError } from './error.js';
import { TIMEOUTS } from './options.js';
import { deletion, parseDeletion, parseList, textOf } from './xml.js';

export interface HttpDatabaseOptions extends EndpointOptions {
  readonly bucket: string;
  readonly pathStyle?: boolean | undefined;
  readonly credentials?: CredentialProvider | undefined;
  readonly timeouts?: Timeouts | undefined;
}

type Request = Partial<AwsRequest> & { readonly name?: string; readonly method: string };

export interface HttpDatabase extends Database {
  /** A setting of the bucket as XML, and the time of the answer as its header says. */
  setting(name: Setting): Promise<{ readonly xml: string; readonly date: string | undefined }>;
}

/** S3 over the lean transport: REST and a little XML, no SDK. */
export function httpDatabase(options: HttpDatabaseOptions, prefix: string): HttpDatabase {
  const { bucket } = options;
  const credentials = credentialsFrom(options.credentials);
  const { region, endpoint: origin } = resolveEndpoint('s3', options);
  const { endpoint, base } = addressOf(bucket, origin, options.pathStyle);
  const timeouts = { ...TIMEOUTS, ...defined(options.timeouts) };
  const service = 's3';
  const transport = createTransport({
    service,
    region,
    endpoint,
    credentials,
    timeouts,
    canonical,
  });
  const isStandard = origin.hostname.includes(`.${region}.`);
  const place: Place = {
    ...{ bucket, prefix, region },
    endpoint: isStandard ? undefined : origin.origin,
  };

  const send = (operation: Operation | Setting, { name = '', ...request }: Request) =>
    transport
      .send({
        ...{ headers: {}, body: '', retry: 'always' },
        // Without a slash after the bucket's name, which some imitations leave out of the signature.
        path: name || base === '' ? `${base}/${encodePath(name)}` : base,
        ...request,
      })
      .catch((error) => Promise.reject(unansweredError(operation, place, error)));

  const failed = (operation: Operation | Setting, response: AwsResponse) =>
    s3Error(operation, place, refusalOf(response));

  const database: HttpDatabase = {
    place,
    async get(name, most) {
      const headers: Record<string, string> = most ? { range: `bytes=0-${most - 1}` } : {};
      const response = await send('get', { method: 'GET', name, headers });
      const { status, body } = response;
      const { etag } = response.headers;
      if ((status === 200 || status === 206) && etag) return { body, etag };
      // An empty object has no first byte.
      if (status === 416 && most) return database.get(name);
      if (status === 404 && errorType(response) === 'NoSuchKey') return undefined;
      throw failed('get', response);
    },
    async put(name, body, etag, isLate) {
      const headers = {
        'content-type': 'application/octet-stream',
        ...headersOf(unchanged(etag)),
      };
      const response = await send('put', { method: 'PUT', name, headers, body, isLate });
      const { status, attempts } = response;
      if (status === 200 && response.headers.etag) return { kind: 'written' };
      const type = errorType(response);
      if (status === 412) return { kind: 'changed', attempts };
      if (status === 404 && type === 'NoSuchKey') return { kind: 'changed', attempts };
      if (status === 409) return { kind: 'conflict', attempts };
      throw failed('put', response);
    },
    async list(start, from) {
      const query = [
        from !== undefined && `continuation-token=${encode(from)}`,
        ...['encoding-type=url', 'list-type=2', `prefix=${encode(start)}`],
      ];
      const response = await send('list', {
        method: 'GET',
        query: query.filter(Boolean).join('&'),
      });
      const page = response.status === 200 ? parseList(String(response.body)) : undefined;
      if (page && page.next !== (from ?? '')) return page;
      throw failed('list', response);
    },
    async delete(names) {
      const body = deletion(names);
      const checksum = builtin.crypto().createHash('sha256').update(body).digest('base64');
      const headers = {
        'content-type': 'application/xml',
        'x-amz-checksum-sha256': checksum,
        'x-amz-sdk-checksum-algorithm': 'SHA256',
      };
      const query = 'delete=';
      const response = await send('delete', { method: 'POST', query, headers, body });
      // Only the answer to a deletion has this form.
      const errors = parseDeletion(String(response.body));
      if (errors) return errors;
      throw failed('delete', response);
    },
    async setting(name) {
      const response = await send(name, { method: 'GET', query: `${name}=` });
      if (response.status !== 200) throw failed(name, response);
      return { xml: String(response.body), date: response.headers.date };
    },
    warm: () =>
      transport.warm().catch((error) => Promise.reject(unansweredError('warm', place, error))),
    close: transport.close,
  };
  return database;
}

/** The origin to connect to, and the path of the bucket. */
function addressOf(bucket: string, origin: URL, pathStyle: boolean | undefined) {
  checkedBoolean(pathStyle, 'pathStyle');
  const { hostname } = origin;
  // The certificate of `*.s3.…` holds for one label only, and an IP address has no subdomains.
  const isPath = pathStyle ?? (bucket.includes('.') || /^(\[|[\d.]+$|localhost$)/.test(hostname));
  if (isPath) return { endpoint: origin, base: `/${bucket}` };
  const endpoint = new URL(origin);
  endpoint.hostname = `${bucket}.${hostname}`;
  // A URL ignores a host that cannot be, and the first folder would be taken for the bucket.
  if (endpoint.hostname === hostname) throw invalid('pathStyle', pathStyle, `true for ${hostname}`);
  return { endpoint, base: '' };
}

function refusalOf(response: AwsResponse): S3Refusal {
  const { status, headers } = response;
  // An error is short. A page of a list is not, and no error.
  const body = String(response.body.subarray(0, 16 * 1024));
  const message = textOf(body, 'Message');
  return {
    type: errorType(response) ?? `HTTP ${status}`,
    message: message ?? `status ${status} without a message`,
    bucketRegion: headers['x-amz-bucket-region'] ?? textOf(body, 'Region'),
  };
}

/** Drops settings that are undefined, so that they do not hide a default. */
const defined = (timeouts: Timeouts = {}): Timeouts =>
  Object.fromEntries(
    Object.entries(givenObject(timeouts, 'timeouts')).filter(([, value]) => value !== undefined),
  );

/** By RFC 3986, as a signature needs it. */
const encode = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );

const encodePath = (name: string): string => name.split('/').map(encode).join('/');
