export interface AwsResponse {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: Buffer;
  /** How often the request was sent. */
  readonly attempts: number;
}

/** What one try brought. */
export type Answer = Omit<AwsResponse, 'attempts'>;

/** The name of the error that a service answered with, without its namespace; undefined when the body names none. */
export function errorType({ headers, body }: Answer): string | undefined {
  const named = headers['x-amzn-errortype'];
  const name =
    typeof named === 'string'
      ? named
      : find(body, /"__type"\s*:\s*"([^"]*)"|<Code>([^<]*)<\/Code>/);
  // com.amazonaws.dynamodb.v20120810#ResourceNotFoundException, or ThrottlingException:http://…
  return name?.replace(/^.*#|:.*$/g, '') || undefined;
}

/** What the service says about its error, for people to read. */
export function errorMessage({ body }: Answer): string | undefined {
  const text = find(
    body,
    /"[Mm]essage"\s*:\s*("[^"\\]*(?:\\.[^"\\]*)*")|<Message>([^<]*)<\/Message>/,
  );
  if (!text?.startsWith('"')) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/**
 * Patterns, not a parser: the caller parses the body anyway, and a failed condition may carry an item of 400 KB. Quotes
 * inside a JSON string are escaped, so text that a user stored cannot match.
 */
function find(body: Buffer, pattern: RegExp): string | undefined {
  const match = pattern.exec(body.toString());
  return match?.[1] ?? match?.[2];
}

/** The service turned the request away before it did anything: it may be sent again, whatever it is. */
export function isThrottled(status: number, type: string | undefined): boolean {
  return (
    status === 429 ||
    /^(ProvisionedThroughputExceeded|Throttl|RequestLimitExceeded|RequestThrottled|TooManyRequests|SlowDown)/.test(
      type ?? '',
    )
  );
}

/** A fault of the service, or of the way there, that another try may not meet. */
export function isTransient(status: number, type: string | undefined): boolean {
  return status >= 500 || type === 'RequestTimeout';
}

/** Signatures are valid for five minutes either way; below this the clocks are not to blame. */
const NOTABLE_SKEW_MS = 60_000;

/**
 * How far the service's clock is ahead of `nowMs`, when it refused the signature for its time; undefined when it did not.
 * Also after a thaw, when the signature is minutes old and the clocks agree: then zero.
 */
export function clockSkew(
  answer: Answer,
  type: string | undefined,
  nowMs: number,
): number | undefined {
  const byTime = /^(RequestTimeTooSkewed|RequestExpired|RequestInTheFuture)/.test(type ?? '');
  const bySignature = /^(InvalidSignature|SignatureDoesNotMatch)/.test(type ?? '');
  if (!byTime && !bySignature) return undefined;
  const ahead = Date.parse(String(answer.headers.date)) - nowMs;
  const notable = Math.abs(ahead) > NOTABLE_SKEW_MS;
  if (byTime || notable || /expired|not yet current/.test(errorMessage(answer) ?? '')) {
    return notable ? ahead : 0;
  }
  return undefined;
}
