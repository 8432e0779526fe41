import type { AnyKey } from '../model/cache-key.js';
import type { ResolvedPolicy } from '../model/policy.js';
import type { ServiceParts } from './assemble.js';
import { copyOfHit, NOT_COPIED } from './copies.js';
import { type ChainedLoad, currentLoads } from './inflight/load-chain.js';
import { untilAborted } from './loading/caller-wait.js';
import type { LoadContext } from './loading/load-context.js';
import type { LoadAll } from './loading/load-request.js';
import type { Asked, Lookup } from './lookup.js';

/** One key of a batch. Keys may repeat. */
export interface Wanted<K> {
  readonly key: K;
  readonly policy: ResolvedPolicy;
}

/** Loads the missing keys, in their order. */
export type LoadKeys<K> = (
  missing: readonly K[],
  context: LoadContext<unknown>,
) => Promise<readonly unknown[]>;

/** Keys that are looked up together, and the load of those that are missing. */
export interface KeyBatch<K> {
  readonly wanted: readonly Wanted<K>[];
  readonly load: LoadKeys<K>;
  /** The loads in which the lookup is made. Default: those of the caller. */
  readonly callers?: readonly ChainedLoad[];
}

/** The values of all keys, in their order. */
export async function wrapMany<K extends AnyKey>(
  parts: ServiceParts,
  lookup: Lookup,
  batch: KeyBatch<K>,
): Promise<unknown[]> {
  const signal = batch.wanted[0]?.policy.signal;
  const serving = wrapEach(parts, lookup, batch).then((values) => Promise.all(values));
  return signal ? untilAborted(signal, serving) : serving;
}

/**
 * The values of all keys, or promises of those that are loaded: each fails and is waited for by itself. Resolves once the
 * keys are read. Looks up each key once. A repeated key gets a copy for each position.
 */
export async function wrapEach<K extends AnyKey>(
  parts: ServiceParts,
  lookup: Lookup,
  { wanted, load, callers = currentLoads() }: KeyBatch<K>,
): Promise<unknown[]> {
  const storageKeys = wanted.map(({ key }) => parts.addressOf(key).storageKey);
  const unique = new Map(wanted.map((each, i) => [storageKeys[i], each]));
  const asked = Array.from(unique.values(), ({ key, policy }): Asked => {
    return { address: parts.addressOf(key), policy };
  });
  const loadAll: LoadAll = (missing, context) => {
    // Only addresses of `unique` are asked for.
    const keys = missing.map(({ address }) => (unique.get(address.storageKey) as Wanted<K>).key);
    return load(keys, context);
  };
  const values = await lookup.readAndServeAll(asked, loadAll, callers);
  if (values.length === wanted.length) return values;
  const found = new Map(
    asked.map((each, i) => [each.address.storageKey, { each, value: values[i] }]),
  );
  const given = new Set<string>();
  const copyOf = async ({ each, value }: { each: Asked; value: unknown }) => {
    const { storageKey } = each.address;
    const copy = await copyOfHit(parts.access.store, await value, storageKey);
    if (copy !== NOT_COPIED) return copy;
    return (await lookup.readAndServeAll([each], loadAll, callers))[0];
  };
  return storageKeys.map((storageKey) => {
    // Every key of the batch has been asked for.
    const position = found.get(storageKey) as { each: Asked; value: unknown };
    if (given.has(storageKey)) return copyOf(position);
    given.add(storageKey);
    return position.value;
  });
}
