export interface AwsResponse {
  readonly status: number;
  /** By lower-case name. The values of a repeated header are joined with commas. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
  /** How often the request was sent. */
  readonly attempts: number;
}

/** The answer to one try. */
export type Answer = Omit<AwsResponse, 'attempts'>;

/**
 * The name of the error in an answer, without its namespace. Undefined if the answer names none.
 *
 * A pattern, not a parser: the caller parses the body anyway, and a failed condition may carry an item of 400 KB.
 * Quotes inside a JSON string are escaped, so text that a user stored cannot match.
 */
export function errorType({ status, headers, body }: Answer): string | undefined {
  if (status < 400) return undefined;
  const text = String(headers['x-amzn-errortype'] ?? body);
  // "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException" in the body, ThrottlingException:http://… in the
  // header
  return /(?:^|"__type"\s*:\s*"|<Code>)(?:[^"<:]*#)?(\w+)(?=["<:]|$)/.exec(text)?.[1];
}

/** The service's error message, from the JSON body. */
export function errorMessage(answer: Answer): string | undefined {
  const { message, Message } = Object(parsed(answer));
  return message ?? Message;
}

/** The parsed body, or undefined if it is not JSON. */
export function parsed({ body }: Answer) {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}
