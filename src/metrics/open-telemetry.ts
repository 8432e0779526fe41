import { errorCode, invalid } from '../model/errors.js';
import type { CacheEvent, CacheListener } from '../model/events.js';
import { systemClock } from '../model/time.js';
import { amountOf, COUNTERS, detailOf, operationName } from './count.js';
import {
  type Attributes,
  CLIENT,
  ERROR,
  INTERNAL,
  type OtelMeter,
  type OtelTracer,
} from './open-telemetry-api.js';

export interface OpenTelemetryOptions {
  /** Added to every measurement and span, such as `db.collection.name`. Default: none. */
  attributes?: Readonly<Attributes> | undefined;
  /** Adds `glasswork.cache.key` to spans. Never to metrics, where each key would be a series. Default false. */
  keys?: boolean | undefined;
}

const PREFIX = 'glasswork.cache';
/** The bucket boundaries of OpenTelemetry's conventions for database clients, seconds. */
const BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

/** `db.system.name` of the stores whose names differ from it. */
const SYSTEMS: Readonly<Record<string, string>> = { dynamodb: 'aws.dynamodb', s3: 'aws.s3' };

/**
 * Metrics for OpenTelemetry, and spans for calls to the store and loads if there is a tracer. A call to the store is
 * `db.client.operation.duration`; all other names begin with `glasswork.cache.`. Spans belong to the active span of the
 * call that they are about.
 *
 * @throws CacheError `INVALID_OPTION` if the meter cannot create counters, or the tracer cannot start spans.
 * @example
 * ```ts
 * import { metrics, trace } from '@opentelemetry/api';
 * import { CacheService, DynamoDBCacheStore } from '@glasswork/cache';
 * import { openTelemetry } from '@glasswork/cache/metrics';
 *
 * export const cache = new CacheService(new DynamoDBCacheStore({ tableName: 'my-cache' }), {
 *   onEvent: openTelemetry(metrics.getMeter('cache'), trace.getTracer('cache'), {
 *     attributes: { 'db.collection.name': 'my-cache' },
 *   }),
 * });
 * ```
 */
export function openTelemetry(
  meter: OtelMeter,
  tracer?: OtelTracer,
  options: OpenTelemetryOptions = {},
): CacheListener {
  if (typeof meter?.createCounter !== 'function') throw invalid('meter', meter, 'a Meter');
  if (tracer !== undefined && typeof tracer?.startSpan !== 'function')
    throw invalid('tracer', tracer, 'a Tracer');
  const common = options.attributes ?? {};
  const counters = new Map(
    Object.entries(COUNTERS).map(([type, name]) => [type, meter.createCounter(nameOf(name))]),
  );
  const advice = { explicitBucketBoundaries: BUCKETS };
  const storeTime = meter.createHistogram('db.client.operation.duration', {
    description: 'Duration of calls to the store.',
    unit: 's',
    advice,
  });
  const loadTime = meter.createHistogram(`${PREFIX}.load.duration`, {
    description: 'Duration of loads.',
    unit: 's',
    advice,
  });
  const bytes = meter.createCounter(`${PREFIX}.io`, {
    description: 'Bytes of values that the store has read and written, as it stores them.',
    unit: 'By',
  });

  const fresh = { ...common, [`${PREFIX}.state`]: 'fresh' };
  const stale = { ...common, [`${PREFIX}.state`]: 'stale' };
  const hits = counters.get('hit');

  const span = (
    name: string,
    event: { readonly key: string | undefined; readonly durationMs: number },
    {
      kind,
      attributes,
      failure,
    }: { kind: number; attributes: Attributes; failure: string | undefined },
  ) => {
    if (!tracer) return;
    const now = systemClock.now();
    const key = options.keys && event.key !== undefined && { [`${PREFIX}.key`]: event.key };
    const started = tracer.startSpan(name, {
      kind,
      startTime: now - event.durationMs,
      attributes: { ...attributes, ...key },
    });
    if (failure !== undefined) started.setStatus({ code: ERROR, message: failure });
    started.end(now);
  };

  const listener: CacheListener = (event) => {
    if (event.type === 'hit') {
      hits?.add(1, event.state === 'stale' ? stale : fresh);
      return;
    }
    if (event.type === 'store') {
      const attributes = { ...common, ...storeAttributes(event) };
      storeTime.record(event.durationMs / 1_000, attributes);
      const { failure, bytesRead: read, bytesWritten: write } = event;
      for (const [direction, moved] of Object.entries({ read, write }))
        if (moved > 0) bytes.add(moved, { ...common, [`${PREFIX}.direction`]: direction });
      span(`${event.operation} ${event.store}`, event, { kind: CLIENT, attributes, failure });
      return;
    }
    counters.get(event.type)?.add(amountOf(event), { ...common, ...attributesOf(event) });
    if (event.type === 'load' || event.type === 'load-error') {
      const failure = event.type === 'load' ? undefined : errorCode(event.error);
      const attributes = { ...common, ...(failure && { 'error.type': failure }) };
      loadTime.record(event.durationMs / 1_000, attributes);
      span('cache load', event, { kind: INTERNAL, attributes, failure });
    }
  };
  return Object.assign(listener, { storeCalls: true });
}

/** As in `glasswork.cache.stale_served` for `StaleServed`. */
const nameOf = (counter: string): string =>
  `${PREFIX}.${counter.replace(/\B[A-Z]/g, (letter) => `_${letter}`).toLowerCase()}`;

function storeAttributes(event: Extract<CacheEvent, { type: 'store' }>): Attributes {
  return {
    'db.system.name': SYSTEMS[event.store] ?? event.store,
    'db.operation.name': operationName(event.operation),
    ...(event.failure !== undefined && { 'error.type': event.failure }),
  };
}

function attributesOf(event: CacheEvent): Attributes {
  if (event.type === 'store-error') {
    const operation = operationName(event.operation);
    return { 'db.operation.name': operation, 'error.type': errorCode(event.error) };
  }
  const detail = detailOf(event);
  if (detail === undefined) return {};
  if (event.type === 'load-error' || event.type === 'background-error')
    return { 'error.type': detail };
  // Not the route, which may be a path with somebody's id in it.
  if (event.type === 'response') return { [`${PREFIX}.outcome`]: event.outcome };
  if (event.type === 'skip') return { 'db.operation.name': detail };
  const name = event.type === 'lease' || event.type === 'breaker' ? 'state' : 'reason';
  return { [`${PREFIX}.${name}`]: detail };
}
