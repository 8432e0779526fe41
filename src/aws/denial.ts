/** The parts of a refusal by IAM, as far as its message names them. */
export interface Denial {
  /** Such as `dynamodb:GetItem`. */
  readonly action: string | undefined;
  /** An ARN. */
  readonly resource: string | undefined;
  /** The kind of policy that decides, such as `VPC endpoint policy` or `permissions boundary`. */
  readonly policy: string | undefined;
  readonly isExplicit: boolean;
}

export function denialOf(message: string): Denial {
  const [, action, resource] =
    /perform: ([\w:*-]+)(?: on resource: "?([^\s,"]+))?/.exec(message) ?? [];
  const [, policy] = /(?: because no | explicit deny in an? )([A-Za-z -]+?)(?: allows|\W*$|:)/.exec(
    message,
  ) ?? [undefined, undefined];
  const isExplicit = /explicit deny/.test(message);
  return { action, resource: resource?.replace(/\.$/, ''), policy, isExplicit };
}

/** The remedy for the refusal of an action, without a full stop. An identity's own policy needs no name. */
export function permit(action: string, resource: string, { policy, isExplicit }: Denial): string {
  if (isExplicit)
    return `Remove the deny of ${action} on ${resource} from the ${policy ?? 'policy that has it'}, because it wins over every allow`;
  const where = policy && policy !== 'identity-based policy' ? ` in the ${policy}` : '';
  return `Allow ${action} on ${resource}${where}`;
}
