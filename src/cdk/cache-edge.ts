import { Duration, Stack } from 'aws-cdk-lib';
import {
  AllowedMethods,
  CacheCookieBehavior,
  CacheHeaderBehavior,
  CachePolicy,
  CacheQueryStringBehavior,
  CfnDistribution,
  Distribution,
  HttpVersion,
  type IOrigin,
  OriginRequestPolicy,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront';
import type { Grant } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { type Check, checkedPlace, checkOf, isText } from './given.js';
import { type Grantee, grantTo } from './grantee.js';

/** Options of a `CacheEdge`. */
export interface CacheEdgeProps {
  /** The function URL or the API that answers. */
  readonly origin: IOrigin;
  /** The response header with a response's tags, the option `header` of `cloudFront`. Default: `cache-tag`. */
  readonly header?: string | undefined;
  /** The request headers that your responses vary by. Default: none, so that CloudFront keeps one response for all. */
  readonly varyBy?: readonly string[] | undefined;
  /** The variable that `grantPurge` sets on functions. Default: `CACHE_DISTRIBUTION`. */
  readonly variable?: string | undefined;
}

/**
 * A CloudFront distribution in front of cached responses: it keeps what `Cache-Control` allows, reads the tags of a
 * response from a header, and is purged by `cloudFront` of `@glasswork/cache/cloudfront`.
 *
 * @example
 * ```ts
 * import { App, Fn, Stack } from 'aws-cdk-lib';
 * import { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
 * import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
 * import { HttpOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
 * import { Runtime } from 'aws-cdk-lib/aws-lambda';
 * import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
 * import { CacheEdge } from '@glasswork/cache/cdk';
 *
 * const stack = new Stack(new App(), 'Shop');
 * const shop = new NodejsFunction(stack, 'Shop', { entry: 'handler.ts', runtime: Runtime.NODEJS_24_X });
 * const defaultIntegration = new HttpLambdaIntegration('Integration', shop);
 * const api = new HttpApi(stack, 'Api', { defaultIntegration });
 * const origin = new HttpOrigin(Fn.select(2, Fn.split('/', api.apiEndpoint)));
 * new CacheEdge(stack, 'Edge', { origin }).grantPurge(shop);
 * // In the handler: cloudFront({ distributionId: process.env.CACHE_DISTRIBUTION ?? '' })
 * ```
 */
export class CacheEdge extends Construct {
  readonly distribution: Distribution;
  readonly #variable: string;
  readonly #check: Check;

  /** @throws CacheError `INVALID_OPTION` that names the construct and the property. */
  constructor(scope: Construct, id: string, props: CacheEdgeProps) {
    super(...checkedPlace('CacheEdge', scope, id));
    const check = checkOf(`CacheEdge at ${this.node.path}`);
    this.#check = check;
    const given: CacheEdgeProps = Object(props);
    const { origin, header = 'cache-tag', varyBy = [], variable = 'CACHE_DISTRIBUTION' } = given;
    const isOrigin = typeof Object(origin).bind === 'function';
    check('origin', origin, isOrigin, 'an origin, such as new HttpOrigin(domainName)');
    check('header', header, isText(header), 'the name of a header');
    check('varyBy', varyBy, Array.isArray(varyBy) && varyBy.every(isText), 'an array of headers');
    check('variable', variable, isText(variable), 'the name of a variable');
    this.#variable = variable;
    const cachePolicy = new CachePolicy(this, 'CachePolicy', {
      // 0, because stale responses leave with s-maxage=0, so that the edge does not keep them. Any other value would.
      minTtl: Duration.seconds(0),
      // A response without a lifetime of its own is not kept.
      defaultTtl: Duration.seconds(0),
      maxTtl: Duration.days(365),
      enableAcceptEncodingBrotli: true,
      enableAcceptEncodingGzip: true,
      queryStringBehavior: CacheQueryStringBehavior.all(),
      cookieBehavior: CacheCookieBehavior.none(),
      headerBehavior:
        varyBy.length > 0 ? CacheHeaderBehavior.allowList(...varyBy) : CacheHeaderBehavior.none(),
    });
    this.distribution = new Distribution(this, 'Distribution', {
      httpVersion: HttpVersion.HTTP2_AND_3,
      defaultBehavior: {
        ...{ origin, cachePolicy, compress: true },
        allowedMethods: AllowedMethods.ALLOW_ALL,
        viewerProtocolPolicy: ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
        // The origin sees cookies and headers, but its own host name.
        originRequestPolicy: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
      },
    });
    const { defaultChild } = this.distribution.node;
    if (defaultChild instanceof CfnDistribution)
      // Without it CloudFront ignores the header, and refuses to invalidate a tag. The construct has no option for it.
      defaultChild.addPropertyOverride('DistributionConfig.CacheTagConfig.HeaderName', header);
  }

  /**
   * For every function that invalidates: allows it to purge this distribution, and sets its variable. A function whose
   * own function URL is the origin cannot have both: CloudFormation refuses the circle. An HTTP API between them breaks it.
   */
  grantPurge(user: Grantee): Grant {
    const { partition, account } = Stack.of(this);
    const { distributionId } = this.distribution;
    return grantTo(user, this.#check, {
      variables: { [this.#variable]: distributionId },
      actions: ['cloudfront:CreateInvalidation'],
      arn: `arn:${partition}:cloudfront::${account}:distribution/${distributionId}`,
    });
  }
}
