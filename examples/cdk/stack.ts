import { fileURLToPath } from 'node:url';
import { CacheTable, esmBundling } from '@glasswork/cache/cdk';
import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { FunctionUrlAuthType, Runtime } from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import type { Construct } from 'constructs';

/** The table with its alarms, and a function that may use it. */
export class ItemStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const items = new NodejsFunction(this, 'Items', {
      entry: fileURLToPath(new URL('handler.ts', import.meta.url)),
      runtime: Runtime.NODEJS_24_X,
      timeout: Duration.seconds(10),
      bundling: esmBundling(),
    });
    new CacheTable(this, 'Cache').grantUse(items);
    const { url } = items.addFunctionUrl({ authType: FunctionUrlAuthType.AWS_IAM });
    new CfnOutput(this, 'ItemsUrl', { value: url });
  }
}
