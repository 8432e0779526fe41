import { invalid } from './errors.js';
import { givenObject } from './given.js';
import {
  type Caller,
  DEFAULT_POLICY,
  type KeyPolicy,
  type Policy,
  type ResolvedPolicy,
  type WrapOptions,
} from './policy.js';
import { RULES } from './policy-rules.js';
import { type Duration, LONGEST_LIFE_MS } from './time.js';

/** Finds the policy of one call: see `resolvePolicy`. */
export type PolicyOf = (
  key: string | { readonly policy: KeyPolicy },
  call: Duration | WrapOptions | undefined,
) => ResolvedPolicy;

const MOST_TTLS = 1_000;

/** Remembers policies, because most calls pass only a ttl, and the same few again and again. */
export function rememberPolicies(defaults: ResolvedPolicy): PolicyOf {
  const byTTL = new Map<Duration | undefined, ResolvedPolicy>();
  let last: ResolvedPolicy = defaults;
  let lastTTL: Duration | undefined;
  const find: PolicyOf = (anyKey, call) => {
    const key = typeof anyKey === 'string' ? undefined : anyKey?.policy;
    if (key || typeof call === 'object') return resolvePolicy(defaults, key, call);
    let policy = byTTL.get(call);
    if (!policy) {
      policy = resolvePolicy(defaults, key, call);
      if (byTTL.size >= MOST_TTLS) byTTL.clear();
      byTTL.set(call, policy);
    }
    lastTTL = call;
    last = policy;
    return policy;
  };
  // Before the first ttl, the last policy is the default, which is also right for a call without a ttl.
  return (key, call) => (call === lastTTL && typeof key === 'string' ? last : find(key, call));
}

/**
 * The policy of one call: the call's options win over the key's, and the key's over the configuration's.
 *
 * @throws CacheError `INVALID_DURATION` or `INVALID_OPTION`, naming the option.
 */
export function resolvePolicy(
  defaults: ResolvedPolicy,
  key: KeyPolicy | undefined,
  call: Duration | WrapOptions | undefined,
): ResolvedPolicy {
  if (!key && call === undefined) return defaults;
  const options = optionsOf(call);
  if (!key) return layer(defaults, options);
  // A key's staleTTL at or above the call's ttl is not the call's mistake.
  const ownStaleTTL = options.staleTTL ?? (options.ttl === undefined ? key.staleTTL : undefined);
  return checked(over(over(defaults, key), options), ownStaleTTL);
}

/**
 * Checks a policy before the key is known, whose own policy may complete it.
 *
 * @throws CacheError `INVALID_DURATION` or `INVALID_OPTION`, naming the option.
 */
export function checkPolicy(call: Policy | undefined): void {
  const options = optionsOf(call);
  const policy = over(DEFAULT_POLICY, options);
  if (options.ttl !== undefined) checked(policy, options.staleTTL);
}

/** @throws CacheError `INVALID_OPTION` for null and for a promise, which would pass for an object without options. */
const optionsOf = (call: Policy | undefined): WrapOptions =>
  typeof call === 'object' ? givenObject(call, 'policy') : { ttl: call };

// RULES has exactly the options of a resolved policy.
const OPTIONS = /* @__PURE__ */ Object.keys(RULES) as (keyof ResolvedPolicy)[];

/** Applies options on top of a policy. An undefined option keeps the value below. */
export const layer = (below: ResolvedPolicy, options: WrapOptions): ResolvedPolicy =>
  checked(over(below, options), options.staleTTL);

/** The same without checking that the options fit together, because another layer may follow. */
function over(below: ResolvedPolicy, options: WrapOptions): ResolvedPolicy {
  const changed: { -readonly [O in keyof ResolvedPolicy]: unknown } = { ...below };
  // `caller` is an option of the package's own callers.
  const given: WrapOptions & { readonly caller?: Caller } = options;
  for (const option of OPTIONS) {
    const value = given[option];
    // Each rule takes its own option's type, and checks it.
    if (value !== undefined) changed[option] = RULES[option](value as never, below);
  }
  // Every option holds the result of its rule, or the value below.
  return changed as ResolvedPolicy;
}

/**
 * Checks that the options fit together. `ownStaleTTL` is the staleTTL given in the same layer as the ttl, or above it.
 */
function checked(policy: ResolvedPolicy, ownStaleTTL: Duration | undefined): ResolvedPolicy {
  const { ttl, staleTTL = 0, staleIfError } = policy;
  if (ttl + staleIfError > LONGEST_LIFE_MS) {
    const give = 'at most 366 days together with ttl';
    throw invalid('staleIfError', `${staleIfError} ms`, give, 'INVALID_DURATION');
  }
  if (staleTTL < ttl) return policy;
  // An inherited staleTTL does not apply to a call with a shorter life. Beside its own ttl it is a mistake.
  if (ownStaleTTL !== undefined) throw invalid('staleTTL', ownStaleTTL, 'less than ttl');
  return { ...policy, staleTTL: undefined };
}
