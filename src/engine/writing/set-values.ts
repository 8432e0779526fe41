import type { AnyKey } from '../../model/cache-key.js';
import type { DependencyVersions } from '../../model/entry.js';
import type { Write } from '../loading/load-runner.js';
import type { ServiceParts } from '../assemble.js';
import type { WrapOptions } from '../../model/policy.js';
import type { Duration } from '../../model/time.js';

export type SetOptions = Duration | Pick<WrapOptions, 'ttl' | 'tags'>;

interface Given {
  readonly key: AnyKey;
  readonly value: unknown;
  readonly ttl?: SetOptions | undefined;
}

type Prepared = Omit<Write, 'marks'> & { readonly marks: DependencyVersions | undefined };

/** Writes without a condition, over whatever is there. Resolves to whether the store took them all. */
export async function setAll(parts: ServiceParts, entries: readonly Given[]): Promise<boolean> {
  const prepared = await Promise.all(entries.map((entry) => prepare(parts, entry)));
  const ready = prepared.filter((write): write is Write => write.marks !== undefined);
  const written = ready.length === 0 || (await parts.loader.write(ready));
  const names = new Set(ready.map(({ at }) => at.storageKey));
  parts.flights.overtake((read) => names.has(read.key));
  return written && ready.length === prepared.length;
}

/** Bars the loads that are running, whose values would be older. Without marks where the value must not be written. */
async function prepare(
  { addressOf, policyOf, invalidation, marks }: ServiceParts,
  { key, value, ttl }: Given,
): Promise<Prepared> {
  const [at, policy] = [addressOf(key), policyOf(key, ttl)];
  const detaching = invalidation.detach((flight) => flight.key === at.storageKey);
  // What an older write could still replace is not taken; an event has told why.
  const current = await detaching.then(
    async () => marks.ensure(await marks.current([null, ...policy.tags])),
    () => undefined,
  );
  return { at, value, policy, marks: current, loadMs: 0 };
}
