/** A number that has to stay on one side of its target. */
export interface Check {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly target: { readonly atMost: number } | { readonly atLeast: number };
}

export type Unit = 'ms' | 'us' | 'ns' | 'bytes' | 'times' | '%' | '';

export interface Table {
  /** The first column names the row; the others hold numbers. */
  readonly columns: readonly { readonly name: string; readonly unit?: Unit }[];
  readonly rows: readonly (readonly [name: string, ...numbers: number[]])[];
}

/** The measurement for one question, and if the answer is good enough. */
export interface Figure {
  readonly name: string;
  readonly title: string;
  /** The facts that a reader of the table needs. */
  readonly notes: readonly string[];
  readonly tables: readonly Table[];
  readonly checks: readonly Check[];
}

/** The input of every figure. */
export interface Bench {
  readonly rounds: number | undefined;
  /** Folder of the bundled contestants, file URLs by name. */
  readonly bundles: Readonly<Record<string, URL>>;
  say(text: string): void;
}

/** A value that is no number meets no target. */
export function passes({ value, target }: Check): boolean {
  return 'atMost' in target ? value <= target.atMost : value >= target.atLeast;
}

/** All targets that were missed. */
export const misses = (figures: readonly Figure[]): Check[] =>
  figures.flatMap(({ checks }) => checks.filter((check) => !passes(check)));
