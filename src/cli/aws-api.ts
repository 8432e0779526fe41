import type { AwsResponse } from '../aws/transport.js';
import type { Place } from './options.js';
import { credentialsFor } from './target/credentials.js';
import { dynamodbOptions } from './target/dynamodb.js';

/** An answer of AWS that refuses a call. */
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
  /** The clock of the service, epoch milliseconds; NaN if it does not say. */
  readonly date: number;
}

/** DynamoDB's own calls, those of the control plane included. */
export async function dynamodbApi(place: Place): Promise<AwsApi> {
  const { resolveEndpoint } = await import('./library.js');
  const { region, endpoint } = dynamodbOptions(place);
  const where = resolveEndpoint('dynamodb', { region, endpoint });
  return jsonApi(place, { service: 'dynamodb', target: 'DynamoDB_20120810', ...where });
}

/** CloudWatch, or undefined where DynamoDB is not that of AWS and no endpoint is set for CloudWatch. */
export async function cloudWatchApi(place: Place, database: AwsApi): Promise<AwsApi | undefined> {
  const endpoint = siblingEndpoint('monitoring', process.env.AWS_ENDPOINT_URL_CLOUDWATCH, database);
  if (!endpoint) return undefined;
  const { region } = database;
  return jsonApi(place, {
    ...{ service: 'monitoring', target: 'GraniteServiceVersion20100801', region, endpoint },
  });
}

/** DAX's control plane, or undefined where DynamoDB is not that of AWS and no endpoint is set for DAX. */
export async function daxApi(place: Place, database: AwsApi): Promise<AwsApi | undefined> {
  const endpoint = siblingEndpoint('dax', process.env.AWS_ENDPOINT_URL_DAX, database);
  if (!endpoint) return undefined;
  const { region } = database;
  return jsonApi(place, {
    ...{ service: 'dax', target: 'AmazonDAXV3', json: '1.1', region, endpoint },
  });
}

/** The configuration of a Lambda function. @throws AwsError. */
export async function functionConfiguration(
  place: Place,
  region: string,
  name: string,
): Promise<AwsAnswer['body']> {
  const given = process.env.AWS_ENDPOINT_URL_LAMBDA;
  const endpoint = new URL(given || `https://lambda.${region}.${domainOf(region)}`);
  const { send, close } = await transportOf(place, { service: 'lambda', region, endpoint });
  const path = `/2015-03-31/functions/${encodeURIComponent(name)}/configuration`;
  try {
    return (await send('GetFunctionConfiguration', { method: 'GET', path, headers: {}, body: '' }))
      .body;
  } finally {
    close();
  }
}

const domainOf = (region: string): string =>
  region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';

function siblingEndpoint(
  service: string,
  given: string | undefined,
  { region, endpoint }: AwsApi,
): URL | undefined {
  if (given) return new URL(given);
  const isAws = endpoint.hostname.endsWith(`.${region}.${domainOf(region)}`);
  return isAws ? new URL(`https://${service}.${region}.${domainOf(region)}`) : undefined;
}

interface Service {
  readonly service: string;
  readonly region: string;
  readonly endpoint: URL;
}

async function jsonApi(
  place: Place,
  { target, json = '1.0', ...where }: Service & { target: string; json?: string },
): Promise<AwsApi> {
  const { send, close } = await transportOf(place, where);
  return {
    ...where,
    close,
    call: (action, input) =>
      send(action, {
        headers: {
          'content-type': `application/x-amz-json-${json}`,
          'x-amz-target': `${target}.${action}`,
        },
        body: JSON.stringify(input),
      }),
  };
}

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

async function transportOf(place: Place, where: Service) {
  const library = await import('./library.js');
  const { createTransport, errorMessage, errorType, keepCredentials, parsed } = library;
  const { timeouts } = dynamodbOptions(place);
  const credentials = keepCredentials(credentialsFor({ endpoint: where.endpoint.origin }));
  const transport = createTransport({ ...where, credentials, timeouts });
  return {
    close: transport.close,
    async send(action: string, request: Sent): Promise<AwsAnswer> {
      // `unsent`, because creating a table twice is an error.
      const response: AwsResponse = await transport.send({ ...request, retry: 'unsent' });
      if (response.status !== 200) {
        const code = errorType(response) ?? `HTTP ${response.status}`;
        throw new AwsError(action, code, errorMessage(response) ?? 'no message');
      }
      return {
        body: Object(parsed(response)),
        date: Date.parse(response.headers.date ?? ''),
      };
    },
  };
}
