/** The result of a handler for an HTTP API or a function URL. */
export interface LambdaResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The event of an HTTP API (payload format 2.0) with the route `ANY /{proxy+}`, as AWS documents it. */
export function httpApiEvent(method: string, path: string, body?: string) {
  const id = 'r3pmxmplak';
  return event(`${id}.execute-api.us-east-2.amazonaws.com`, method, path, body, {
    ...{ apiId: id, domainPrefix: id, routeKey: 'ANY /{proxy+}' },
    pathParameters: { proxy: path.slice(1) },
  });
}

/** The event of a function URL: the same format, without a route. */
export function urlEvent(method: string, path: string, body?: string) {
  const id = 'x3rttzmpzcukpd4sxmplx2kg5i0mzlge';
  return event(`${id}.lambda-url.us-east-2.on.aws`, method, path, body, {
    ...{ apiId: id, domainPrefix: id, routeKey: '$default' },
  });
}

/** The event of a REST API (payload format 1.0) with the resource `/{proxy+}`. */
export function restApiEvent(method: string, path: string, body?: string) {
  const headers = { Host: '70ixmpl4fl.execute-api.us-east-2.amazonaws.com', Accept: '*/*' };
  return {
    ...{ resource: '/{proxy+}', path, httpMethod: method, headers },
    multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([k, v]) => [k, [v]])),
    ...{ queryStringParameters: null, multiValueQueryStringParameters: null },
    ...{ pathParameters: { proxy: path.slice(1) }, stageVariables: null },
    requestContext: {
      ...{ resourcePath: '/{proxy+}', httpMethod: method, path: `/Prod${path}`, stage: 'Prod' },
      ...{ apiId: '70ixmpl4fl', domainName: headers.Host, accountId: '123456789012' },
      identity: { sourceIp: '203.0.113.1', userAgent: 'curl/8.7.1' },
    },
    body: body ?? null,
    isBase64Encoded: false,
  };
}

interface Route {
  readonly apiId: string;
  readonly domainPrefix: string;
  readonly routeKey: string;
  readonly pathParameters?: Readonly<Record<string, string>>;
}

function event(host: string, method: string, path: string, body: string | undefined, route: Route) {
  const { apiId, domainPrefix, routeKey, pathParameters } = route;
  const [rawPath = '/', rawQueryString = ''] = path.split('?');
  const time = new Date(0);
  return {
    version: '2.0',
    ...{ routeKey, rawPath, rawQueryString, pathParameters },
    headers: {
      ...{ host, accept: '*/*', 'user-agent': 'curl/8.7.1', 'x-forwarded-proto': 'https' },
      ...(body !== undefined && {
        'content-type': 'text/plain',
        'content-length': String(Buffer.byteLength(body)),
      }),
    },
    requestContext: {
      ...{ apiId, domainPrefix, routeKey, accountId: '123456789012', stage: '$default' },
      domainName: host,
      http: {
        ...{ method, path: rawPath, protocol: 'HTTP/1.1' },
        ...{ sourceIp: '203.0.113.1', userAgent: 'curl/8.7.1' },
      },
      ...{ requestId: 'JKJaXmPLvHcESHA=', time: time.toUTCString(), timeEpoch: time.getTime() },
    },
    ...(body !== undefined && { body }),
    isBase64Encoded: false,
  };
}
