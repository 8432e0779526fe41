import { type Percentiles, percentiles } from './percentiles.js';

/** The most load times that are kept, for percentiles of the newest. */
const MOST_TIMES = 10_000;
/** The part of an EMF line by which it is found behind a log's own prefix. */
const START = /\{"_aws":|\{(?=.*"_aws"\s*:)/;

/** The metrics of `emf()` that a report is made of. */
const NAMES: ReadonlySet<string> = new Set(
  ['Hits', 'StaleHits', 'Misses', 'Loads', 'LoadErrors', 'LoadTime'].concat(
    'StoreCalls',
    'StoreErrors',
    'StoreTime',
    'Refused',
  ),
);

export interface Report {
  readonly lines: number;
  readonly hits: number;
  readonly misses: number;
  /** Undefined before the first read. */
  readonly hitRatio: number | undefined;
  readonly staleHits: number;
  readonly loads: number;
  readonly loadErrors: number;
  readonly storeErrors: number;
  /** Milliseconds. */
  readonly loadTime: Percentiles | undefined;
  readonly storeTime: Percentiles | undefined;
  /** Counts by reason, the largest first. */
  readonly missesBy: Readonly<Record<string, number>>;
  readonly refusedBy: Readonly<Record<string, number>>;
  readonly errorsBy: Readonly<Record<string, number>>;
}
/** The metrics of a line, if they are of a cache: other programs use the format, too. */
function metricsIn(line: string): Readonly<Record<string, unknown>> | undefined {
  const at = line.search(START);
  try {
    // A log may have its own text on both sides.
    const metrics: unknown = JSON.parse(line.slice(at, line.lastIndexOf('}') + 1));
    const isOurs = Object.keys(Object(metrics)).some((name) => NAMES.has(name));
    return isOurs && '_aws' in Object(metrics) ? Object(metrics) : undefined;
  } catch {
    return undefined;
  }
}

/** Sums up the lines that `emf()` writes. Other lines are left alone. */
export class Top {
  #lines = 0;
  readonly #counts = new Map<string, number>();
  readonly #times: Record<'LoadTime' | 'StoreTime', number[]> = { LoadTime: [], StoreTime: [] };

  /** True if the line had metrics of the cache. */
  add(line: string): boolean {
    const metrics = metricsIn(line);
    if (!metrics) return false;
    this.#lines++;
    for (const [name, value] of Object.entries(metrics)) {
      if (typeof value === 'number') this.#counts.set(name, (this.#counts.get(name) ?? 0) + value);
      if (name === 'LoadTime' || name === 'StoreTime') this.#addTimes(name, value);
    }
    return true;
  }

  report(): Report {
    const of = (name: string) => this.#counts.get(name) ?? 0;
    const [hits, misses] = [of('Hits'), of('Misses')];
    return {
      lines: this.#lines,
      ...{ hits, misses, staleHits: of('StaleHits'), loads: of('Loads') },
      hitRatio: hits + misses > 0 ? hits / (hits + misses) : undefined,
      ...{ loadErrors: of('LoadErrors'), storeErrors: of('StoreErrors') },
      loadTime: percentiles(this.#times.LoadTime),
      storeTime: percentiles(this.#times.StoreTime),
      missesBy: this.#by('Misses.'),
      refusedBy: this.#by('Refused.'),
      errorsBy: this.#by('StoreErrors.'),
    };
  }

  #addTimes(name: 'LoadTime' | 'StoreTime', value: unknown): void {
    const times = this.#times[name];
    for (const each of Array.isArray(value) ? value : [value])
      if (typeof each === 'number') times.push(each);
    times.splice(0, times.length - MOST_TIMES);
  }

  #by(start: string): Record<string, number> {
    const entries = [...this.#counts].filter(([name]) => name.startsWith(start));
    entries.sort(([, a], [, b]) => b - a);
    return Object.fromEntries(entries.map(([name, count]) => [name.slice(start.length), count]));
  }
}
