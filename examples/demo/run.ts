import type { Hono } from 'hono';
import type { Source } from '../api/observe.js';
import { itemId } from '../api/seed.js';
import type { Request, Traffic } from './traffic.js';

/** Serves one request at a time, as a Lambda sandbox does. */
export interface Sandbox {
  readonly routes: Hono;
  /** Where the answer to the last read came from; undefined without a cache. */
  takeSource(): Source | undefined;
}

/** Milliseconds of the requests of each kind. */
export interface Latencies {
  readonly reads: readonly number[];
  /** The reads that the cache answered, fresh or stale; and those that it did not. */
  readonly hits: readonly number[];
  readonly misses: readonly number[];
  readonly writes: readonly number[];
}

export interface Outcome extends Latencies {
  readonly errors: readonly string[];
  /** Milliseconds by which arrivals were put off because all sandboxes were busy. */
  readonly putOff: number;
}

/**
 * Three times as many as are busy on average without a cache and with the default network: on an idle machine hardly a
 * request waits for one of these, and on a busy one more of them would only queue for the same two cores.
 */
const MOST_SANDBOXES = 10;

/**
 * Sends the traffic, each request at its time whether or not those before it are done, to an idle sandbox or to a new
 * one. Where all are busy, the machine cannot keep up and every later arrival is put off: what is measured is the work
 * of a request, not a queue that grows as long as the run does.
 */
export async function run(
  traffic: Traffic,
  idLength: number,
  create: () => Sandbox,
  progress: (done: number) => void,
): Promise<Outcome> {
  const times = { reads: [], hits: [], misses: [], writes: [] } as Record<
    keyof Latencies,
    number[]
  >;
  const errors: string[] = [];
  const idle: Sandbox[] = [];
  const waiting: ((sandbox: Sandbox) => void)[] = [];
  let [sandboxes, done] = [0, 0];

  const acquire = (): Promise<Sandbox> | Sandbox => {
    const sandbox = idle.pop();
    if (sandbox) return sandbox;
    if (sandboxes === MOST_SANDBOXES) return new Promise((resolve) => waiting.push(resolve));
    sandboxes++;
    return create();
  };
  const release = (sandbox: Sandbox) => {
    const next = waiting.shift();
    if (next) next(sandbox);
    else idle.push(sandbox);
  };

  const serve = async (sandbox: Sandbox, request: Request, started: number) => {
    try {
      const { status, source, body } = await send(sandbox, request, idLength);
      const took = performance.now() - started;
      times[request.kind === 'read' ? 'reads' : 'writes'].push(took);
      if (source !== undefined) times[source === 'miss' ? 'misses' : 'hits'].push(took);
      if (status >= 400) errors.push(`${request.kind}: status ${status}, ${body}`);
    } catch (error) {
      errors.push(`${request.kind}: ${error}`);
    }
    release(sandbox);
    progress(++done);
  };

  const start = performance.now();
  let putOff = 0;
  const served: Promise<void>[] = [];
  for (const request of traffic.requests) {
    const wait = start + request.at + putOff - performance.now();
    if (wait >= 1) await new Promise((resolve) => setTimeout(resolve, wait));
    let started = performance.now();
    const acquired = acquire();
    const sandbox = acquired instanceof Promise ? await acquired : acquired;
    if (acquired instanceof Promise) {
      putOff += performance.now() - started;
      started = performance.now();
    }
    served.push(serve(sandbox, request, started));
  }
  await Promise.all(served);
  return { ...times, errors, putOff };
}

async function send(sandbox: Sandbox, { kind, item, at }: Request, idLength: number) {
  const path = `/items/${itemId(item, idLength)}`;
  const body = JSON.stringify({ price: Math.round(at) / 100 });
  const init = kind === 'read' ? {} : { method: 'PUT', body };
  const response = await sandbox.routes.request(path, init);
  const text = await response.text();
  return { status: response.status, source: sandbox.takeSource(), body: text };
}

/** The value that `share` of all lie at or below: the nearest rank. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
