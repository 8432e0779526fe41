import Table from 'cli-table3';
import type { Colors } from 'picocolors/types.js';

/** `good` and `bad` are judgements on a figure, and coloured. */
export type Cell = string | { readonly text: string; readonly tone: 'good' | 'bad' };

export interface Grid {
  /** The first names the rows, and may be empty. */
  readonly head: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  /** The columns of names, from the left. Default 1. */
  readonly names?: number;
}

export const good = (text: string): Cell => ({ text, tone: 'good' });
export const bad = (text: string): Cell => ({ text, tone: 'bad' });

/** A table; where the width does not hold it, a paragraph for each row. */
export function renderGrid(grid: Grid, width: number, colors: Colors): string {
  const table = asTable(grid, colors);
  return widthOf(table) <= width ? table : asParagraphs(grid, colors);
}

function asTable({ head, rows, names = 1 }: Grid, colors: Colors): string {
  const table = new Table({
    head: head.map((text) => colors.bold(text)),
    colAligns: head.map((_, i) => (i < names ? 'left' : 'right')),
    // Lines between the rows would double the height, and with it what scrolls away.
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
    style: { head: [], border: [] },
  });
  for (const row of rows) table.push(row.map((cell) => paint(cell, colors)));
  return table.toString();
}

function asParagraphs({ head, rows, names = 1 }: Grid, colors: Colors): string {
  return rows
    .flatMap((row) => {
      const name = row.slice(0, names).map(textOf).join(' ').trim();
      const figures = row.slice(names).flatMap((cell, i) => {
        return textOf(cell) === '' ? [] : [`  ${head[names + i]}: ${paint(cell, colors)}`];
      });
      return [colors.bold(name), ...figures];
    })
    .join('\n');
}

const textOf = (cell: Cell): string => (typeof cell === 'string' ? cell : cell.text);

function paint(cell: Cell, colors: Colors): string {
  if (typeof cell === 'string') return cell;
  return cell.tone === 'good' ? colors.green(cell.text) : colors.yellow(cell.text);
}

function widthOf(table: string): number {
  // The first line is a border: it has no colours, whose characters take no room.
  return table.split('\n', 1)[0]?.length ?? 0;
}
