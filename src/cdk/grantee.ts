import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Check } from './given.js';

/** A function, or anything else that has a role, such as a role itself or a task of ECS. */
export type Grantee = IGrantable & {
  addEnvironment?(name: string, value: string): unknown;
};

/** Allows the actions on one resource, and sets the variables if the user can have some. */
export function grantTo(
  user: Grantee,
  check: Check,
  {
    variables,
    actions,
    arn,
  }: {
    readonly variables: Readonly<Record<string, string>>;
    readonly actions: readonly string[];
    readonly arn: string;
  },
): Grant {
  check('user', user, Boolean(user?.grantPrincipal), 'a function, a role, or a task of ECS');
  for (const [name, value] of Object.entries(variables)) user.addEnvironment?.(name, value);
  return Grant.addToPrincipal({ grantee: user, actions: [...actions], resourceArns: [arn] });
}
