import { type AnyKey, keyText, schemaOf } from '../model/cache-key.js';
import type { CacheStore } from '../model/cache-store.js';
import { type CacheConfig, settings } from '../model/config.js';
import { reporter } from '../model/console-reporter.js';
import { invalid } from '../model/errors.js';
import { type Emit, eventLog } from '../model/event-log.js';
import type { KeySpace } from '../model/key-space.js';
import { type PolicyOf, rememberPolicies } from '../model/resolve-policy.js';
import type { Address } from '../model/snapshot.js';
import type { Clock } from '../model/time.js';
import { InFlightTracker } from './inflight/in-flight.js';
import { BackgroundRefresh } from './loading/background-refresh.js';
import { BackgroundTasks } from './loading/background-tasks.js';
import { Fills } from './loading/fills.js';
import { Leases } from './loading/lease.js';
import { LeasedLoad } from './loading/leased-load.js';
import { LoadCoordinator } from './loading/load-coordinator.js';
import { LoadRunner } from './loading/load-runner.js';
import { EntryReader } from './reading/entry-reader.js';
import { EntryValidator } from './reading/entry-validator.js';
import { LocalHits } from './reading/local-hit.js';
import { VersionTracker } from './reading/version-tracker.js';
import { Shutdown } from './shutdown.js';
import { StoreAccess } from './store-access.js';
import { EntryWriter } from './writing/entry-writer.js';
import { Invalidation } from './writing/invalidation.js';

/** The key under which a service shows its parts to the response cache, even of another copy of this package. */
export const PARTS: unique symbol = /* @__PURE__ */ Symbol.for('@glasswork/cache/parts/1');

/**
 * The parts of a service. Only `lookup.ts` and its neighbours may import it, because the lower rooms must not know the
 * higher ones. Each class below has an interface `Parts` of its own, with the few that it uses.
 */
export interface ServiceParts {
  readonly policyOf: PolicyOf;
  readonly addressOf: (key: AnyKey) => Address;
  readonly clock: Clock;
  readonly keys: KeySpace;
  readonly emit: Emit;
  readonly hit: ReturnType<typeof eventLog>['hit'];
  readonly stats: ReturnType<typeof eventLog>['stats'];
  readonly access: StoreAccess;
  readonly versions: VersionTracker;
  readonly reader: EntryReader;
  readonly localHits: LocalHits;
  readonly writer: EntryWriter;
  readonly inFlight: InFlightTracker;
  readonly coordinator: LoadCoordinator;
  readonly refresh: BackgroundRefresh;
  readonly invalidation: Invalidation;
  readonly background: BackgroundTasks;
  readonly shutdown: Shutdown;
}

/** @throws CacheError `INVALID_OPTION` or `INVALID_DURATION` that names the option. */
export function assemble(store: CacheStore, config: CacheConfig): ServiceParts {
  if (typeof store?.get !== 'function') throw invalid('store', store, 'a CacheStore');
  const { policy, clock, keys, breaker, trustMs, backgroundFill } = settings(config);
  const log = eventLog(config.onEvent, clock, reporter(String(store.name ?? ''), clock));
  const shutdown = new Shutdown();
  const emit = shutdown.filter(log.emit);
  store.problems?.((operation, error) =>
    emit({ type: 'store-error', operation, key: undefined, error }),
  );
  const access = new StoreAccess(store, { emit, clock, breaker, storeCall: log.storeCall });
  const versions = new VersionTracker(access, keys, clock, trustMs);
  const reader = new EntryReader(
    access,
    versions,
    new EntryValidator(versions, clock, emit),
    clock,
  );
  const writer = new EntryWriter(access, clock, emit);
  const inFlight = new InFlightTracker(
    () => access.freezes(),
    () => clock.now(),
  );
  const background = new BackgroundTasks(emit);
  const shared = { access, keys, clock, emit, versions, reader, writer, inFlight, background };
  const fills = new Fills({ ...shared, backgroundFill });
  const runner = new LoadRunner({ ...shared, fills });
  const leases = new Leases({ ...shared, deadline: config.deadline });
  const refresh = new BackgroundRefresh({ ...shared, leases, runner });
  const leasedLoad = new LeasedLoad({ ...shared, leases, runner, refresh });
  return {
    ...shared,
    policyOf: rememberPolicies(policy),
    addressOf: (key) => {
      const text = keyText(key);
      return { key: text, storageKey: keys.key(text), schema: schemaOf(key) };
    },
    hit: log.hit,
    stats: log.stats,
    shutdown,
    localHits: new LocalHits(access, versions),
    coordinator: new LoadCoordinator({ access, inFlight, runner, leasedLoad }),
    refresh,
    invalidation: new Invalidation({
      ...shared,
      onInvalidate: config.onInvalidate,
      graceMs: policy.staleIfError,
    }),
  };
}
