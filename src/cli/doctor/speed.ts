import { spanText } from '../format.js';
import { type Finding, note, ok, PAGES, warning } from './finding.js';

/** The most time and round trips that a measurement takes. */
const LONGEST_MS = 3_000;
const SAMPLES = 100;
/** A store that is slower from its own region has a problem. */
const SLOW_MS = 50;
/** A difference of clocks that shifts the expiry of short-lived values; AWS says its own in whole seconds. */
const SKEW_MS = 2_000;

/** Sends requests one after another, and gives the median and the 99th percentile of their times. */
export async function examineLatency(send: () => Promise<unknown>): Promise<Finding> {
  const times: number[] = [];
  // The first request opens the connection.
  await send();
  const deadline = performance.now() + LONGEST_MS;
  while (times.length < SAMPLES && performance.now() < deadline) {
    const started = performance.now();
    await send();
    times.push(performance.now() - started);
  }
  times.sort((a, b) => a - b);
  const [p50, p99] = [quantile(times, 0.5), quantile(times, 0.99)];
  const text = `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms from here, of ${times.length} reads`;
  if (p50 <= SLOW_MS) return ok('latency', text);
  const remedy =
    'Run doctor from the region of the store; if it is slow there, too, see its CloudWatch latency';
  return warning('latency', text, remedy, PAGES.failure);
}

/** The value below which this part of the sorted times lies. */
export const quantile = (sorted: readonly number[], part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;

/** Compares this machine's clock with the store's, which is NaN if it does not say. `errorMs` is how exactly it is known. */
export function examineClock(
  storeNow: number | undefined,
  localNow: number,
  errorMs: number,
): Finding {
  if (!storeNow) return note('clock', 'the server does not say its time');
  const skew = localNow - storeNow;
  if (Math.abs(skew) <= SKEW_MS + errorMs) return ok('clock', "agrees with the server's");
  const text = `this machine is ${spanText(Math.abs(skew))} ${skew > 0 ? 'ahead of' : 'behind'} the server`;
  const remedy =
    'Set the clock of this machine: values expire early or late by the difference, and AWS refuses signatures that are five minutes off';
  return warning('clock', text, remedy, PAGES.troubleshooting);
}
