import { type AnyKey, keyText, schemaOf } from '../model/cache-key.js';
import type { CacheStore } from '../model/cache-store.js';
import { type CacheConfig, settings } from '../model/config.js';
import { reporter } from '../model/console-reporter.js';
import { invalid } from '../model/errors.js';
import { type Emit, eventLog } from '../model/events.js';
import type { KeySpace } from '../model/key-space.js';
import { type PolicyOf, rememberPolicies } from '../model/policy.js';
import type { Address } from '../model/snapshot.js';
import type { Clock } from '../model/time.js';
import { InFlightTracker } from './inflight/in-flight.js';
import { BackgroundTasks } from './loading/background-tasks.js';
import { LoadCoordinator } from './loading/load-coordinator.js';
import { LoadRunner } from './loading/load-runner.js';
import { EntryReader } from './reading/entry-reader.js';
import { VersionTracker } from './reading/version-tracker.js';
import { StoreAccess } from './store-access.js';
import { EntryWriter } from './writing/entry-writer.js';
import { Invalidation } from './writing/invalidation.js';

/** What a service is made of. */
export interface ServiceParts {
  readonly policyOf: PolicyOf;
  readonly addressOf: (key: AnyKey) => Address;
  readonly clock: Clock;
  readonly keys: KeySpace;
  readonly emit: Emit;
  readonly hit: ReturnType<typeof eventLog>['hit'];
  readonly stats: () => Readonly<Record<string, number>>;
  readonly access: StoreAccess;
  readonly versions: VersionTracker;
  readonly reader: EntryReader;
  readonly runner: LoadRunner;
  readonly writer: EntryWriter;
  readonly inFlight: InFlightTracker;
  readonly coordinator: LoadCoordinator;
  readonly invalidation: Invalidation;
  readonly background: BackgroundTasks;
}

/** @throws CacheError `INVALID_OPTION` or `INVALID_DURATION`, naming the option. */
export function assemble(store: CacheStore, config: CacheConfig): ServiceParts {
  if (typeof store?.get !== 'function') throw invalid('store', store, 'a CacheStore');
  const { policy, clock, keys, breaker, trustMs } = settings(config);
  const { emit, hit, stats } = eventLog(
    config.onEvent,
    clock,
    reporter(String(store.name ?? ''), clock),
  );
  const access = new StoreAccess(store, emit, clock, breaker);
  const versions = new VersionTracker(access, keys, clock, trustMs);
  const reader = new EntryReader(access, versions, clock, emit);
  const writer = new EntryWriter(access, clock, emit);
  const runner = new LoadRunner(writer, versions, clock, emit);
  const background = new BackgroundTasks(emit);
  const inFlight = new InFlightTracker(() => access.freezes());
  const invalidation = new Invalidation({ access, keys, versions, inFlight, emit });
  const { deadline } = config;
  const shared = {
    access,
    keys,
    clock,
    emit,
    versions,
    reader,
    writer,
    runner,
    background,
    inFlight,
  };
  const coordinator = new LoadCoordinator({ ...shared, deadline });
  const policyOf = rememberPolicies(policy);
  const addressOf = (key: AnyKey): Address => {
    const text = keyText(key);
    return { key: text, storageKey: keys.key(text), schema: schemaOf(key) };
  };
  return { ...shared, policyOf, addressOf, hit, stats, coordinator, invalidation };
}
