import { invalid } from '../model/errors.js';
import type { CacheListener } from '../model/events.js';
import { givenObject } from '../model/given.js';
import { systemClock } from '../model/time.js';
import { COUNTERS } from './count.js';
import { type Metric, Totals } from './totals.js';

export interface EmfOptions {
  /** The CloudWatch namespace, such as `MyShop/Cache`. */
  namespace: string;
  /**
   * The dimensions of all metrics, by name, at most 30. Each combination of their values is billed as metrics of its own.
   * Default: `FunctionName`, from `AWS_LAMBDA_FUNCTION_NAME`; outside Lambda none.
   */
  dimensions?: Readonly<Record<string, string>> | undefined;
  /** Receives each line, without its end. Default: standard output, which Lambda sends to CloudWatch Logs. */
  write?: ((line: string) => void) | undefined;
}

/** A listener that sums up, until it is told to write. */
export interface FlushingListener extends CacheListener {
  /** Writes what has been summed up since the last call, if anything. Needs no `this`. */
  readonly flush: () => void;
}

const MOST_DIMENSIONS = 30;
/** Metrics with names of their own, whatever happens, so that no dimension can take one. */
const NAMES: ReadonlySet<string> = new Set([
  ...Object.values(COUNTERS),
  ...['StaleHits', 'BytesRead', 'BytesWritten', 'LoadTime', 'StoreTime', '_aws'],
]);

/**
 * Metrics for CloudWatch, in its Embedded Metric Format: it sums up events, and each `flush` writes one line of JSON,
 * which CloudWatch Logs turns into metrics. On Lambda, let `afterResponse` flush at the end of each invocation.
 *
 * @throws CacheError `INVALID_OPTION` that names the option.
 * @example
 * ```ts
 * import { CacheService, DynamoDBCacheStore } from '@glasswork/cache';
 * import { afterResponse } from '@glasswork/cache/lambda';
 * import { emf } from '@glasswork/cache/metrics';
 *
 * const metrics = emf({ namespace: 'MyShop/Cache', dimensions: { Service: 'catalogue' } });
 * const after = await afterResponse({ onEvent: metrics, atEnd: metrics.flush });
 * export const cache = new CacheService(new DynamoDBCacheStore({ tableName: 'my-cache' }), {
 *   waitUntil: after.waitUntil,
 *   onEvent: metrics,
 * });
 * ```
 */
export function emf(options: EmfOptions): FlushingListener {
  const { namespace, write = writeLine } = givenObject(options);
  if (typeof namespace !== 'string' || !/^(?!:)[\w.\-/#: ]{1,255}$/.test(namespace))
    throw invalid('namespace', namespace, 'up to 255 letters, digits and . - _ / # :, not : first');
  if (typeof write !== 'function') throw invalid('write', write, 'a function');
  const dimensions = checkedDimensions(options.dimensions ?? defaultDimensions());
  const totals = new Totals();
  const flush = () => {
    const metrics = totals.take();
    if (metrics.length > 0) write(lineOf(namespace, dimensions, metrics));
  };
  const listener: CacheListener = (event) => totals.record(event);
  return Object.assign(listener, { storeCalls: true, flush });
}

function lineOf(
  namespace: string,
  dimensions: Readonly<Record<string, string>>,
  metrics: readonly Metric[],
): string {
  const directive = {
    Namespace: namespace,
    Dimensions: [Object.keys(dimensions)],
    Metrics: metrics.map(({ name, unit }) => ({ Name: name, Unit: unit })),
  };
  return JSON.stringify({
    _aws: { Timestamp: Math.floor(systemClock.now()), CloudWatchMetrics: [directive] },
    ...dimensions,
    ...Object.fromEntries(metrics.map(({ name, value }) => [name, value])),
  });
}

function defaultDimensions(): Record<string, string> {
  const { AWS_LAMBDA_FUNCTION_NAME: name } = process.env;
  return name ? { FunctionName: name } : {};
}

function checkedDimensions(given: Readonly<Record<string, string>>): Record<string, string> {
  const dimensions = Object.entries(Object(given));
  if (dimensions.length > MOST_DIMENSIONS)
    throw invalid('dimensions', dimensions.length, `at most ${MOST_DIMENSIONS}`);
  for (const [name, value] of dimensions) {
    const option = `dimensions.${name}`;
    if (!/^(?!:)[!-~][ -~]{0,254}$/.test(name) || NAMES.has(name) || name.includes('.'))
      throw invalid(option, name, 'a name in ASCII that is no metric, without a dot');
    if (typeof value !== 'string' || !/^[ -~]{1,1024}$/.test(value) || !value.trim())
      throw invalid(option, value, '1 to 1,024 ASCII characters');
  }
  // Checked above: every value is a text.
  return Object.fromEntries(dimensions) as Record<string, string>;
}

/** Past `console`, which Lambda's JSON log format would wrap into a line of its own. */
const writeLine = (line: string): void => void process.stdout.write(`${line}\n`);
