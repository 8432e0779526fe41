import { invalid } from './errors.js';
import { checkedBoolean, checkFunction, givenObject } from './given.js';
import {
  type Caller,
  DEFAULT_LEASE,
  type LeasePolicy,
  type ResolvedPolicy,
  type WaitUntil,
  type WrapOptions,
} from './policy.js';
import { type Duration, milliseconds } from './time.js';

/** The check and conversion of each option. */
export const RULES: {
  readonly [O in keyof ResolvedPolicy]: (value: never, below: ResolvedPolicy) => ResolvedPolicy[O];
} = {
  ttl: (ttl: Duration) => milliseconds(ttl, 'ttl'),
  staleTTL: (ttl: Duration) => milliseconds(ttl, 'staleTTL'),
  staleIfError: (window: Duration) => milliseconds(window, 'staleIfError', 'zero'),
  jitter: (share: number) => atMost(share, 1, 'jitter'),
  earlyRefresh: (beta: number) => atMost(beta, Number.MAX_VALUE, 'earlyRefresh'),
  lease: leasePolicy,
  softTimeout: (limit: Duration) => milliseconds(limit, 'softTimeout'),
  hardTimeout: (limit: Duration) => milliseconds(limit, 'hardTimeout'),
  tags: (tags: readonly string[], below) => [...new Set([...below.tags, ...checkedTags(tags)])],
  forceFresh: (force: boolean) => checkedBoolean(force, 'forceFresh'),
  signal: abortSignal,
  waitUntil(waitUntil: WaitUntil) {
    checkFunction(waitUntil, 'waitUntil');
    return waitUntil;
  },
  caller: (caller: Caller) => caller,
};

function leasePolicy(lease: NonNullable<WrapOptions['lease']>): LeasePolicy | undefined {
  if (!lease) return undefined;
  const { ttl, wait } = givenObject(lease === true ? {} : lease, 'lease');
  return {
    ttl: ttl === undefined ? DEFAULT_LEASE.ttl : milliseconds(ttl, 'lease.ttl'),
    wait: wait === undefined ? DEFAULT_LEASE.wait : milliseconds(wait, 'lease.wait', 'zero'),
    misses: true,
  };
}

/** Accepts any object that works as one, such as a polyfill or a signal of another realm. */
function abortSignal(signal: AbortSignal): AbortSignal {
  const { aborted, addEventListener, removeEventListener }: Partial<AbortSignal> = Object(signal);
  if (typeof aborted === 'boolean' && addEventListener && removeEventListener) return signal;
  throw invalid('signal', signal, 'an AbortSignal');
}

function atMost(value: number, most: number, option: string): number {
  if (value >= 0 && value <= most) return value;
  throw invalid(option, value, most === 1 ? '0 to 1' : "XFetch's beta, 0 or more");
}

/** @throws CacheError `INVALID_OPTION` for a tag that is not text. */
export function checkedTags(tags: readonly string[]): readonly string[] {
  if (Array.isArray(tags) && tags.every((tag) => typeof tag === 'string')) return tags;
  throw invalid('tags', tags, 'an array of strings');
}
