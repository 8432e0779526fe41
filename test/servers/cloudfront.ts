import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import aws4 from 'aws4';
import { XMLParser, XMLValidator } from 'fast-xml-parser';

export const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };
export const DISTRIBUTION = 'E2EXAMPLE';
const NAMESPACE = 'http://cloudfront.amazonaws.com/doc/2020-05-31/';
const MOST_IN_PROGRESS = 3_000;
const MOST_WILDCARDS = 15;

/** An accepted invalidation. */
export interface Invalidation {
  readonly id: string;
  readonly reference: string;
  readonly items: readonly string[];
}

export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

/** The endpoint's fault for a request, instead of its work: an error, or a connection that ends before or after it. */
type Fault =
  | Refusal
  | 'hang up'
  | 'lose the answer'
  | { readonly page: string; readonly pageStatus?: number };

/**
 * CloudFront's CreateInvalidation on a free loopback port, as strict as AWS's documents: signature (checked by aws4),
 * XML, limits, and one invalidation for each CallerReference.
 */
export async function startCloudFront() {
  const accepted: Invalidation[] = [];
  const requests: { body: string; headers: IncomingMessage['headers'] }[] = [];
  const faults: Fault[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('error', () => {});
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      requests.push({ body, headers: request.headers });
      const fault = faults.shift();
      if (fault === 'hang up') return request.socket.destroy();
      if (fault && typeof fault === 'object' && 'page' in fault)
        return response.writeHead(fault.pageStatus ?? 200).end(fault.page);
      const outcome = typeof fault === 'object' ? fault : create(request, body, accepted);
      if (fault === 'lose the answer') return request.socket.destroy();
      const isRefused = 'code' in outcome;
      response.writeHead(isRefused ? outcome.status : 201, { 'content-type': 'text/xml' });
      return response.end(isRefused ? errorXml(outcome) : invalidationXml(outcome));
    });
  });
  // A client may take longer than the usual five seconds to send its next request on a busy machine.
  server.keepAliveTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    /** All that were accepted, a repeated one once. */
    accepted,
    /** All requests as they came. */
    requests,
    /** Faults of the next requests, one each. */
    faults,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function create(
  request: IncomingMessage,
  body: string,
  accepted: Invalidation[],
): Invalidation | Refusal {
  const [, distribution] =
    /^\/2020-05-31\/distribution\/([^/]+)\/invalidation$/.exec(request.url ?? '') ?? [];
  if (request.method !== 'POST' || !distribution)
    return refused(404, 'NotFound', 'no such operation');
  if (!isSigned(request, body))
    return refused(403, 'SignatureDoesNotMatch', 'The request signature does not match.');
  if (distribution !== DISTRIBUTION)
    return refused(404, 'NoSuchDistribution', 'The specified distribution does not exist.');
  const batch = parseBatch(body);
  if ('code' in batch) return batch;
  const known = accepted.find(({ reference }) => reference === batch.reference);
  if (known) {
    const isSame = known.items.join() === batch.items.join();
    return isSame ? known : refused(400, 'InvalidArgument', 'The caller reference is taken.');
  }
  const invalidation = { id: `I${accepted.length + 1}`, ...batch };
  accepted.push(invalidation);
  return invalidation;
}

function isSigned(request: IncomingMessage, body: string): boolean {
  const { host, authorization, 'x-amz-date': date, 'content-type': type } = request.headers;
  const token = request.headers['x-amz-security-token'];
  const options = {
    service: 'cloudfront',
    region: 'us-east-1',
    method: 'POST',
    path: request.url,
    headers: {
      Host: host,
      'X-Amz-Date': date,
      'Content-Type': type,
      ...(token && { 'X-Amz-Security-Token': token }),
    },
    body,
    extraHeadersToIgnore: { 'content-length': true },
  };
  // Its types do not know `extraHeadersToIgnore`.
  const signed = aws4.sign(options as Parameters<typeof aws4.sign>[0], credentials);
  return authorization === signed.headers?.Authorization;
}

/** In document order, because CloudFront's API is an XML schema. */
const parser = new XMLParser({
  ignoreAttributes: false,
  parseTagValue: false,
  isArray: (name) => name === 'Path',
});

function parseBatch(body: string): Omit<Invalidation, 'id'> | Refusal {
  if (XMLValidator.validate(body) !== true)
    return refused(400, 'MalformedXML', 'The XML is not well-formed.');
  const { InvalidationBatch: batch } = parser.parse(body);
  if (batch?.['@_xmlns'] !== NAMESPACE)
    return refused(400, 'MalformedInput', 'The namespace is missing.');
  const { CallerReference: reference, Paths: { Quantity, Items } = { Quantity: '', Items: {} } } =
    batch;
  const items: string[] = Items?.Path ?? [];
  if (!reference) return refused(400, 'InvalidArgument', 'The caller reference is missing.');
  if (Number(Quantity) !== items.length || items.length === 0)
    return refused(400, 'InconsistentQuantities', 'Quantity and Items do not match.');
  const wildcards = items.filter((item) => item.startsWith('/') && item.endsWith('*'));
  if (items.length > MOST_IN_PROGRESS || wildcards.length > MOST_WILDCARDS)
    return refused(400, 'TooManyInvalidationsInProgress', 'Too many paths in progress.');
  const bad = items.find((item) => !isItem(item));
  if (bad !== undefined)
    return refused(400, 'InvalidArgument', `The item <${bad}> & others are invalid.`);
  return { reference, items };
}

const isItem = (item: string): boolean =>
  item.startsWith('#')
    ? /^#[!-+\--~]{1,256}$/.test(item)
    : /^\/[!-)+-~]*\*?$/.test(item) && item.length <= 4_000;

const refused = (status: number, code: string, message: string): Refusal => ({
  status,
  code,
  message,
});

const escapeXml = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const errorXml = ({ code, message }: Refusal) =>
  `<?xml version="1.0"?>\n<ErrorResponse xmlns="${NAMESPACE}"><Error><Type>Sender</Type><Code>${code}</Code><Message>${escapeXml(message)}</Message></Error><RequestId>1</RequestId></ErrorResponse>`;

const invalidationXml = ({ id, reference, items }: Invalidation) =>
  `<?xml version="1.0"?>\n<Invalidation xmlns="${NAMESPACE}"><Id>${id}</Id><Status>InProgress</Status><CreateTime>2026-11-28T12:00:00Z</CreateTime><InvalidationBatch><Paths><Quantity>${items.length}</Quantity><Items>${items.map((item) => `<Path>${escapeXml(item)}</Path>`).join('')}</Items></Paths><CallerReference>${reference}</CallerReference></InvalidationBatch></Invalidation>`;
