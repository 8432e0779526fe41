import type { Outcome } from '../act.js';
import { bad, type Cell, good } from '../grid.js';
import { count, ms, rounded, seconds } from '../text.js';

/** Times by `performance.now()`. */
export interface Answer {
  /** When the caller had its answer. */
  readonly at: number;
  /** When the query of its value began; undefined for an error. */
  readonly loadedAt: number | undefined;
}

export interface Phases {
  readonly killedAt: number;
  readonly backAt: number;
}

interface Phase {
  readonly answers: number;
  readonly errors: number;
}

export interface Figures {
  readonly before: Phase;
  /** The oldest value that was served, milliseconds. */
  readonly down: Phase & { readonly oldestMs: number | null };
  /** From the takeover to the first value that was loaded after it. */
  readonly back: Phase & { readonly freshAfterMs: number | null };
}

type Name = 'none' | 'plain' | 'ours';

export function figuresOf(answers: readonly Answer[], { killedAt, backAt }: Phases): Figures {
  const phase = (from: number, to: number) => answers.filter(({ at }) => at >= from && at < to);
  const tally = (of: readonly Answer[]): Phase => {
    const errors = of.filter(({ loadedAt }) => loadedAt === undefined).length;
    return { answers: of.length - errors, errors };
  };
  const down = phase(killedAt, backAt);
  const back = phase(backAt, Number.POSITIVE_INFINITY);
  const ages = down.flatMap(({ at, loadedAt }) => (loadedAt === undefined ? [] : [at - loadedAt]));
  const fresh = back.find(({ loadedAt }) => loadedAt !== undefined && loadedAt >= backAt);
  return {
    before: tally(phase(Number.NEGATIVE_INFINITY, killedAt)),
    down: { ...tally(down), oldestMs: ages.length > 0 ? rounded(Math.max(...ages), 0) : null },
    back: { ...tally(back), freshAfterMs: fresh ? rounded(fresh.at - backAt, 1) : null },
  };
}

export function outcomeOf(
  answers: Readonly<Record<Name, readonly Answer[]>>,
  phases: Phases,
): Outcome {
  const figures = {
    none: figuresOf(answers.none, phases),
    plain: figuresOf(answers.plain, phases),
    ours: figuresOf(answers.ours, phases),
  };
  const { none, plain, ours } = figures;
  const all = [none, plain, ours];
  const judged = ({ errors }: Phase): Cell => (errors === 0 ? good('0') : bad(count(errors)));
  const oldest = ({ down }: Figures): Cell =>
    down.oldestMs === null ? '-' : seconds(down.oldestMs);
  return {
    figures,
    grid: {
      head: ['', 'no cache', 'get and set', 'staleIfError'],
      rows: [
        ['before, answers', ...all.map(({ before }) => count(before.answers))],
        ['  errors', ...all.map(({ before }) => judged(before))],
        ['database down, answers', ...all.map(({ down }) => count(down.answers))],
        ['  errors', ...all.map(({ down }) => judged(down))],
        ['  oldest value served', ...all.map(oldest)],
        ['standby, answers', ...all.map(({ back }) => count(back.answers))],
        ['  errors', ...all.map(({ back }) => judged(back))],
        ['  first new value after', ...all.map(({ back }) => ms(back.freshAfterMs ?? Number.NaN))],
      ],
    },
    notes: [
      'The price of no errors is old values: staleIfError says for how long the last good value may stand in.',
    ],
    closing: [
      ['errors while the database is down', judged(none.down), judged(ours.down)],
      ['  with get and set', judged(plain.down), judged(ours.down)],
    ],
    problems: problemsOf(figures),
  };
}

function problemsOf({ none, ours }: Readonly<Record<Name, Figures>>): string[] {
  const problems: string[] = [];
  if (none.down.errors === 0) problems.push('Nobody noticed that the database was down.');
  if (ours.down.errors > 0) problems.push(`${ours.down.errors} errors in spite of staleIfError.`);
  if (ours.back.freshAfterMs === null) problems.push('No new value came from the standby.');
  return problems;
}
