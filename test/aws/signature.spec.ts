import aws4 from 'aws4';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonical } from '../../src/aws/canonical.js';
import { type Credentials, type SignableRequest, sign, timeOf } from '../../src/aws/signature.js';

/** Signs any request, as a store does whose requests are not as plain as DynamoDB's. */
const signAny = (request: SignableRequest, credentials: Credentials, at: number) =>
  sign(canonical(request), credentials, at);

/** The examples that AWS publishes as its Signature Version 4 test suite (aws-sig-v4-test-suite). */
const SUITE = {
  credentials: {
    accessKeyId: 'AKIDEXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  },
  at: Date.UTC(2015, 7, 30, 12, 36, 0),
  request: {
    method: 'GET',
    host: 'example.amazonaws.com',
    path: '/',
    query: '',
    headers: {},
    body: '',
    region: 'us-east-1',
    service: 'service',
  } satisfies SignableRequest,
};
const UNRESERVED = '-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

const suite: [
  name: string,
  request: Partial<SignableRequest>,
  signed: string,
  signature: string,
][] = [
  [
    'get-vanilla',
    {},
    'host;x-amz-date',
    '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
  ],
  [
    'post-vanilla',
    { method: 'POST' },
    'host;x-amz-date',
    '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
  ],
  [
    'get-vanilla-query-order-key',
    { query: 'Param1=value2&Param1=Value1' },
    'host;x-amz-date',
    'eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1',
  ],
  [
    'get-vanilla-query-order-key-case',
    { query: 'Param2=value2&Param1=value1' },
    'host;x-amz-date',
    'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
  ],
  [
    'get-vanilla-query-order-encoded',
    { query: 'Param-3=Value3&Param=Value2&%E1%88%B4=Value1' },
    'host;x-amz-date',
    '371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac',
  ],
  [
    'get-vanilla-query-unreserved',
    { query: `${UNRESERVED}=${UNRESERVED}` },
    'host;x-amz-date',
    '9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197',
  ],
  [
    'get-unreserved',
    { path: `/${UNRESERVED}` },
    'host;x-amz-date',
    '07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f',
  ],
  [
    'get-header-value-trim',
    { headers: { 'my-header1': ' value1', 'my-header2': ' "a   b   c"' } },
    'host;my-header1;my-header2;x-amz-date',
    'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
  ],
  [
    'post-header-key-sort',
    { method: 'POST', headers: { 'my-header1': 'value1' } },
    'host;my-header1;x-amz-date',
    'c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c',
  ],
  [
    'post-x-www-form-urlencoded',
    { method: 'POST', headers: FORM, body: 'Param1=value1' },
    'content-type;host;x-amz-date',
    'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
  ],
];

describe("the published vectors of AWS's Signature Version 4 test suite", () => {
  it.each(suite)('%s', (_, request, signedHeaders, signature) => {
    const headers = signAny({ ...SUITE.request, ...request }, SUITE.credentials, SUITE.at);
    expect(headers).toMatchObject({
      host: 'example.amazonaws.com',
      'x-amz-date': '20150830T123600Z',
      authorization: `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=${signedHeaders}, Signature=${signature}`,
    });
    expect(headers).not.toHaveProperty('x-amz-security-token');
    expect(headers).not.toHaveProperty('x-amz-content-sha256');
  });

  it('signs get-vanilla-with-session-token as the suite does', () => {
    const sessionToken = '6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267';
    const headers = signAny(SUITE.request, { ...SUITE.credentials, sessionToken }, SUITE.at);
    expect(headers['x-amz-security-token']).toBe(sessionToken);
    expect(headers.authorization).toMatch(
      /SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8$/,
    );
  });
});

describe('the worked examples of the S3 API reference, "Authenticating requests: using the Authorization header"', () => {
  const s3 = { ...SUITE.request, host: 'examplebucket.s3.amazonaws.com', service: 's3' };
  const s3Credentials = {
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  };
  const at = Date.UTC(2013, 4, 24);
  const examples: [string, Partial<SignableRequest>, string, string][] = [
    [
      'GET Object',
      { path: '/test.txt', headers: { range: 'bytes=0-9' } },
      'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    ],
    [
      'PUT Object',
      {
        method: 'PUT',
        path: '/test%24file.text',
        headers: {
          date: 'Fri, 24 May 2013 00:00:00 GMT',
          'x-amz-storage-class': 'REDUCED_REDUNDANCY',
        },
        body: 'Welcome to Amazon S3.',
      },
      '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
      '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
    ],
    [
      'GET Bucket Lifecycle',
      { query: 'lifecycle' },
      'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    ],
    [
      'GET Bucket (List Objects)',
      { query: 'max-keys=2&prefix=J' },
      '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    ],
  ];

  it.each(examples)('%s', (_, request, signature, payload) => {
    const headers = signAny({ ...s3, ...request }, s3Credentials, at);
    expect(headers.authorization).toContain(`Signature=${signature}`);
    expect(headers['x-amz-content-sha256']).toBe(payload);
  });
});

describe('aws4, an independent implementation', () => {
  const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
  const encode = (text: string) =>
    encodeURIComponent(text).replace(
      /[!'()*]/g,
      (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
    );
  const text = fc.string({ unit: 'binary', maxLength: 12 });
  const name = text.filter((value) => value !== '' && value !== '__proto__');
  const segment = text.filter((value) => !['', '.', '..'].includes(value) && !value.includes('/'));
  const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
  const headerValue = fc.stringMatching(/^[ -~]{0,20}$/);
  const request = fc.record({
    service: fc.constantFrom('dynamodb', 's3', 'execute-api'),
    // Few of them, so that kept signing keys meet requests that differ in one part only.
    region: fc.constantFrom('eu-central-1', 'us-east-1'),
    method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
    host: fc.constantFrom('dynamodb.eu-central-1.amazonaws.com', '127.0.0.1:8000', '[::1]:8000'),
    segments: fc.array(segment, { maxLength: 3 }),
    // Names are unique here: of several values, aws4 signs the first only for S3.
    query: fc.uniqueArray(fc.tuple(name, text), { maxLength: 4, selector: ([key]) => key }),
    extra: fc.dictionary(
      word.map((value) => `x-amz-meta-${value}`),
      headerValue,
      { maxKeys: 4 },
    ),
    body: fc.oneof(fc.string({ unit: 'binary' }), fc.uint8Array()),
    accessKeyId: fc.stringMatching(/^[A-Z0-9]{16,20}$/),
    secretAccessKey: fc.oneof(
      fc.constantFrom('first', 'second'),
      fc.stringMatching(/^[A-Za-z0-9/+]{20,40}$/),
    ),
    sessionToken: fc.option(fc.stringMatching(/^[A-Za-z0-9/+=]{1,40}$/), { nil: undefined }),
    at: fc.oneof(
      fc.constantFrom(new Date('2026-01-01'), new Date('2026-01-02')),
      fc.date({ min: new Date(0), max: new Date('2099-12-31'), noInvalidDate: true }),
    ),
  });

  it(`gives the same signature for any request (seed ${seed})`, () => {
    let signed = 0;
    fc.assert(
      fc.property(request, (given) => {
        const { service, region, method, host, body, at, ...rest } = given;
        const path = `/${rest.segments.map(encode).join('/')}`;
        const query = rest.query.map(([key, value]) => `${encode(key)}=${encode(value)}`).join('&');
        const headers = {
          ...rest.extra,
          'content-type': 'application/x-amz-json-1.0',
          'content-length': String(Buffer.byteLength(body)),
        };
        const time = at.toISOString().replace(/[-:]|\.\d{3}/g, '');
        const expected = aws4.sign(
          {
            service,
            region,
            method,
            path: query ? `${path}?${query}` : path,
            headers: { ...headers, Host: host, 'X-Amz-Date': time },
            body: body as string,
          },
          { ...rest, sessionToken: rest.sessionToken ?? '' },
        ).headers as Record<string, string>;

        const ours = signAny(
          { service, region, method, host, path, query, headers, body },
          rest,
          at.getTime(),
        );
        expect(ours.authorization).toBe(expected.Authorization);
        expect(ours['x-amz-date']).toBe(time);
        expect(ours['x-amz-security-token']).toBe(rest.sessionToken);
        expect(ours['x-amz-content-sha256']).toBe(expected['X-Amz-Content-Sha256']);
        signed++;
      }),
      { seed, numRuns: 400 },
    );
    expect(signed).toBe(400);
  });
});

describe('timeOf', () => {
  it('has the second of the time given, whatever time was asked for before', () => {
    const second = (text: string, ms = 0) => timeOf(Date.parse(text) + ms);
    expect(second('2026-01-02T03:04:05Z')).toBe('20260102T030405Z');
    expect(second('2026-01-02T03:04:05Z', 999)).toBe('20260102T030405Z');
    expect(second('2026-01-02T03:04:05Z', 1000)).toBe('20260102T030406Z');
    expect(second('2026-01-02T03:04:05Z', -1)).toBe('20260102T030404Z');
    expect(second('1969-12-31T23:59:59Z', 1)).toBe('19691231T235959Z');
  });
});

describe('the kept signing keys', () => {
  it('are derived from secrets of any length and any characters, around the block of the hash, too', () => {
    const { at, request } = SUITE;
    const lengths = [1, 40, 59, 60, 61, 63, 64, 65, 128, 200];
    for (const secretAccessKey of lengths.flatMap((n) => ['k'.repeat(n), 'é'.repeat(n)])) {
      const expected = aws4.sign(
        { ...request, headers: { Host: request.host, 'X-Amz-Date': timeOf(at) } },
        { accessKeyId: 'A', secretAccessKey },
      ).headers as Record<string, string>;
      const { authorization } = signAny(request, { accessKeyId: 'A', secretAccessKey }, at);
      expect(authorization).toBe(expected.Authorization);
    }
  });

  it('differ by secret, day, region and service, and survive more secrets than are kept', () => {
    const signatureOf = (
      change: Partial<SignableRequest>,
      secretAccessKey = 'one',
      at = SUITE.at,
    ) =>
      signAny({ ...SUITE.request, ...change }, { accessKeyId: 'A', secretAccessKey }, at)
        .authorization;
    const first = signatureOf({});
    const others = [
      signatureOf({ region: 'eu-central-1' }),
      signatureOf({ service: 'dynamodb' }),
      signatureOf({}, 'two'),
      signatureOf({}, 'one', SUITE.at + 86_400_000),
    ];
    expect(new Set([first, ...others]).size).toBe(5);
    for (let n = 0; n < 100; n++) signatureOf({}, `secret ${n}`);
    expect(signatureOf({})).toBe(first);
  });
});
