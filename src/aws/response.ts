export interface AwsResponse {
  readonly status: number;
  /** By lower-case names; of one that comes several times all values, with commas between. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
  /** How often the request was sent. */
  readonly attempts: number;
}

/** What one try brought. */
export type Answer = Omit<AwsResponse, 'attempts'>;

/**
 * The name of the error that a service answered with, without its namespace; undefined when it names none.
 *
 * A pattern, not a parser: the caller parses the body anyway, and a failed condition may carry an item of 400 KB. Quotes
 * inside a JSON string are escaped, so text that a user stored cannot match.
 */
export function errorType({ status, headers, body }: Answer): string | undefined {
  if (status < 400) return undefined;
  const text = String(headers['x-amzn-errortype'] ?? body);
  // "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException" in the body, ThrottlingException:http://… in the header
  return /(?:^|"__type"\s*:\s*"|<Code>)(?:[^"<:]*#)?(\w+)(?=["<:]|$)/.exec(text)?.[1];
}

/** What the service says about its error in JSON, for people to read. */
export function errorMessage(answer: Answer): string | undefined {
  const { message, Message } = Object(parsed(answer));
  return message ?? Message;
}

/** The body's JSON; undefined when it is none. */
export function parsed({ body }: Answer) {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}
