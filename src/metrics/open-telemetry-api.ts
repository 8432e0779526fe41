/** The members of `@opentelemetry/api` in use, by structure, so that the package is needed by nobody else. */
export type Attributes = Record<string, string | number | boolean>;

export interface OtelMeter {
  createCounter(
    name: string,
    options?: InstrumentOptions,
  ): {
    add(value: number, attributes?: Attributes): void;
  };
  createHistogram(
    name: string,
    options?: InstrumentOptions,
  ): {
    record(value: number, attributes?: Attributes): void;
  };
}

export interface InstrumentOptions {
  description?: string;
  unit?: string;
  advice?: { explicitBucketBoundaries?: number[] };
}

export interface OtelTracer {
  startSpan(
    name: string,
    options?: { kind?: number; startTime?: number; attributes?: Attributes },
  ): OtelSpan;
}

interface OtelSpan {
  setStatus(status: { code: number; message?: string }): unknown;
  end(endTime?: number): void;
}

/** `SpanKind` and `SpanStatusCode` of the API. */
export const CLIENT = 2;
export const INTERNAL = 0;
export const ERROR = 2;
