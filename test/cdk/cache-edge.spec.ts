import { CacheError } from '@glasswork/cache';
import { CacheEdge, type CacheEdgeProps } from '@glasswork/cache/cdk';
import { App, Fn, Lazy, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { FunctionUrlOrigin, HttpOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { describe, expect, it } from 'vitest';
import { cloudFront } from '../../src/http/cloudfront/index.js';
import { readYaml } from '../infrastructure/template.js';

function world(props: Omit<CacheEdgeProps, 'origin'> = {}) {
  // Refuses misspelt properties, and resources that wait for each other.
  const app = new App({ context: { '@aws-cdk/core:validateAgainstDefaultRules': true } });
  const stack = new Stack(app, 'Shop');
  const fn = new LambdaFunction(stack, 'Api', {
    runtime: Runtime.NODEJS_22_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = async () => {}'),
  });
  const defaultIntegration = new HttpLambdaIntegration('Integration', fn);
  const api = new HttpApi(stack, 'HttpApi', { defaultIntegration });
  const origin = new HttpOrigin(Fn.select(2, Fn.split('/', api.apiEndpoint)));
  const edge = new CacheEdge(stack, 'Edge', { origin, ...props });
  return { stack, fn, edge, template: (): Made => Object(Template.fromStack(stack).toJSON()) };
}

interface Made {
  readonly Resources: Record<string, Found>;
}
interface Found {
  readonly Type: string;
  readonly Properties: Record<string, unknown>;
}
/** Properties of the only resource of the type. */
function only(template: Made, type: string) {
  const found = Object.values(template.Resources).filter(({ Type }) => Type === type);
  expect(found).toHaveLength(1);
  return Object(found[0]?.Properties);
}

const yaml = readYaml<Made>('cloudfront.yaml').Resources;

describe('CacheEdge', () => {
  it('has the settings of the template of CloudFormation', () => {
    const template = world().template();
    const { DistributionConfig: own } = only(template, 'AWS::CloudFront::Distribution');
    const { DistributionConfig: expected } = Object(yaml.Distribution?.Properties);
    expect(own.CacheTagConfig).toEqual({ HeaderName: 'cache-tag' });
    expect(own.CacheTagConfig.HeaderName).toBe(cloudFront({ distributionId: 'E1' }).tagHeader);
    const { CachePolicyId, TargetOriginId, AllowedMethods, ...behavior } =
      expected.DefaultCacheBehavior;
    expect(own.DefaultCacheBehavior).toMatchObject(behavior);
    expect(own.DefaultCacheBehavior.AllowedMethods.sort()).toEqual(AllowedMethods.sort());
    const { CachePolicyConfig: policy } = only(template, 'AWS::CloudFront::CachePolicy');
    const { Name, ...settings } = Object(yaml.CachePolicy?.Properties).CachePolicyConfig;
    expect(policy).toMatchObject(settings);
    expect(policy.MinTTL).toBe(0);
  });

  it('lets a function purge this distribution alone, and tells it which', () => {
    const { edge, fn, template } = world();
    edge.grantPurge(fn);
    const made = template();
    const distribution = { Ref: expect.stringMatching(/^EdgeDistribution/) };
    expect(only(made, 'AWS::Lambda::Function').Environment.Variables).toEqual({
      CACHE_DISTRIBUTION: distribution,
    });
    const { Statement } = only(made, 'AWS::IAM::Policy').PolicyDocument;
    expect(Statement).toEqual([
      {
        Effect: 'Allow',
        Action: 'cloudfront:CreateInvalidation',
        Resource: {
          'Fn::Join': [
            '',
            [
              ...['arn:', { Ref: 'AWS::Partition' }, ':cloudfront::', { Ref: 'AWS::AccountId' }],
              ...[':distribution/', distribution],
            ],
          ],
        },
      },
    ]);
  });

  it('makes a circle with a function whose own URL is the origin, as its comment says', () => {
    const { stack, fn, template } = world();
    const origin = new FunctionUrlOrigin(fn.addFunctionUrl());
    new CacheEdge(stack, 'Second', { origin }).grantPurge(fn);
    expect(template).toThrow('Circular');
  });

  it('grants a role, which has no variables', () => {
    const { stack, edge, template } = world();
    edge.grantPurge(
      new Role(stack, 'Task', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') }),
    );
    const { Statement } = only(template(), 'AWS::IAM::Policy').PolicyDocument;
    expect(Statement[0].Action).toBe('cloudfront:CreateInvalidation');
  });

  it('takes another header and variable, and headers that responses vary by', () => {
    const { edge, fn, template } = world({
      ...{ header: 'x-tags', variable: 'EDGE', varyBy: ['accept-language'] },
    });
    edge.grantPurge(fn);
    const made = template();
    expect(
      only(made, 'AWS::CloudFront::Distribution').DistributionConfig.CacheTagConfig.HeaderName,
    ).toBe('x-tags');
    const { ParametersInCacheKeyAndForwardedToOrigin: parameters } = only(
      made,
      'AWS::CloudFront::CachePolicy',
    ).CachePolicyConfig;
    expect(parameters.HeadersConfig).toEqual({
      HeaderBehavior: 'whitelist',
      Headers: ['accept-language'],
    });
    expect(Object.keys(only(made, 'AWS::Lambda::Function').Environment.Variables)).toEqual([
      'EDGE',
    ]);
  });
});

describe('CacheEdge refuses', () => {
  const origin = new HttpOrigin('example.com');
  const make = (props: unknown) =>
    new CacheEdge(new Stack(new App(), 'Shop'), 'Edge', props as CacheEdgeProps);

  it.each<[string, unknown, string]>([
    ['no properties', undefined, 'origin'],
    ['null', null, 'origin'],
    ['no origin', {}, 'origin'],
    ['the domain of an origin', { origin: 'example.com' }, 'origin'],
    ['an empty header', { origin, header: '' }, 'header'],
    ['a number for a header', { origin, header: 5 }, 'header'],
    ['one header that is no array', { origin, varyBy: 'accept-language' }, 'varyBy'],
    ['a header that is no text', { origin, varyBy: ['accept-language', 5] }, 'varyBy'],
    ['an empty variable', { origin, variable: '' }, 'variable'],
    ['a number for a variable', { origin, variable: 5 }, 'variable'],
  ])('%s, by the path of the construct and the name of the property', (_what, props, subject) => {
    expect(() => make(props)).toThrow(CacheError);
    expect(() => make(props)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION', subject }));
    expect(() => make(props)).toThrow(`CacheEdge at Shop/Edge: ${subject} is `);
  });

  it('a user that has no role', () => {
    const grant = () => make({ origin }).grantPurge('fn' as unknown as Role);
    expect(grant).toThrow("CacheEdge at Shop/Edge: user is 'fn': give a function, a role");
  });

  it('no text that is known only when it is deployed', () => {
    const header = Lazy.string({ produce: () => 'x-tags' });
    expect(() => make({ origin, header, varyBy: [header], variable: header })).not.toThrow();
  });
});
