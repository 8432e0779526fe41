/** The most values of one metric in a line of CloudWatch's Embedded Metric Format. */
const MOST = 100;

/**
 * A fair sample of at most 100 durations, milliseconds. Once it is full, each further value replaces a random one with the probability
 * that keeps all values equally likely to be in it (reservoir sampling, Vitter's algorithm R), so percentiles stay true.
 */
export class Samples {
  #values: number[] = [];
  #seen = 0;

  add(ms: number): void {
    // To the microsecond, because a line is billed by its bytes.
    const value = Math.round(ms * 1_000) / 1_000;
    this.#seen++;
    if (this.#values.length < MOST) this.#values.push(value);
    else {
      const at = Math.floor(Math.random() * this.#seen);
      if (at < MOST) this.#values[at] = value;
    }
  }

  /** Returns the sample, and begins a new one. */
  take(): number[] {
    const values = this.#values;
    this.#values = [];
    this.#seen = 0;
    return values;
  }
}
