import type { CacheEvent } from '../model/events.js';
import { amountOf, counterOf, detailOf } from './count.js';
import { Samples } from './samples.js';

export type Unit = 'Count' | 'Bytes' | 'Milliseconds';

/** One metric of a flush: its sum, or the values of a histogram. */
export interface Metric {
  readonly name: string;
  readonly unit: Unit;
  readonly value: number | readonly number[];
}

/** Counters divided by a detail, at most so many names, because CloudWatch takes 100 metrics a line. */
const MOST_DETAILS = 60;
const REST = 'other';

/** The metrics since the last flush. A hit costs an addition. */
export class Totals {
  #hits = 0;
  #staleHits = 0;
  #bytesRead = 0;
  #bytesWritten = 0;
  readonly #counts = new Map<string, number>();
  readonly #details = new Map<string, number>();
  readonly #loadTimes = new Samples();
  readonly #storeTimes = new Samples();

  record(event: CacheEvent): void {
    if (event.type === 'hit') {
      this.#hits++;
      if (event.state === 'stale') this.#staleHits++;
      return;
    }
    const counter = counterOf(event);
    if (!counter) return;
    const amount = amountOf(event);
    add(this.#counts, counter, amount);
    if (event.type === 'store') {
      this.#storeTimes.add(event.durationMs);
      this.#bytesRead += event.bytesRead;
      this.#bytesWritten += event.bytesWritten;
      return;
    }
    if (event.type === 'load' || event.type === 'load-error') this.#loadTimes.add(event.durationMs);
    const detail = detailOf(event);
    if (detail === undefined) return;
    const name = `${counter}.${detail}`;
    const isKnown = this.#details.has(name) || this.#details.size < MOST_DETAILS;
    add(this.#details, isKnown ? name : `${counter}.${REST}`, amount);
  }

  /** Returns what is not zero, and begins anew. */
  take(): Metric[] {
    const metrics: Metric[] = [];
    const count = (name: string, value: number, unit: Unit = 'Count') => {
      if (value > 0) metrics.push({ name, unit, value });
    };
    count('Hits', this.#hits);
    count('StaleHits', this.#staleHits);
    for (const [name, value] of this.#counts) count(name, value);
    for (const [name, value] of this.#details) count(name, value);
    count('BytesRead', this.#bytesRead, 'Bytes');
    count('BytesWritten', this.#bytesWritten, 'Bytes');
    for (const [name, samples] of [
      ['LoadTime', this.#loadTimes],
      ['StoreTime', this.#storeTimes],
    ] as const) {
      const value = samples.take();
      if (value.length > 0) metrics.push({ name, unit: 'Milliseconds', value });
    }
    this.#hits = this.#staleHits = this.#bytesRead = this.#bytesWritten = 0;
    this.#counts.clear();
    this.#details.clear();
    return metrics;
  }
}

const add = (counts: Map<string, number>, name: string, amount: number): void =>
  void counts.set(name, (counts.get(name) ?? 0) + amount);
