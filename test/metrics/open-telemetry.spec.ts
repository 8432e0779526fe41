import { AsyncLocalStorage } from 'node:async_hooks';
import { CacheService, MemoryCacheStore } from '@glasswork/cache';
import { openTelemetry } from '@glasswork/cache/metrics';
import {
  type Context,
  type ContextManager,
  context,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
} from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { describe, expect, it, onTestFinished } from 'vitest';
import { errorOf } from '../errors.js';
import { EVENTS } from './events.js';

/** OpenTelemetry's own SDK, with everything that it collects in memory. */
function telemetry() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 30 });
  const meters = new MeterProvider({ readers: [reader] });
  const spans = new InMemorySpanExporter();
  const tracers = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
  onTestFinished(async () => {
    await meters.shutdown();
    await tracers.shutdown();
  });
  return {
    meter: meters.getMeter('test'),
    tracer: tracers.getTracer('test'),
    spans: () => spans.getFinishedSpans(),
    async points() {
      await meters.forceFlush();
      const [collected] = exporter.getMetrics().slice(-1);
      const metrics = collected?.scopeMetrics.flatMap((scope) => scope.metrics) ?? [];
      return metrics.flatMap(({ descriptor, dataPoints }) =>
        dataPoints.map(({ attributes, value }) => ({
          name: descriptor.name,
          unit: descriptor.unit,
          attributes,
          value: value as
            | number
            | { count: number; sum: number; buckets: { boundaries: number[] } },
        })),
      );
    },
  };
}

describe('the metrics', () => {
  it('are counted by reason, operation and code, under one prefix', async () => {
    const { meter, points } = telemetry();
    const listener = openTelemetry(meter);
    for (const event of EVENTS) listener(event);
    const counted = (await points())
      .filter(({ name, value }) => typeof value === 'number' && name !== 'glasswork.cache.io')
      .map(({ name, attributes, value }) => [
        name.replace('glasswork.cache.', ''),
        attributes,
        value,
      ]);
    const own = (name: string, value: string) => ({ [`glasswork.cache.${name}`]: value });
    expect(counted).toEqual(
      expect.arrayContaining([
        ['hits', own('state', 'fresh'), 1],
        ['hits', own('state', 'stale'), 1],
        ['misses', own('reason', 'expired'), 1],
        ['misses', own('reason', 'forced'), 1],
        ['stale_served', own('reason', 'error'), 1],
        ['refused', own('reason', 'late'), 1],
        ['leases', own('state', 'timeout'), 1],
        ['breaker', own('state', 'open'), 1],
        ['store_errors', { 'db.operation.name': 'readLease', 'error.type': 'TIMEOUT' }, 1],
        ['load_errors', { 'error.type': 'TIMEOUT' }, 1],
        ['skips', { 'db.operation.name': 'get' }, 1],
        ['edge_invalidations', {}, 3],
        ['fills', {}, 1],
        ['responses', own('outcome', 'hit'), 1],
      ]),
    );
    expect(JSON.stringify(counted)).not.toContain('secret');
    const values = counted.flatMap(([, attributes]) => Object.values(Object(attributes)));
    expect(values).not.toContain(undefined);
  });

  it('tell stale hits from fresh ones, errors in the background by their code, and know no later event', async () => {
    const { meter, points } = telemetry();
    const listener = openTelemetry(meter);
    const hit = { type: 'hit', key: 'k', ageMs: 1 } as const;
    listener({ ...hit, state: 'fresh' });
    listener({ ...hit, state: 'fresh' });
    listener({ ...hit, state: 'stale' });
    listener({ type: 'background-error', error: { code: 'E1' } });
    listener({ type: 'of a later version' } as never);
    const found = (await points()).map(({ attributes, value }) => [attributes, value]);
    expect(found).toEqual([
      [{ 'glasswork.cache.state': 'fresh' }, 2],
      [{ 'glasswork.cache.state': 'stale' }, 1],
      [{ 'error.type': 'E1' }, 1],
    ]);
  });

  it('have no bytes of a call that moved none', async () => {
    const { meter, points } = telemetry();
    openTelemetry(meter)({
      type: 'store',
      ...{ store: 'memory', operation: 'set', key: 'k', failure: undefined },
      ...{ durationMs: 1, bytesRead: 0, bytesWritten: 5 },
    });
    const io = (await points()).filter(({ name }) => name === 'glasswork.cache.io');
    expect(io).toMatchObject([{ attributes: { 'glasswork.cache.direction': 'write' }, value: 5 }]);
  });

  it('are of calls to the store as of any database, in seconds', async () => {
    const { meter, points } = telemetry();
    const listener = openTelemetry(meter, undefined, {
      attributes: { 'db.collection.name': 'my-cache' },
    });
    for (const event of EVENTS) listener(event);
    const calls = (await points()).filter(({ name }) => name === 'db.client.operation.duration');
    const common = { 'db.collection.name': 'my-cache', 'db.system.name': 'aws.dynamodb' };
    expect(calls).toMatchObject([
      {
        unit: 's',
        attributes: { ...common, 'db.operation.name': 'readLease', 'error.type': 'TIMEOUT' },
        value: { count: 1, sum: 0.005 },
      },
      { attributes: { ...common, 'db.operation.name': 'get' }, value: { count: 1, sum: 0.0015 } },
    ]);
    expect(calls[1]?.attributes).not.toHaveProperty('error.type');
    expect(calls[0]?.value).toMatchObject({
      buckets: { boundaries: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10] },
    });
  });

  it('are of loads and bytes', async () => {
    const { meter, points } = telemetry();
    const listener = openTelemetry(meter);
    for (const event of EVENTS) listener(event);
    const all = await points();
    const of = (metric: string) => all.filter(({ name }) => name === metric);
    expect(of('glasswork.cache.load.duration')).toMatchObject([
      { unit: 's', attributes: {}, value: { count: 1 } },
      { attributes: { 'error.type': 'TIMEOUT' }, value: { count: 1, sum: 0.005 } },
    ]);
    expect(
      of('glasswork.cache.load.duration').map(({ attributes }) => Object.keys(attributes)),
    ).toEqual([[], ['error.type']]);
    expect(of('glasswork.cache.io')).toMatchObject([
      { unit: 'By', attributes: { 'glasswork.cache.direction': 'read' }, value: 100 },
      { attributes: { 'glasswork.cache.direction': 'write' }, value: 20 },
    ]);
  });
});

describe('the spans', () => {
  it('are one for each call to the store and each load, with its time and its error', () => {
    const { meter, tracer, spans } = telemetry();
    const listener = openTelemetry(meter, tracer);
    for (const event of EVENTS) listener(event);
    const seen = spans().map(({ name, kind, status, duration: [, ns], attributes }) => {
      return { name, kind, code: status.code, ms: Math.round(ns / 1e5) / 10, attributes };
    });
    expect(seen).toMatchObject([
      { name: 'cache load', kind: SpanKind.INTERNAL, code: SpanStatusCode.UNSET },
      { name: 'cache load', code: SpanStatusCode.ERROR, attributes: { 'error.type': 'TIMEOUT' } },
      { name: 'read lease dynamodb', kind: SpanKind.CLIENT, code: SpanStatusCode.ERROR },
      { name: 'get dynamodb', kind: SpanKind.CLIENT, code: SpanStatusCode.UNSET },
    ]);
    expect(seen.map(({ ms }) => ms)).toEqual([12.3, 5, 5, 1.5]);
    expect(JSON.stringify(seen)).not.toContain('secret');
  });

  it('have the key only if it is asked for', () => {
    const { meter, tracer, spans } = telemetry();
    const listener = openTelemetry(meter, tracer, { keys: true });
    for (const event of EVENTS) listener(event);
    const keys = spans().map(({ attributes }) => attributes['glasswork.cache.key']);
    expect(keys).toEqual(Array(4).fill('user:secret'));
  });

  it('have no key of a call that is about none', () => {
    const names: string[] = [];
    const { meter } = telemetry();
    const tracer: Parameters<typeof openTelemetry>[1] = {
      startSpan(_name, options) {
        names.push(...Object.keys(options?.attributes ?? {}));
        return { setStatus: () => undefined, end: () => {} };
      },
    };
    openTelemetry(meter, tracer, { keys: true })({
      type: 'store',
      ...{ store: 'memory', operation: 'scan', key: undefined, failure: undefined },
      ...{ durationMs: 1, bytesRead: 0, bytesWritten: 0 },
    });
    expect(names).toEqual(['db.system.name', 'db.operation.name']);
  });

  it('belong to the span of the call', async () => {
    const { meter, tracer, spans } = telemetry();
    useContexts();
    const { trace } = await import('@opentelemetry/api');
    const cache = new CacheService(new MemoryCacheStore(), {
      onEvent: openTelemetry(meter, tracer),
    });
    const request = tracer.startSpan('request');
    await context.with(trace.setSpan(ROOT_CONTEXT, request), () =>
      cache.wrap('k', '1m', async () => 'value'),
    );
    const parents = spans().map(({ parentSpanContext }) => parentSpanContext?.spanId);
    expect(parents.length).toBeGreaterThan(1);
    expect(new Set(parents)).toEqual(new Set([request.spanContext().spanId]));
    await cache.close();
  });
});

it.each<[string, unknown, unknown]>([
  ['meter', {}, undefined],
  ['meter', undefined, undefined],
  ['tracer', telemetryless(), {}],
])('needs a real %s', (subject, meter, tracer) => {
  const run = () =>
    openTelemetry(
      meter as Parameters<typeof openTelemetry>[0],
      tracer as Parameters<typeof openTelemetry>[1],
    );
  expect(errorOf(run)).toMatchObject({ code: 'INVALID_OPTION', subject });
});

function telemetryless() {
  return new MeterProvider().getMeter('test');
}

/** The SDK for Node brings such a manager. */
function useContexts(): void {
  const storage = new AsyncLocalStorage<Context>();
  const manager: ContextManager = {
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (active, run, self, ...args) => storage.run(active, () => run.apply(self, args)),
    bind: (active, target) => storage.run(active, () => AsyncLocalStorage.bind(target as never)),
    enable: () => manager,
    disable: () => manager,
  };
  context.setGlobalContextManager(manager);
  onTestFinished(() => context.disable());
}
