import { ACTIONS } from '../../doctor/permissions.js';
import {
  alarmOf,
  of,
  policyOf,
  resource,
  type Term,
  type TerraformModel,
  type TerraformResource,
} from './model.js';

const { reader, writer, maintainer } = ACTIONS;
const BY_ROLE = {
  reader,
  writer: [...reader, ...writer],
  maintainer: [...reader, ...writer, ...maintainer],
} as const;

export const rolesOf = (service: string, arn: Term): TerraformResource[] =>
  Object.entries(BY_ROLE).map(([role, actions]) =>
    policyOf(
      role,
      actions.map((action) => `${service}:${action}`),
      [arn],
    ),
  );

export const table = resource('aws_dynamodb_table', 'cache', {
  name: 'cache',
  billing_mode: 'PAY_PER_REQUEST',
  hash_key: 'pk',
  attribute: { block: { name: 'pk', type: 'S' } },
  ttl: { block: { attribute_name: 'expiresAt', enabled: true } },
});
export const tableName = of('aws_dynamodb_table', 'cache', 'name');
export const tableArn = of('aws_dynamodb_table', 'cache', 'arn');

export const dynamodb = (): TerraformModel => ({
  description: 'The table of @glasswork/cache, its permissions and its alarms.',
  isInVpc: false,
  resources: [
    table,
    ...rolesOf('dynamodb', tableArn),
    ...(['read', 'write'] as const).map((kind) =>
      alarmOf(
        `${kind}_throttle`,
        `${kind === 'read' ? 'Reads' : 'Writes'} of the cache are throttled`,
        ['AWS/DynamoDB', `${kind === 'read' ? 'Read' : 'Write'}ThrottleEvents`, 'Sum', 0],
        { TableName: tableName },
      ),
    ),
  ],
  environment: { CACHE_TABLE: tableName },
});
