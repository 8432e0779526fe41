import { canonical } from '../../aws/canonical.js';
import {
  type CredentialProvider,
  defaultCredentials,
  keepCredentials,
} from '../../aws/credentials.js';
import { resolveCloudFront } from '../../aws/endpoint.js';
import { createTransport } from '../../aws/transport.js';
import { consoleReporter } from '../../model/console-reporter.js';
import { invalid } from '../../model/errors.js';
import { safeListener } from '../../model/event-log.js';
import type { CacheEvent } from '../../model/events.js';
import { givenObject } from '../../model/given.js';
import type { Invalidated } from '../../model/invalidated.js';
import { monotonic } from '../../model/time.js';
import { FIELD_NAME } from '../../util/field-name.js';
import { addEdgeHeader, edgeTagsOf } from '../edge-tags.js';
import { purgePath } from './items.js';
import { purgeBatch } from './purge-batch.js';
import { createInvalidation } from './request.js';

export interface CloudFrontOptions {
  /** The distribution in front of the responses, such as `E2EXAMPLE`. */
  distributionId: string;
  /** The response header that the distribution's `CacheTagConfig` names. Default `cache-tag`. */
  header?: string | undefined;
  /** Default: `AWS_ENDPOINT_URL_CLOUDFRONT`, `AWS_ENDPOINT_URL`, or CloudFront's own. */
  endpoint?: string | undefined;
  /** An async function, as for the DynamoDB store. Default: found where AWS puts them. */
  credentials?: CredentialProvider | undefined;
  /**
   * Receives `edge-invalidate` for each accepted request, and `store-error` for each failed one. Its errors are swallowed.
   * Default: `consoleReporter()`.
   */
  onEvent?: ((event: CacheEvent) => void) | undefined;
}

export interface CloudFront {
  /**
   * For `CacheConfig.onInvalidate`: resolves once CloudFront has accepted the purge, which takes effect seconds later.
   * All that are issued in the same tick become one request. A soft invalidation purges, too.
   */
  readonly onInvalidate: (what: Invalidated & { readonly soft: boolean }) => Promise<void>;
  /** For `ResponseCacheOptions.tagHeader`: the header that tells the edge a response's tags. */
  readonly tagHeader: string;
  /**
   * Purges paths, for what the edge caches without the tags of a response cache. It joins the request of its tick.
   *
   * @throws CacheError `INVALID_OPTION` for a path that CloudFront would refuse, else as `onInvalidate`.
   */
  invalidatePaths(...paths: string[]): Promise<void>;
}

/**
 * Time limits. CloudFront answers within seconds, not milliseconds. Together they stay below the 5 s that an invalidation
 * may take, so that the reason for a failure is CloudFront's own.
 */
const TIMEOUTS = { connect: '1s', request: '3s', total: '4.5s' } as const;
/** CloudFront's limits are a few requests a second. The pauses are at most 0.2, 0.4, 0.8, 1.6 and 3.2 s. */
const TRIES = 6;
const PATIENCE = 8;

/**
 * Purges a CloudFront distribution by cache tags when values are invalidated. It needs a `CacheTagConfig` in the
 * distribution, a `MinTTL` of 0, and the permission `cloudfront:CreateInvalidation`, see docs/edge.md.
 *
 * @throws CacheError `INVALID_OPTION` that names the option.
 *
 * @example
 * ```ts
 * import { CacheService, DynamoDBCacheStore } from '@glasswork/cache';
 * import { cloudFront } from '@glasswork/cache/cloudfront';
 *
 * const edge = cloudFront({ distributionId: 'E2EXAMPLE' });
 * const cache = new CacheService(new DynamoDBCacheStore({ tableName: 'my-cache' }), {
 *   onInvalidate: edge.onInvalidate,
 * });
 * await cache.invalidateTags(['user:1']); // in the cache and at the edge
 * await edge.invalidatePaths('/index.html', '/images/*');
 * ```
 */
export function cloudFront(options: CloudFrontOptions): CloudFront {
  const { distributionId, header = 'cache-tag', credentials } = givenObject(options);
  // It becomes a part of the request's path.
  if (!isText(distributionId, /^[A-Za-z0-9]+$/))
    throw invalid('distributionId', distributionId, 'the id of a distribution, such as E2EXAMPLE');
  if (!isText(header, FIELD_NAME))
    throw invalid('header', header, "the name of a response header, such as 'cache-tag'");
  if (credentials !== undefined && typeof credentials !== 'function')
    throw invalid('credentials', Object(credentials), 'an async function that returns them');
  if (options.onEvent != null && typeof options.onEvent !== 'function')
    throw invalid('onEvent', options.onEvent, 'a function');
  const tell = safeListener(options.onEvent ?? consoleReporter());
  const transport = createTransport({
    service: 'cloudfront',
    region: 'us-east-1',
    endpoint: resolveCloudFront(options.endpoint),
    credentials: credentials ? keepCredentials(credentials) : defaultCredentials(),
    timeouts: TIMEOUTS,
    canonical,
    tries: TRIES,
    patience: PATIENCE,
  });
  const purge = purgeBatch(async (items) => {
    const startMs = monotonic();
    try {
      const attempts = await createInvalidation(transport, distributionId, items);
      const durationMs = Math.round(monotonic() - startMs);
      const { tags, paths } = items;
      const counts = { tags: tags.length, paths: paths.length };
      tell({ type: 'edge-invalidate', ...counts, attempts, durationMs });
    } catch (error) {
      tell({ type: 'store-error', operation: 'invalidate edge', key: undefined, error });
      throw error;
    }
  });
  addEdgeHeader(header);
  return {
    onInvalidate: (what) => purge(edgeTagsOf(what), []),
    tagHeader: header,
    invalidatePaths: async (...paths) => purge([], paths.map(purgePath)),
  };
}

const isText = (value: unknown, form: RegExp): boolean =>
  typeof value === 'string' && form.test(value);
