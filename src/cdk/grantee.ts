import type { IGrantable } from 'aws-cdk-lib/aws-iam';

/** A function, or anything else that has a role, such as a role itself or a task of ECS. */
export type Grantee = IGrantable & {
  addEnvironment?(name: string, value: string): unknown;
};
