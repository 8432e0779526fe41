import { rolesOf, table, tableArn, tableName } from './dynamodb.js';
import { alarmOf, groups, IN_VPC, of, resource, type TerraformModel } from './model.js';

export function dax(): TerraformModel {
  const cluster = (attribute: string) => of('aws_dax_cluster', 'cache', attribute);
  const actions = ['DescribeTable', 'GetItem', 'BatchGetItem', 'UpdateItem', 'DeleteItem', 'Scan'];
  return {
    description: 'The table of @glasswork/cache behind DAX, its permissions and its alarms.',
    isInVpc: true,
    resources: [
      table,
      ...groups([9111]),
      resource('aws_iam_role', 'cache_dax', {
        assume_role_policy: {
          document: {
            Version: '2012-10-17',
            Statement: [
              {
                map: {
                  Effect: 'Allow',
                  Principal: { map: { Service: 'dax.amazonaws.com' } },
                  Action: 'sts:AssumeRole',
                },
              },
            ],
          },
        },
      }),
      resource('aws_iam_role_policy', 'cache_dax', {
        role: of('aws_iam_role', 'cache_dax', 'id'),
        policy: {
          document: {
            Version: '2012-10-17',
            Statement: [
              {
                map: {
                  Effect: 'Allow',
                  Action: actions.map((each) => `dynamodb:${each}`),
                  Resource: tableArn,
                },
              },
            ],
          },
        },
      }),
      resource('aws_dax_subnet_group', 'cache', { name: 'cache', subnet_ids: IN_VPC.subnet_ids }),
      resource('aws_dax_parameter_group', 'cache', {
        name: 'cache',
        parameters: { block: { name: 'record-ttl-millis', value: '60000' } },
      }),
      resource('aws_dax_cluster', 'cache', {
        cluster_name: 'cache',
        node_type: 'dax.t3.small',
        replication_factor: 2,
        iam_role_arn: of('aws_iam_role', 'cache_dax', 'arn'),
        parameter_group_name: of('aws_dax_parameter_group', 'cache', 'id'),
        subnet_group_name: of('aws_dax_subnet_group', 'cache', 'id'),
        security_group_ids: IN_VPC.security_group_ids,
        server_side_encryption: { block: { enabled: true } },
        cluster_endpoint_encryption_type: 'TLS',
      }),
      ...rolesOf('dax', cluster('arn')),
      alarmOf('dax_error', 'DAX fails to answer', ['AWS/DAX', 'FaultRequestCount', 'Sum', 0], {
        ClusterId: cluster('cluster_name'),
      }),
    ],
    environment: {
      CACHE_TABLE: tableName,
      CACHE_DAX: { template: ['daxs://', cluster('cluster_address').reference] },
    },
  };
}
