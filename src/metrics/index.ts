export { combine } from '../model/combine.js';
export { consoleReporter } from '../model/console-reporter.js';
export type { CacheEvent, CacheListener } from '../model/events.js';
export { diagnosticsChannel } from './diagnostics-channel.js';
export { type EmfOptions, emf, type FlushingListener } from './emf.js';
export { inspector } from './inspector.js';
export {
  type LoggerOptions,
  type PinoLogger,
  type PowertoolsLogger,
  pinoLogger,
  powertoolsLogger,
} from './loggers.js';
export { type OpenTelemetryOptions, openTelemetry } from './open-telemetry.js';
export type { Attributes, OtelMeter, OtelTracer } from './open-telemetry-api.js';
export { type PowertoolsMetrics, powertoolsMetrics } from './powertools-metrics.js';
