import { tagsAmong } from '../../model/dependency.js';
import type { ResolvedPolicy } from '../../model/policy.js';
import type { Address, Snapshot } from '../../model/snapshot.js';
import type { LoadContext } from './load-context.js';

/** One key that a call needs loaded, how to cache its value, and what the read before the load saw. */
export interface LoadRequest {
  readonly address: Address;
  readonly policy: ResolvedPolicy;
  readonly snapshot: Snapshot;
  /** The stale value for the load to look at, or a promise of it: a copy that no caller has. */
  readonly staleValue?: unknown;
  /** The order of the call among the calls and loads of this process. */
  readonly called: number;
}

/** Gives the values of the keys, in their order. */
export type LoadAll = (
  requests: readonly LoadRequest[],
  context: LoadContext<unknown>,
) => Promise<readonly unknown[]>;

/** Every tag that is known of a key: those that the call names, and those that its last value carried. */
export const knownTags = ({
  policy,
  snapshot,
}: Pick<LoadRequest, 'policy' | 'snapshot'>): string[] => [
  ...policy.tags,
  ...tagsAmong(snapshot.entry?.versions ?? []),
];

/**
 * Names the key and every version that an invalidation can change, those of tags that only the stored entry names
 * included: after an invalidation the same key has another identity.
 */
export function identityOf({ address, snapshot }: LoadRequest): string {
  const { version, versions = [], carried = [] } = snapshot;
  const all = [version, ...[...versions, ...carried].map(([, each]) => each)];
  return `${all.map(String).join(' ')}:${address.storageKey}`;
}
