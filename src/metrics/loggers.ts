import { invalid } from '../model/errors.js';
import type { CacheEvent, CacheListener } from '../model/events.js';
import { type Fields, fieldsOf } from './fields.js';

type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** The members in use of a logger by pino. */
export interface PinoLogger {
  trace(fields: object, message: string): void;
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  isLevelEnabled?(level: string): boolean;
}

/** The members in use of `Logger` from `@aws-lambda-powertools/logger`. */
export interface PowertoolsLogger {
  trace(message: string, fields: Fields): void;
  debug(message: string, fields: Fields): void;
  info(message: string, fields: Fields): void;
  warn(message: string, fields: Fields): void;
  error(message: string, fields: Fields): void;
}

export interface LoggerOptions {
  /** Adds keys and tags to each line. Default false: keys may hold what a log must not. */
  keys?: boolean | undefined;
}

/** Everything else is `debug`: it says what the cache does, and not that something is wrong. */
const LEVELS: Partial<Record<CacheEvent['type'], Level>> = {
  hit: 'trace',
  store: 'trace',
  'store-error': 'error',
  corrupt: 'error',
  'load-error': 'warn',
  'background-error': 'error',
  'background-unfinished': 'warn',
  'slow-join': 'warn',
  'stale-served': 'warn',
  breaker: 'warn',
  'edge-tags': 'warn',
  'edge-invalidate': 'info',
};

/**
 * Writes a line for each event to a logger by pino, with the event as fields below `cache`: hits and calls to the store
 * as `trace`, problems as `warn` or `error`, all others as `debug`. It takes Powertools' `Logger`, too.
 *
 * @throws CacheError `INVALID_OPTION` if the argument is no logger.
 * @example
 * ```ts
 * import { CacheService, DynamoDBCacheStore } from '@glasswork/cache';
 * import { pinoLogger } from '@glasswork/cache/metrics';
 * import { pino } from 'pino';
 *
 * export const cache = new CacheService(new DynamoDBCacheStore({ tableName: 'my-cache' }), {
 *   onEvent: pinoLogger(pino({ name: 'cache' })),
 * });
 * ```
 */
export function pinoLogger(
  logger: PinoLogger | PowertoolsLogger,
  options: LoggerOptions = {},
): CacheListener {
  // Powertools has a method of this name, and takes the message first.
  if ('appendKeys' in Object(logger)) return powertoolsLogger(logger as PowertoolsLogger, options);
  // `checked` has found its methods, and no Powertools logger comes here.
  const pino = checked(logger) as PinoLogger;
  return listenerOf(
    (level) => pino.isLevelEnabled?.(level) !== false,
    (level, fields, message) => pino[level](fields, message),
    options,
  );
}

/**
 * Writes a line for each event to Powertools' `Logger`, with the event as fields below `cache`, at the same levels as
 * `pinoLogger`.
 *
 * @throws CacheError `INVALID_OPTION` if the argument is no logger.
 * @example
 * ```ts
 * import { Logger } from '@aws-lambda-powertools/logger';
 * import { CacheService, DynamoDBCacheStore } from '@glasswork/cache';
 * import { powertoolsLogger } from '@glasswork/cache/metrics';
 *
 * export const cache = new CacheService(new DynamoDBCacheStore({ tableName: 'my-cache' }), {
 *   onEvent: powertoolsLogger(new Logger({ serviceName: 'catalogue' })),
 * });
 * ```
 */
export function powertoolsLogger(
  logger: PowertoolsLogger,
  options: LoggerOptions = {},
): CacheListener {
  // `checked` has found its methods.
  const powertools = checked(logger) as PowertoolsLogger;
  return listenerOf(
    () => true,
    (level, fields, message) => powertools[level](message, fields),
    options,
  );
}

function checked(logger: unknown): unknown {
  const isLogger = ['trace', 'debug', 'info', 'warn', 'error'].every(
    (level) => typeof Object(logger)[level] === 'function',
  );
  if (isLogger) return logger;
  throw invalid('logger', logger, 'a logger with trace, debug, info, warn and error');
}

function listenerOf(
  isEnabled: (level: Level) => boolean,
  write: (level: Level, fields: Fields, message: string) => void,
  { keys = false }: LoggerOptions,
): CacheListener {
  const listener: CacheListener = (event) => {
    const level = LEVELS[event.type] ?? 'debug';
    if (isEnabled(level)) write(level, { cache: fieldsOf(event, keys) }, `cache ${event.type}`);
  };
  return Object.assign(listener, { storeCalls: true });
}
