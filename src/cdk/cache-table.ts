import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { AttributeType, BillingMode, Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Grant } from 'aws-cdk-lib/aws-iam';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { isObject } from '../util/deep-freeze.js';
import { type Check, checkedPlace, checkOf, isText } from './given.js';
import { type Grantee, grantTo } from './grantee.js';

/** Options of a `CacheTable`. */
export interface CacheTableProps {
  /** The name of the table. Default: CloudFormation chooses one, so that the table can be replaced. */
  readonly tableName?: string | undefined;
  /** The variable that `grantUse` and its like set on functions. Default: `CACHE_TABLE`. */
  readonly variable?: string | undefined;
  /** The topic that the alarms tell. Default: none, and the alarms only change their state. */
  readonly alarmTopic?: ITopic | undefined;
  /** Default: the table goes with its stack, because whatever is in a cache can be loaded again. */
  readonly removalPolicy?: RemovalPolicy | undefined;
}

const READ = ['dynamodb:GetItem', 'dynamodb:BatchGetItem'] as const;
const USE = [...READ, 'dynamodb:UpdateItem'] as const;
const MAINTAIN = [...USE, 'dynamodb:Scan', 'dynamodb:DeleteItem'] as const;

/**
 * The table of a `DynamoDBCacheStore`: on demand, key `pk`, TTL on `expiresAt`, no backups, deleted with its stack, and
 * two alarms for throttled reads and writes.
 *
 * @example
 * ```ts
 * import { App, Stack } from 'aws-cdk-lib';
 * import { Runtime } from 'aws-cdk-lib/aws-lambda';
 * import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
 * import { CacheTable, esmBundling } from '@glasswork/cache/cdk';
 *
 * const stack = new Stack(new App(), 'Shop');
 * const items = new NodejsFunction(stack, 'Items', {
 *   entry: 'handler.ts',
 *   runtime: Runtime.NODEJS_24_X,
 *   bundling: esmBundling(),
 * });
 * new CacheTable(stack, 'Cache').grantUse(items);
 * // In the handler: new DynamoDBCacheStore({ tableName: process.env.CACHE_TABLE ?? '' })
 * ```
 */
export class CacheTable extends Construct {
  readonly table: Table;
  /** Reads and writes that DynamoDB throttled in five minutes in a row. */
  readonly alarms: readonly Alarm[];
  /** The variable and the name of the table, for a function that is granted nothing here. */
  readonly environment: Readonly<Record<string, string>>;
  readonly #check: Check;

  /** @throws CacheError `INVALID_OPTION` that names the construct and the property. */
  constructor(scope: Construct, id: string, props: CacheTableProps = {}) {
    super(...checkedPlace('CacheTable', scope, id));
    const check = checkOf(`CacheTable at ${this.node.path}`);
    this.#check = check;
    check('props', props, isObject(props), 'an object');
    const { tableName, variable = 'CACHE_TABLE', alarmTopic, removalPolicy } = props;
    check('tableName', tableName, tableName === undefined || isText(tableName), 'a name, or none');
    check('variable', variable, isText(variable), 'the name of a variable');
    check('alarmTopic', alarmTopic, !alarmTopic || isText(alarmTopic.topicArn), 'a topic of SNS');
    const isPolicy = !removalPolicy || Object.values(RemovalPolicy).includes(removalPolicy);
    check('removalPolicy', removalPolicy, isPolicy, 'a RemovalPolicy');
    this.table = new Table(this, 'Table', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      timeToLiveAttribute: 'expiresAt',
      billingMode: BillingMode.PAY_PER_REQUEST,
      removalPolicy: removalPolicy ?? RemovalPolicy.DESTROY,
      ...(tableName !== undefined && { tableName }),
    });
    this.environment = { [variable]: this.table.tableName };
    this.alarms = (['Read', 'Write'] as const).map((kind) => this.#throttleAlarm(kind));
    if (alarmTopic)
      for (const alarm of this.alarms)
        alarm.addAlarmAction({ bind: () => ({ alarmActionArn: alarmTopic.topicArn }) });
  }

  /**
   * For every function that uses the cache: allows it to read, fill and invalidate, and sets its variable. Nothing else
   * is allowed, such as scanning the table.
   */
  grantUse(user: Grantee): Grant {
    return this.#grant(user, USE);
  }

  /** For tools that only look: fills and invalidations are denied. Sets the variable, too. */
  grantRead(user: Grantee): Grant {
    return this.#grant(user, READ);
  }

  /** Also for `delByPattern` and the store's own `clear`, which scan the table. Sets the variable, too. */
  grantMaintain(user: Grantee): Grant {
    return this.#grant(user, MAINTAIN);
  }

  #grant(user: Grantee, actions: readonly string[]): Grant {
    const { tableArn: arn } = this.table;
    return grantTo(user, this.#check, { variables: this.environment, actions, arn });
  }

  #throttleAlarm(kind: 'Read' | 'Write'): Alarm {
    return new Alarm(this, `${kind}ThrottleAlarm`, {
      alarmDescription: `${kind}s of the cache are throttled`,
      metric: new Metric({
        namespace: 'AWS/DynamoDB',
        metricName: `${kind}ThrottleEvents`,
        dimensionsMap: { TableName: this.table.tableName },
        statistic: 'Sum',
        period: Duration.minutes(1),
      }),
      threshold: 0,
      evaluationPeriods: 5,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
  }
}
