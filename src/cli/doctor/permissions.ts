import { type AwsApi, AwsError } from '../aws-api.js';
import { type Finding, note, ok, PAGES, problem } from './finding.js';

export const ROLES = ['reader', 'writer', 'maintainer'] as const;
export type Role = (typeof ROLES)[number];

/** The actions that each role needs besides those of the roles before it. */
export const ACTIONS: Readonly<Record<Role, readonly string[]>> = {
  reader: ['GetItem', 'BatchGetItem'],
  writer: ['UpdateItem'],
  maintainer: ['Scan', 'DeleteItem'],
};

/** No item has this key, and no item meets the condition, so that the probes change nothing. */
const KEY = { pk: { S: '#doctor' } };
const NEVER = {
  ConditionExpression: 'attribute_exists(#pk) AND attribute_not_exists(#pk)',
  ExpressionAttributeNames: { '#pk': 'pk' },
};

const probe = (action: string, TableName: string): object => {
  switch (action) {
    case 'BatchGetItem':
      return { RequestItems: { [TableName]: { Keys: [KEY] } } };
    case 'Scan':
      return { TableName, Limit: 1, Select: 'COUNT' };
    case 'GetItem':
      return { TableName, Key: KEY };
    default:
      return { TableName, Key: KEY, ...NEVER };
  }
};

/** Tries each action with a request that changes nothing. */
export async function examinePermissions(
  api: AwsApi,
  table: string,
  role: Role,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const each of ROLES) {
    const isNeeded = ROLES.indexOf(each) <= ROLES.indexOf(role);
    const denied: AwsError[] = [];
    for (const action of ACTIONS[each]) {
      const error = await refusal(api, action, table);
      if (error?.isDenied) denied.push(error);
      else if (error) findings.push(unexpected(error));
    }
    findings.push(permission(each, denied, isNeeded, table));
  }
  return findings;
}

/** Undefined if the action is allowed. */
async function refusal(api: AwsApi, action: string, table: string): Promise<AwsError | undefined> {
  try {
    await api.call(action, probe(action, table));
    return undefined;
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return error.code === 'ConditionalCheckFailedException' ? undefined : error;
  }
}

function permission(
  role: Role,
  denied: readonly AwsError[],
  isNeeded: boolean,
  table: string,
): Finding {
  const check = `IAM, ${role}`;
  const actions = ACTIONS[role].join(', ');
  if (denied.length === 0)
    return ok(check, `${actions} are allowed`.replace(/^(\w+) are/, '$1 is'));
  const names = denied.map(({ action }) => `dynamodb:${action}`).join(', ');
  if (!isNeeded) return note(check, `${names} is not allowed, which a service does not need`);
  const explicit = denied.some(({ message }) => /explicit deny/.test(message))
    ? '. A policy denies it explicitly, which wins'
    : '';
  const remedy = `Allow ${names} on the table "${table}"${explicit}`;
  return problem(check, `${names} is denied`, remedy, PAGES.iam);
}

const unexpected = ({ action, message }: AwsError): Finding =>
  problem(
    `IAM, ${action}`,
    message,
    'Fix what the message names, and run doctor again',
    PAGES.troubleshooting,
  );
