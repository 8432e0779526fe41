import {
  type AwsRequest,
  type AwsResponse,
  type AwsTransport,
  errorType,
} from '../../aws/transport.js';
import { CacheError } from '../../model/errors.js';
import { uniqueId } from '../../util/unique-id.js';
import type { PurgeItems } from './items.js';

const VERSION = '2020-05-31';

/**
 * Creates one invalidation. Resolves once CloudFront has accepted it, to the number of times that it was sent.
 *
 * Any failed try may be repeated: CloudFront answers a known CallerReference with the invalidation that it stands for.
 *
 * @throws CacheError `STORE_FAILED`, `TIMEOUT` or `NO_CREDENTIALS`.
 */
export async function createInvalidation(
  transport: AwsTransport,
  distributionId: string,
  items: PurgeItems,
): Promise<number> {
  const request: AwsRequest = {
    path: `/${VERSION}/distribution/${distributionId}/invalidation`,
    headers: { 'content-type': 'application/xml' },
    body: batchXml(items, uniqueId()),
    retry: 'always',
  };
  const response = await transport.send(request);
  // A proxy on the way may answer 200 with a page of its own, which confirms nothing.
  const isCreated = response.status < 300 && /<Invalidation[\s>].*<Id>/s.test(text(response));
  if (isCreated) return response.attempts;
  throw refusal(response, distributionId);
}

function batchXml({ tags, paths }: PurgeItems, reference: string): string {
  const items = [...tags.map((tag) => `#${tag}`), ...paths];
  const list = items.map((item) => `<Path>${escapeXml(item)}</Path>`).join('');
  return `<?xml version="1.0" encoding="UTF-8"?>
<InvalidationBatch xmlns="http://cloudfront.amazonaws.com/doc/${VERSION}/"><Paths><Quantity>${items.length}</Quantity><Items>${list}</Items></Paths><CallerReference>${reference}</CallerReference></InvalidationBatch>`;
}

const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' } as const;

const escapeXml = (item: string): string =>
  // The pattern matches only characters of ENTITIES.
  item.replace(/[&<>]/g, (character) => ENTITIES[character as keyof typeof ENTITIES]);

const unescapeXml = (xml: string): string =>
  Object.entries(ENTITIES).reduceRight(
    (text, [character, entity]) => text.replaceAll(entity, character),
    xml,
  );

/** The next action, by the name of CloudFront's error. */
const REMEDIES: Readonly<Record<string, string>> = {
  AccessDenied: 'Allow cloudfront:CreateInvalidation on the distribution to the role.',
  NoSuchDistribution: 'Check distributionId, and the account of the credentials.',
  InvalidArgument: 'Check that the distribution has a CacheTagConfig.',
  TooManyInvalidationsInProgress: 'Invalidate fewer tags, keys or paths at a time.',
  SignatureDoesNotMatch: 'Check the credentials.',
};

function refusal(response: AwsResponse, distributionId: string): CacheError {
  const { status } = response;
  const type = errorType(response) ?? `HTTP ${status}`;
  const [, xml] = /<Message>([^<]*)/.exec(text(response)) ?? [];
  const said = xml === undefined ? `status ${status} without a message` : unescapeXml(xml);
  const message = said.trim().slice(0, 500);
  const remedy = REMEDIES[type] ?? 'Try it again.';
  const cause = Object.assign(new Error(message), { name: type });
  return new CacheError(
    'STORE_FAILED',
    `CloudFront did not purge distribution ${distributionId} (${type}): ${message.replace(/[^.?!]$/, '$&.')} ${remedy}`,
    { subject: distributionId, cause },
  );
}

const text = ({ body }: AwsResponse): string => body.toString();
