import { describe, expect, it } from 'vitest';
import type { Failure } from '../../src/aws/exchange.js';
import { clockSkew, longestPause } from '../../src/aws/retry.js';

const failure = (code: string, changes: Partial<Failure> = {}): Failure => ({
  error: Object.assign(new Error(code), { code }),
  ...{ late: false, sent: false, reused: false, ...changes },
});
const never = Number.POSITIVE_INFINITY;

describe('the pause before another try', () => {
  it.each<[string, Failure, number]>([
    ['a refused connection', failure('ECONNREFUSED'), 25],
    ['a new connection that broke', failure('ECONNRESET', { sent: true }), 25],
    ['a kept connection that broke', failure('ECONNRESET', { sent: true, reused: true }), 0],
    ['a time limit', failure('', { late: true, sent: true }), 25],
    ['a time limit on a kept connection', failure('', { late: true, reused: true }), 25],
    ['an error of TLS', failure('ERR_TLS_CERT_ALTNAME_INVALID'), never],
    ['an error without a code', failure(''), never],
  ])('after %s', (_, outcome, pauseMs) => {
    expect(longestPause(outcome, true, 1)).toBe(pauseMs);
    // Doubled with each try, and never for what may have been applied and must not be twice.
    expect(longestPause(outcome, true, 3)).toBe(4 * pauseMs);
    expect(longestPause(outcome, false, 1)).toBe(outcome.sent ? never : pauseMs);
  });

  it.each([200, 204, 304, 399, 400, 404])('is none after an answer of %i', (status) => {
    expect(longestPause({ status, headers: {}, body: Buffer.from('{}') }, true, 1)).toBe(never);
  });
});

describe('the lead of a service', () => {
  const skew = (aheadMs: number, type: string, message: string, status = 403) => {
    const date = new Date(aheadMs).toUTCString();
    const body = JSON.stringify({ __type: type, message });
    return clockSkew({ status, headers: { date }, body: Buffer.from(body) }, 0);
  };

  it('is that of its date if it is more than a minute', () => {
    for (const aheadMs of [61_000, -61_000, 3_600_000])
      expect(skew(aheadMs, 'InvalidSignatureException', 'no')).toBe(aheadMs);
    for (const aheadMs of [60_000, -60_000, 0]) {
      expect(skew(aheadMs, 'InvalidSignatureException', 'no')).toBeUndefined();
      expect(skew(aheadMs, 'InvalidSignatureException', 'expired')).toBe(0);
    }
  });

  it('is none for any other error, or for none', () => {
    expect(skew(3_600_000, 'ResourceNotFoundException', 'Signature expired')).toBeUndefined();
    expect(skew(3_600_000, 'InvalidSignatureException', 'no', 200)).toBeUndefined();
  });
});
