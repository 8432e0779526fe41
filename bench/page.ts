import { readFile, writeFile } from 'node:fs/promises';
import type { Figure, Table } from './figure.js';
import { numberText } from './report.js';

const BEGIN = '<!-- measured: begin -->';
const END = '<!-- measured: end -->';

/** Puts the tables of a figure between the two marks of a page, in place of the old ones. */
export async function writeTables(page: URL, figure: Figure): Promise<void> {
  await writeFile(page, withTables(await readFile(page, 'utf8'), figure));
}

export function withTables(page: string, { tables }: Figure): string {
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined) throw new Error(`There is no "${BEGIN}" with an "${END}" after it.`);
  return `${before}${BEGIN}\n\n${tables.map(toMarkdown).join('\n\n')}\n\n${END}${after}`;
}

/** Columns as wide as their widest cell, so that the formatter finds nothing to do. */
export function toMarkdown({ columns, rows }: Table): string {
  const cells = [
    columns.map(({ name }) => name),
    ...rows.map(([name, ...numbers]) => [
      name,
      ...numbers.map((value, i) => numberText(value, columns[i + 1]?.unit)),
    ]),
  ];
  const widths = columns.map((_, i) => Math.max(...cells.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`;
  const rule = widths.map((width, i) =>
    i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  const [head = [], ...body] = cells;
  return [line(head), line(rule), ...body.map(line)].join('\n');
}
