import type { Failure } from './exchange.js';
import { type Answer, errorType } from './response.js';

/**
 * How long to wait at most before another try, in milliseconds; infinite when it could not end better, or is not safe.
 *
 * @param always the request may be sent again, whatever became of it.
 */
export function longestPause(outcome: Answer | Failure, always: boolean, attempts: number): number {
  const pauseMs = 25 * 2 ** (attempts - 1);
  if ('error' in outcome) {
    // The system's errors (ECONNRESET, ENOTFOUND, …) may pass; those of TLS, of HTTP and of Node (ERR_…) stay.
    const mayPass = outcome.late || /^E(?!RR_)/.test(outcome.error.code ?? '');
    if (!mayPass || (outcome.sent && !always)) return Infinity;
    // A pooled socket that died says nothing about the service, so there is nothing to wait for.
    return outcome.reused && !outcome.late ? 0 : pauseMs;
  }
  const { status } = outcome;
  if (status < 400) return Infinity;
  const type = errorType(outcome) ?? '';
  // Turned away at the door: it may be sent again, whatever it is.
  const throttled =
    status === 429 || /Throughput|Throttl|RequestLimit|TooManyRequests|SlowDown/.test(type);
  const fault = status >= 500 || type === 'RequestTimeout';
  return throttled || (fault && always) ? pauseMs : Infinity;
}

/**
 * How far the service's clock is ahead of `nowMs`, when it refused the signature for its time; undefined when it did not.
 * Also after a thaw, when the signature is minutes old and the clocks agree: then zero.
 */
export function clockSkew(answer: Answer, nowMs: number): number | undefined {
  const type = errorType(answer);
  if (!type || !/^((Invalid)?Signature|Request(TimeTooSkewed|Expired|InTheFuture))/.test(type))
    return undefined;
  const ahead = Date.parse(answer.headers.date ?? '') - nowMs;
  // Signatures are valid for five minutes either way: a smaller skew is not to blame.
  if (Math.abs(ahead) > 60_000) return ahead;
  return /^Request|expired|not yet current/.test(type + answer.body) ? 0 : undefined;
}

/** The service refused the request because the session of its credentials is over: it was not applied. */
export const isExpired = (answer: Answer): boolean =>
  /^(ExpiredToken|TokenRefreshRequired)/.test(errorType(answer) ?? '');
