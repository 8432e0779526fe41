import { tagsAmong } from '../../model/dependency.js';
import type { ResolvedPolicy } from '../../model/policy.js';
import type { Address, Snapshot } from '../../model/snapshot.js';
import type { MaybePromise } from '../../util/promises.js';
import type { ChainedLoad } from '../inflight/load-chain.js';
import type { LoadContext } from './load-context.js';

/** One key to load, the policy for its value, and the snapshot read before the load. */
export interface LoadRequest {
  readonly address: Address;
  readonly policy: ResolvedPolicy;
  readonly snapshot: Snapshot;
  /** The stale value for the load's context, or a promise of it: a copy that no caller has. */
  readonly staleValue?: unknown;
  /** The number of the call among the calls and loads of this process, in the order of their starts. */
  readonly called: number;
  /** The loads in whose function the call was made. */
  readonly callers: readonly ChainedLoad[];
}

/** Loads the values of the keys, in their order. */
export type LoadAll = (
  requests: readonly LoadRequest[],
  context: LoadContext<unknown>,
) => MaybePromise<readonly unknown[]>;

/** All known tags of a key: those of the call and those of its last value. */
export const knownTags = ({
  policy,
  snapshot,
}: Pick<LoadRequest, 'policy' | 'snapshot'>): readonly string[] =>
  snapshot.entry ? [...policy.tags, ...tagsAmong(snapshot.entry.versions)] : policy.tags;

/**
 * Names the key and all versions that an invalidation can change, those of tags in the stored entry included. So an
 * invalidation changes the identity of a key.
 */
export function identityOf({ address, snapshot }: LoadRequest): string {
  const { version, versions = [], carried = [] } = snapshot;
  const all = [version, ...[...versions, ...carried].map(([, each]) => each)];
  return `${all.map(String).join(' ')}:${address.storageKey}`;
}
