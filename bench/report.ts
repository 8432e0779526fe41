import CliTable from 'cli-table3';
import colors from 'picocolors';
import { type Check, type Figure, misses, passes, type Table, type Unit } from './figure.js';

/** One line a row, with no rules between them. */
const STYLE = {
  style: { head: [], border: [] },
  chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
};

/** One figure: what it is, what was measured, and how it stands to its targets. */
export function renderFigure({ title, notes, tables, checks }: Figure): string {
  return [
    colors.bold(title),
    ...notes.map((note) => colors.dim(note)),
    ...tables.map(renderTable),
    renderChecks(checks),
    '',
  ].join('\n');
}

/** All verdicts at the end, one a line. */
export function renderVerdict(figures: readonly Figure[]): string {
  const lines = figures.flatMap(({ name, checks }) =>
    checks.map((check) => `${verdict(check)}  ${name}: ${check.what} ${sentence(check)}`),
  );
  const missed = misses(figures).length;
  const summary =
    missed === 0
      ? colors.green(`All ${lines.length} targets are met.`)
      : colors.red(`${missed} of ${lines.length} targets are missed.`);
  return [...lines, summary].join('\n');
}

function renderTable({ columns, rows }: Table): string {
  const table = new CliTable({
    head: columns.map(({ name, unit }) => colors.bold(suffix(unit) ? `${name}, ${unit}` : name)),
    colAligns: columns.map((_, i) => (i === 0 ? 'left' : 'right')),
    ...STYLE,
  });
  for (const [name, ...numbers] of rows) {
    table.push([name, ...numbers.map((value, i) => numberText(value, columns[i + 1]?.unit))]);
  }
  return table.toString();
}

function renderChecks(checks: readonly Check[]): string {
  const table = new CliTable({
    head: ['figure', 'measured', 'target', 'verdict'].map((text) => colors.bold(text)),
    colAligns: ['left', 'right', 'right', 'left'],
    ...STYLE,
  });
  for (const check of checks) {
    const { what, value, unit } = check;
    table.push([what, `${numberText(value, unit)} ${unit}`, targetText(check), verdict(check)]);
  }
  return table.toString();
}

const sentence = (check: Check): string =>
  `${numberText(check.value, check.unit)} ${check.unit}, target ${targetText(check)}`.replace(
    ' ,',
    ',',
  );

function targetText({ target, unit }: Check): string {
  const [words, bound] =
    'atMost' in target ? ['at most', target.atMost] : ['at least', target.atLeast];
  return `${words} ${bound.toLocaleString('en-US')} ${unit}`.trim();
}

const verdict = (check: Check): string =>
  passes(check) ? colors.green('ok  ') : colors.red('MISS');

const suffix = (unit: Unit | undefined): boolean =>
  unit !== undefined && unit !== 'times' && unit !== '%';

/** With as many digits as the unit is measured to. */
export function numberText(value: number, unit: string | undefined): string {
  if (Number.isNaN(value)) return '';
  if (unit === 'times') return value.toFixed(2);
  if (unit === '%') return value.toFixed(1);
  const digits = unit === 'ms' || unit === 'us' ? 1 : unit === '' || unit === undefined ? 2 : 0;
  return value.toLocaleString('en-US', { maximumFractionDigits: digits });
}
