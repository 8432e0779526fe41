import { NARROW, printable, type Terminal } from './terminal.js';

export interface Column<Row> {
  readonly head: string;
  readonly align?: 'right';
  /** Takes the width that the other columns leave, and is cut to it. */
  readonly flexible?: true;
  text(row: Row): string;
  color?(row: Row): ((text: string) => string) | undefined;
}

const NO_BORDERS = Object.fromEntries(
  ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left']
    .concat('bottom-right', 'left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid')
    .map((name) => [name, '']),
);
const GAP = '  ';
/** The least width of a flexible column. */
const LEAST = 16;

/**
 * Rows as a table that is as wide as the terminal; as a list in a narrow one. `head: false` continues a table whose
 * first rows were printed before, with the same widths.
 */
export async function renderTable<Row>(
  { colors, width }: Terminal,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  {
    layout = layoutOf(columns, rows, width),
    head = true,
  }: { layout?: Layout; head?: boolean } = {},
): Promise<string> {
  const cell = (column: Column<Row>, row: Row) => {
    const text = cut(printable(column.text(row)), layout.widths[columns.indexOf(column)]);
    return (column.color?.(row) ?? String)(text);
  };
  if (layout.isList) {
    const longest = Math.max(...columns.map((column) => column.head.length));
    return rows
      .map((row) =>
        columns
          .map((column) => `${colors.dim(column.head.padEnd(longest))}  ${cell(column, row)}\n`)
          .join(''),
      )
      .join('\n');
  }
  // cli-table3 measures wide characters, and takes 0.2 ms a row: too long for the later blocks of a long list.
  if (!head) {
    const lines = rows.map((row) => paddedLine(columns, row, layout));
    if (lines.every((line) => line !== undefined)) return lines.join('');
  }
  const { default: Table } = await import('cli-table3');
  const table = new Table({
    chars: { ...NO_BORDERS, middle: GAP },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
    colAligns: columns.map(({ align }) => align ?? ('left' as const)),
    colWidths: [...layout.widths],
    wordWrap: false,
  });
  if (head) table.push(columns.map((column) => colors.bold(column.head)));
  for (const row of rows) table.push(columns.map((column) => cell(column, row)));
  const lines = table.toString().split('\n');
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

/** One line of a table, or undefined if a text has characters whose width is not one. */
function paddedLine<Row>(
  columns: readonly Column<Row>[],
  row: Row,
  { widths }: Layout,
): string | undefined {
  let line = '';
  for (const [i, column] of columns.entries()) {
    const width = widths[i] ?? 0;
    const text = cut(printable(column.text(row)), width);
    if (!/^[ -~…]*$/.test(text)) return undefined;
    const padding = ' '.repeat(Math.max(0, width - text.length));
    const colored = (column.color?.(row) ?? String)(text);
    line += `${i > 0 ? GAP : ''}${column.align === 'right' ? padding + colored : colored + padding}`;
  }
  return `${line.trimEnd()}\n`;
}

export interface Layout {
  readonly isList: boolean;
  readonly widths: readonly number[];
}

/** The widths that these rows need, within the terminal. */
export function layoutOf<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number,
): Layout {
  const needed = columns.map((column) =>
    rows.reduce(
      (most, row) => Math.max(most, printable(column.text(row)).length),
      column.head.length,
    ),
  );
  const total = needed.reduce((sum, each) => sum + each + GAP.length, -GAP.length);
  if (total <= width) return { isList: false, widths: needed };
  const flexible = columns.findIndex((column) => column.flexible);
  const left = width - (total - (needed[flexible] ?? 0));
  if (width < NARROW || left < LEAST)
    return { isList: true, widths: columns.map(() => Math.max(8, width - LEAST)) };
  return { isList: false, widths: needed.map((each, i) => (i === flexible ? left : each)) };
}

function cut(text: string, width = Number.POSITIVE_INFINITY): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

/** Pairs as two columns: a name, and what it is. */
export function renderPairs(
  { colors, width }: Terminal,
  pairs: readonly (readonly [name: string, text: string | undefined])[],
): string {
  const given = pairs.filter((pair): pair is readonly [string, string] => pair[1] !== undefined);
  const longest = Math.max(...given.map(([name]) => name.length));
  return given
    .map(([name, text]) => {
      const shown = cut(
        text.split('\n').map(printable).join(' '),
        Math.max(LEAST, width - longest - 2),
      );
      return `${colors.dim(name.padEnd(longest))}  ${shown}\n`;
    })
    .join('');
}
