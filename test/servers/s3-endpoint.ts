import { createHash } from 'node:crypto';
import dns from 'node:dns';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import aws4 from 'aws4';
import { failure, type S3Answer, S3Bucket, type S3Request } from './s3-bucket.js';

export const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };

/** A request as it came, before it is answered. */
export interface Received extends S3Request {
  /** As it was sent, with the query. */
  readonly url: string;
  readonly host: string;
}

/** Answers a request instead of the bucket, or with it; returns undefined to leave it alone. */
export type Interceptor = (
  request: Received,
  answer: () => S3Answer,
) => S3Answer | ((response: ServerResponse) => void) | undefined | Promise<S3Answer | undefined>;

export interface S3Endpoint {
  readonly endpoint: string;
  readonly requests: Received[];
  /** Creates a bucket. Its name becomes a subdomain as well. */
  createBucket(name: string, region?: string): S3Bucket;
  /** For the next requests, until it is set again. */
  intercept: Interceptor | undefined;
  stop(): Promise<void>;
}

export interface S3EndpointOptions {
  /** PEM. With them the endpoint speaks TLS. */
  readonly tls?: { readonly key: Buffer; readonly cert: Buffer };
}

const DOMAIN = /^(.+)\.localhost(?::\d+)?$/;

/**
 * S3 in this process, on a free loopback port, as far as a cache uses it. Signatures are checked against aws4, and
 * conditional writes are enforced: no emulator on the registries does the latter.
 */
export async function startS3Endpoint({ tls }: S3EndpointOptions = {}): Promise<S3Endpoint> {
  const buckets = new Map<string, S3Bucket>();
  const handle = (incoming: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    incoming.on('error', () => {});
    response.on('error', () => {});
    incoming.on('data', (chunk) => chunks.push(chunk));
    incoming.on('end', () => void respond(incoming, Buffer.concat(chunks), response));
  };
  const server: Server = tls ? createSecureServer(tls, handle) : createServer(handle);
  // A client may take longer than the usual five seconds to send its next request on a busy machine.
  server.keepAliveTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  async function respond(incoming: IncomingMessage, body: Buffer, response: ServerResponse) {
    const received = resolve(incoming, body);
    endpoint.requests.push(received);
    const answer = () => answerOf(received);
    const given = (await endpoint.intercept?.(received, answer)) ?? answer();
    if (typeof given === 'function') {
      given(response);
      return;
    }
    const isHead = received.method === 'HEAD';
    const bytes = Buffer.from(given.body ?? '');
    const { 'content-type': type, ...others } = given.headers ?? {};
    response.writeHead(given.status, {
      ...others,
      ...(type && !isHead && { 'content-type': type }),
      'content-length': isHead && given.status >= 300 ? 0 : bytes.length,
    });
    response.end(isHead ? undefined : bytes);
  }

  function answerOf(request: Received): S3Answer {
    if (request.headers.authorization === undefined)
      return failure(403, 'AccessDenied', 'Access Denied');
    const bucket = buckets.get(request.bucket);
    const scope = /Credential=[^/]+\/\d+\/([^/]+)\/s3\//.exec(request.headers.authorization);
    const region = scope?.[1] ?? '';
    const wrong = signatureProblem(request, region);
    if (wrong) return wrong;
    if (!bucket) return failure(404, 'NoSuchBucket', 'The specified bucket does not exist');
    if (region !== bucket.region) {
      const where = { 'x-amz-bucket-region': bucket.region };
      const message =
        'The bucket you are attempting to access must be addressed using the specified endpoint.';
      return failure(301, 'PermanentRedirect', message, where);
    }
    return bucket.answer(request);
  }

  const endpoint: S3Endpoint = {
    endpoint: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    requests: [],
    createBucket(name, region = 'us-east-1') {
      const bucket = new S3Bucket(region);
      buckets.set(name, bucket);
      return bucket;
    },
    intercept: undefined,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return endpoint;
}

/** Finds the bucket in the host or in the path. */
function resolve(incoming: IncomingMessage, body: Buffer): Received {
  const { method = '', url = '', headers } = incoming;
  const host = headers.host ?? '';
  const [path = '', query = ''] = url.split(/\?(.*)/s);
  const [, subdomain] = DOMAIN.exec(host) ?? [];
  const [first = '', ...others] = path.slice(1).split('/');
  const name = subdomain ? path.slice(1) : others.join('/');
  return {
    ...{ method, url, host, body },
    bucket: subdomain ?? decodeURIComponent(first),
    name: decodeURIComponent(name),
    query: new URLSearchParams(query),
    headers: headers as Record<string, string | undefined>,
  };
}

/** Signs the request again with aws4, an implementation of somebody else's, and compares. */
function signatureProblem(request: Received, region: string): S3Answer | undefined {
  const { method, url, body, headers } = request;
  const { authorization = '' } = headers;
  const [, names = ''] = /SignedHeaders=([^,]+)/.exec(authorization) ?? [];
  const hash = headers['x-amz-content-sha256'] ?? '';
  const isHash = /^[\da-f]{64}$/.test(hash);
  if (!isHash && hash !== 'UNSIGNED-PAYLOAD')
    return failure(400, 'InvalidRequest', 'Missing required header: x-amz-content-sha256');
  if (isHash && createHash('sha256').update(body).digest('hex') !== hash)
    return failure(400, 'XAmzContentSHA256Mismatch', 'The provided header does not match');
  const signed = Object.fromEntries(names.split(';').map((name) => [name, headers[name] ?? '']));
  // Every header that decides what the request does must be signed.
  const unsigned = Object.keys(headers).filter(
    (name) => /^(x-amz-|if-|range$|content-md5$)/.test(name) && !(name in signed),
  );
  if (unsigned.length > 0) return failure(403, 'AccessDenied', `not signed: ${unsigned}`);
  // Without the body, whose hash is a header: aws4 would sign its length as well. `range` it leaves out unless told.
  const included = {
    extraHeadersToInclude: Object.fromEntries(Object.keys(signed).map((name) => [name, true])),
  };
  const again = aws4.sign(
    { service: 's3', region, method, path: url, headers: { ...signed }, ...included },
    credentials,
  );
  const expected = String(again.headers?.Authorization ?? '');
  const signatureOf = (text: string) => /Signature=(\w+)/.exec(text)?.[1];
  if (signatureOf(expected) === signatureOf(authorization)) return undefined;
  return failure(
    403,
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided.',
  );
}

/** Resolves every name below `localhost` to this machine, as RFC 6761 says, because the C library does not. */
export function resolveLocalhost(): void {
  const { lookup } = dns;
  const local = (host: string, ...others: unknown[]) => {
    const name = host.endsWith('.localhost') ? '127.0.0.1' : host;
    return Reflect.apply(lookup, dns, [name, ...others]);
  };
  // The overloads of `lookup` end in a callback each, and are passed on as they are.
  dns.lookup = local as unknown as typeof lookup;
}
