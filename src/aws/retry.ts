import type { Failure } from './exchange.js';
import { type Answer, clockSkew, errorType, isThrottled, isTransient } from './response.js';

/** How the next try is to be made. */
export interface NextTry {
  /** Wait before it, so that many clients do not come back together. */
  readonly pause: boolean;
  /** On a new socket: the pooled ones are under suspicion. */
  readonly fresh: boolean;
  /** How far the service's clock turned out to be ahead. */
  readonly aheadMs?: number;
}

const NETWORK_ERROR =
  /^(ECONN(RESET|REFUSED|ABORTED)|EPIPE|ETIMEDOUT|EAI_AGAIN|ENOTFOUND|E(HOST|NET)UNREACH)$/;

/** Whether what a try ended with may go away, and another try is safe; undefined when this is how it ends. */
export function nextTry(
  outcome: Answer | Failure,
  retry: 'always' | 'unsent',
  nowMs: number,
  signedAnew: boolean,
): NextTry | undefined {
  const always = retry === 'always';
  if ('error' in outcome) {
    const { budget, error, reused, sent } = outcome;
    const mayPass = budget !== undefined || NETWORK_ERROR.test(error.code ?? '');
    // A pooled socket that died says nothing about the service, so there is nothing to wait for.
    return mayPass && (always || !sent)
      ? { pause: !reused || budget !== undefined, fresh: true }
      : undefined;
  }
  if (outcome.status < 400) return undefined;
  const type = errorType(outcome);
  // Refused at the door, like a throttled request: safe to send again even when it must not be applied twice.
  const aheadMs = signedAnew ? undefined : clockSkew(outcome, type, nowMs);
  if (aheadMs !== undefined) return { pause: false, fresh: false, aheadMs };
  return isThrottled(outcome.status, type) || (always && isTransient(outcome.status, type))
    ? { pause: true, fresh: false }
    : undefined;
}
