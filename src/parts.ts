import { Background } from './background.js';
import { type AnyKey, type KeySpace, keyText, schemaOf } from './cache-key.js';
import type { CacheStore } from './cache-store.js';
import { type CacheConfig, settings } from './config.js';
import { invalid } from './errors.js';
import { type Emit, eventLog } from './events.js';
import { Invalidation } from './invalidation.js';
import { Loader } from './loader.js';
import { type PolicyOf, rememberPolicies } from './policy.js';
import { type Address, Reader } from './reader.js';
import { SingleFlight } from './single-flight.js';
import { Stampede } from './stampede.js';
import { StoreAccess } from './store-access.js';
import { MarkVersions } from './tags.js';
import type { Clock } from './time.js';

/** What a service is made of. */
export interface Parts {
  readonly policyOf: PolicyOf;
  readonly addressOf: (key: AnyKey) => Address;
  readonly clock: Clock;
  readonly keys: KeySpace;
  readonly emit: Emit;
  readonly hit: ReturnType<typeof eventLog>['hit'];
  readonly stats: () => Readonly<Record<string, number>>;
  readonly access: StoreAccess;
  readonly marks: MarkVersions;
  readonly reader: Reader;
  readonly loader: Loader;
  readonly flights: SingleFlight;
  readonly stampede: Stampede;
  readonly invalidation: Invalidation;
  readonly background: Background;
}

/** @throws CacheError `INVALID_OPTION` or `INVALID_DURATION`, naming the option. */
export function assemble(store: CacheStore, config: CacheConfig): Parts {
  if (typeof store?.get !== 'function') throw invalid('store', store, 'a CacheStore');
  const { policy, clock, keys, breaker, trustMs } = settings(config);
  const { emit, hit, stats } = eventLog(config.onEvent, clock);
  const access = new StoreAccess(store, emit, clock, breaker);
  const marks = new MarkVersions(access, keys, clock, trustMs);
  const reader = new Reader(access, marks, clock, emit);
  const loader = new Loader(access, marks, clock, emit);
  const background = new Background(emit);
  const flights = new SingleFlight(() => access.sleeps());
  const invalidation = new Invalidation({ access, keys, marks, flights, emit });
  const { deadline } = config;
  const shared = { access, keys, clock, emit, marks, reader, loader, background, flights };
  const stampede = new Stampede({ ...shared, deadline });
  const policyOf = rememberPolicies(policy);
  const addressOf = (key: AnyKey): Address => {
    const text = keyText(key);
    return { key: text, name: keys.key(text), schema: schemaOf(key) };
  };
  return { ...shared, policyOf, addressOf, hit, stats, stampede, invalidation };
}
