import type { Failure } from './exchange.js';
import { type Answer, errorType } from './response.js';

/**
 * The longest pause before another try, milliseconds. Infinite if another try cannot succeed or is not safe.
 *
 * @param always true if the request may be sent again after any outcome.
 */
export function longestPause(outcome: Answer | Failure, always: boolean, attempts: number): number {
  const pauseMs = 25 * 2 ** (attempts - 1);
  if ('error' in outcome) {
    // System errors (ECONNRESET, ENOTFOUND, …) may pass. Errors of TLS, HTTP and Node (ERR_…) do not.
    const mayPass = outcome.late || /^E(?!RR_)/.test(outcome.error.code ?? '');
    if (!mayPass || (outcome.sent && !always)) return Infinity;
    // A dead pooled socket does not mean that the service fails, so no pause is needed.
    return outcome.reused && !outcome.late ? 0 : pauseMs;
  }
  const { status } = outcome;
  const type = errorType(outcome) ?? '';
  // Throttled before it was applied, so any request may be sent again.
  const throttled =
    status === 429 ||
    /Throughput|Throttl|RequestLimit|TooMany(Requests|Invalidations)|SlowDown/.test(type);
  const fault = status >= 500 || type === 'RequestTimeout';
  return throttled || (fault && always) ? pauseMs : Infinity;
}

/**
 * The service's lead over `nowMs`, milliseconds, if it refused the signature for its time; otherwise undefined. Zero
 * after a freeze, if the signature is minutes old although the clocks agree.
 */
export function clockSkew(answer: Answer, nowMs: number): number | undefined {
  const type = errorType(answer) ?? '';
  if (!/^((Invalid)?Signature|Request(TimeTooSkewed|Expired|InTheFuture))/.test(type))
    return undefined;
  const ahead = Date.parse(answer.headers.date ?? '') - nowMs;
  // A smaller skew is not the cause, because signatures are valid for five minutes either way.
  if (Math.abs(ahead) > 60_000) return ahead;
  return /^Request|expired|not yet current/.test(type + answer.body) ? 0 : undefined;
}

/** True if the service refused the request because its credentials have expired. It was not applied. */
export const isExpired = (answer: Answer): boolean =>
  /^(ExpiredToken|TokenRefreshRequired)/.test(errorType(answer) ?? '');
