import { describe, expect, it } from 'vitest';
import { errorType } from '../../src/aws/transport.js';
import { ask, change, errorBody, type Received, serveHttp, transportTo } from './servers.js';

const MINUTE = 60_000;

const signedAt = ({ headers }: Received) =>
  Date.parse(
    (headers['x-amz-date'] ?? '').replace(
      /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/,
      '$1-$2-$3T$4:$5:$6Z',
    ),
  );

/** A service whose clock says `now`, and that takes signatures of five minutes either way, as AWS does. */
const serviceAt = (now: () => number, refusal: { status: number; body: string }) =>
  serveHttp((request) => {
    const headers = { date: new Date(now()).toUTCString() };
    return Math.abs(signedAt(request) - now()) > 5 * MINUTE ? { ...refusal, headers } : { headers };
  });

const refusals = [
  [
    'DynamoDB',
    { status: 400, body: errorBody('InvalidSignatureException', 'Signature expired: …') },
  ],
  [
    'DynamoDB, early',
    { status: 400, body: errorBody('InvalidSignatureException', 'Signature not yet current: …') },
  ],
  ['a terse service', { status: 403, body: errorBody('InvalidSignatureException', '') }],
  ['S3', { status: 403, body: '<Error><Code>RequestTimeTooSkewed</Code></Error>' }],
  ['RequestExpired', { status: 400, body: errorBody('RequestExpired') }],
] as const;

describe('a clock that is wrong', () => {
  it.each(refusals)('is learned from the refusal of %s, and remembered', async (_, refusal) => {
    for (const offset of [-60 * MINUTE, 60 * MINUTE]) {
      const { url, requests } = await serviceAt(() => Date.now() + offset, refusal);
      const transport = transportTo(url);
      // Refused at the door, so even what must not be applied twice is sent again.
      expect(await transport.send(change)).toMatchObject({ status: 200, attempts: 2 });
      expect(await transport.send(ask)).toMatchObject({ status: 200, attempts: 1 });
      expect(requests).toHaveLength(3);
    }
  });

  it('may be set right later', async () => {
    let offset = 60 * MINUTE;
    const { url } = await serviceAt(() => Date.now() + offset, refusals[0][1]);
    const transport = transportTo(url);
    expect(await transport.send(ask)).toMatchObject({ status: 200, attempts: 2 });
    offset = 0;
    expect(await transport.send(ask)).toMatchObject({ status: 200, attempts: 2 });
    expect(await transport.send(ask)).toMatchObject({ status: 200, attempts: 1 });
  });
});

describe('a signature that grew old in a frozen sandbox', () => {
  const old = [
    errorBody('InvalidSignatureException', 'Signature expired: …'),
    errorBody('RequestExpired', ''),
  ];

  it.each(old)('is made anew, though the clocks agree: %s', async (body) => {
    for (const sendDate of [true, false]) {
      const { url, requests } = await serveHttp(({ number }) => (response) => {
        response.sendDate = sendDate;
        response.statusCode = number === 1 ? 400 : 200;
        response.end(number === 1 ? body : '{}');
      });
      expect(await transportTo(url).send(change)).toMatchObject({ status: 200, attempts: 2 });
      expect(requests).toHaveLength(2);
    }
  });
});

describe('a signature that is wrong for another reason', () => {
  it('is refused once, and that is the answer', async () => {
    const { url, requests } = await serveHttp(() => ({
      status: 400,
      body: errorBody(
        'InvalidSignatureException',
        'The request signature we calculated does not match',
      ),
    }));
    const response = await transportTo(url).send(ask);
    expect(response).toMatchObject({ status: 400, attempts: 1 });
    expect(errorType(response)).toBe('InvalidSignatureException');
    expect(requests).toHaveLength(1);
  });

  it('is made anew once at most', async () => {
    const { url, requests } = await serveHttp(() => ({
      status: 403,
      headers: { date: new Date(Date.now() + 60 * MINUTE).toUTCString() },
      body: errorBody('SignatureDoesNotMatch', 'Signature expired'),
    }));
    expect(await transportTo(url).send(ask)).toMatchObject({ status: 403, attempts: 2 });
    expect(requests).toHaveLength(2);
  });
});
