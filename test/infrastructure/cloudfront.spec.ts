import { fileURLToPath } from 'node:url';
import { App, Stack } from 'aws-cdk-lib';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import { describe, expect, it } from 'vitest';
import { cloudFront } from '../../src/http/cloudfront/index.js';
import { temporaryFolder } from '../temporary-folder.js';
import { readYaml } from './template.js';

/** The template for CloudFormation, after a check of every property's name and type. */
function synthesise(templateFile: string) {
  const outdir = temporaryFolder('edge');
  const app = new App({ outdir, context: { '@aws-cdk/core:validateAgainstDefaultRules': true } });
  const stack = new Stack(app, 'Edge');
  new CfnInclude(stack, 'Template', { templateFile });
  return app.synth().getStackByName('Edge').template;
}

const file = fileURLToPath(new URL('../../infrastructure/cloudfront.yaml', import.meta.url));

describe('the template of the edge', () => {
  it('has only properties that CloudFormation knows', () => {
    const { Distribution, CachePolicy, PurgePolicy } = synthesise(file).Resources;
    expect(Distribution.Properties.DistributionConfig.CacheTagConfig).toEqual({
      HeaderName: { Ref: 'CacheTagHeader' },
    });
    expect(CachePolicy.Properties.CachePolicyConfig.MinTTL).toBe(0);
    expect(PurgePolicy.Properties.PolicyDocument.Statement).toEqual([
      {
        Effect: 'Allow',
        Action: ['cloudfront:CreateInvalidation'],
        Resource: {
          'Fn::Sub':
            'arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Distribution}',
        },
      },
    ]);
  });

  it('names the header that cloudFront sets by default', () => {
    const { Parameters } = readYaml<{ Parameters: Record<string, { Default?: string }> }>(
      'cloudfront.yaml',
    );
    const { tagHeader } = cloudFront({ distributionId: 'E2EXAMPLE' });
    expect(Parameters.CacheTagHeader?.Default).toBe(tagHeader);
  });
});
