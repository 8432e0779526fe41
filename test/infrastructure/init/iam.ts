/** A statement of a policy, as far as the templates use it. */
export interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
}

export interface Request {
  /** Such as `dynamodb:GetItem`. */
  readonly action: string;
  readonly resource: string;
}

/**
 * Decides as IAM does for one identity's policies: an explicit Deny wins, else one Allow is enough, else it is denied.
 * Action names are compared without regard to case, ARNs with it; `*` stands for any run of characters, `?` for one.
 */
export function isAllowed(statements: readonly Statement[], request: Request): boolean {
  const concerned = statements.filter((statement) => concerns(statement, request));
  if (concerned.some(({ Effect }) => Effect === 'Deny')) return false;
  return concerned.some(({ Effect }) => Effect === 'Allow');
}

function concerns({ Action, Resource }: Statement, { action, resource }: Request): boolean {
  return (
    list(Action).some((pattern) => matches(pattern.toLowerCase(), action.toLowerCase())) &&
    list(Resource).some((pattern) => matches(pattern, resource))
  );
}

const list = (one: string | readonly string[]): readonly string[] =>
  typeof one === 'string' ? [one] : one;

function matches(pattern: string, text: string): boolean {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replace(/\*/g, '.*').replace(/\?/g, '.')}$`, 's').test(text);
}

/** The statements of an unknown document. Throws if anything in it is not understood, such as a Condition. */
export function statementsOf(document: unknown): Statement[] {
  const { Version, Statement: statements } = Object(document);
  if (Version !== '2012-10-17' || !Array.isArray(statements))
    throw new Error(`no policy of 2012-10-17: ${JSON.stringify(document)}`);
  return statements.map((statement) => {
    const { Effect, Action, Resource, ...others } = Object(statement);
    if (Object.keys(others).length > 0)
      throw new Error(`not evaluated: ${Object.keys(others).join(', ')}`);
    if (Effect !== 'Allow' && Effect !== 'Deny') throw new Error(`no Effect: ${Effect}`);
    return { Effect, Action, Resource };
  });
}
