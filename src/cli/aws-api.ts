import type { Place } from './options.js';
import { dynamodbOptions } from './target/dynamodb.js';

/** The answer of AWS to a call that it refused. */
export class AwsError extends Error {
  readonly code: string;
  readonly action: string;

  constructor(action: string, code: string, message: string) {
    super(`${action}: ${code}: ${message}`);
    this.action = action;
    this.code = code;
  }

  get isDenied(): boolean {
    return /AccessDenied|NotAuthorized|Forbidden/.test(this.code);
  }
}

export interface AwsApi {
  readonly region: string;
  readonly endpoint: URL;
  /** @throws AwsError for a refusal, CacheError if AWS cannot be reached. */
  call(action: string, input: object): Promise<AwsAnswer>;
  close(): void;
}
export interface AwsAnswer {
  readonly body: Readonly<Record<string, unknown>>;
  /** The clock of the service, epoch milliseconds, if it says. */
  readonly date: number | undefined;
}

/** DynamoDB's own calls, those of the control plane included. */
export async function dynamodbApi(place: Place): Promise<AwsApi> {
  const { createTransport, errorMessage, errorType, keepCredentials, parsed, resolveEndpoint } =
    await import('./library.js');
  const { region: asked, endpoint: given, credentials, timeouts } = dynamodbOptions(place);
  const where = resolveEndpoint('dynamodb', { region: asked, endpoint: given });
  const transport = createTransport({
    service: 'dynamodb',
    ...where,
    credentials: keepCredentials(credentials),
    timeouts,
  });
  return {
    ...where,
    async call(action, input) {
      const headers = {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `DynamoDB_20120810.${action}`,
      };
      const body = JSON.stringify(input);
      // `unsent`, because creating a table twice is an error.
      const response = await transport.send({ headers, body, retry: 'unsent' });
      if (response.status !== 200) {
        const code = errorType(response) ?? `HTTP ${response.status}`;
        throw new AwsError(action, code, errorMessage(response) ?? 'no message');
      }
      const date = Date.parse(response.headers.date ?? '');
      return { body: Object(parsed(response)), date: Number.isNaN(date) ? undefined : date };
    },
    close: transport.close,
  };
}
