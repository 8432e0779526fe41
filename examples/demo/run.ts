import type { Hono } from 'hono';
import { itemId } from '../api/seed.js';
import type { Request, Traffic } from './traffic.js';

/** Serves one request at a time, as a Lambda sandbox does. */
export interface Sandbox {
  readonly routes: Hono;
}

export interface Outcome {
  /** Milliseconds of each read. */
  readonly reads: readonly number[];
  readonly writes: readonly number[];
  readonly errors: readonly string[];
}

const MOST_SANDBOXES = 32;

/**
 * Sends the traffic, each request at its time whether or not those before it are done, to an idle sandbox or to a new
 * one. A request that finds all of them busy waits, and its latency counts the wait.
 */
export async function run(
  traffic: Traffic,
  idLength: number,
  create: () => Sandbox,
  progress: (done: number) => void,
): Promise<Outcome> {
  const [reads, writes, errors]: [number[], number[], string[]] = [[], [], []];
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

  const serve = async (request: Request) => {
    const started = performance.now();
    const sandbox = await acquire();
    try {
      const response = await send(sandbox, request, idLength);
      (request.kind === 'read' ? reads : writes).push(performance.now() - started);
      if (response.status >= 400) errors.push(`${request.kind}: status ${response.status}`);
    } catch (error) {
      errors.push(`${request.kind}: ${error}`);
    }
    release(sandbox);
    progress(++done);
  };

  const start = performance.now();
  const served: Promise<void>[] = [];
  for (const request of traffic.requests) {
    const wait = start + request.at - performance.now();
    if (wait >= 1) await new Promise((resolve) => setTimeout(resolve, wait));
    served.push(serve(request));
  }
  await Promise.all(served);
  return { reads, writes, errors };
}

async function send(sandbox: Sandbox, { kind, item, at }: Request, idLength: number) {
  const path = `/items/${itemId(item, idLength)}`;
  const body = JSON.stringify({ price: Math.round(at) / 100 });
  const init = kind === 'read' ? {} : { method: 'PUT', body };
  const response = await sandbox.routes.request(path, init);
  await response.arrayBuffer();
  return response;
}

/** The value that `share` of all lie at or below: the nearest rank. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
