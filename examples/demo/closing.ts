import { readFileSync } from 'node:fs';
import type { Colors } from 'picocolors/types.js';
import type { Act, Outcome } from './act.js';
import { renderGrid } from './grid.js';

/** A file of its own, so that the compiler checks what users paste. */
const SNIPPET = new URL('paste-next.ts', import.meta.url);

/** The figures of all acts in one table, and the first lines of a project that uses the cache. */
export function renderClosing(
  played: readonly { act: Act; outcome: Outcome }[],
  width: number,
  colors: Colors,
): string {
  const rows = played.flatMap(({ act, outcome }) =>
    outcome.closing.map(([what, without, ours], i) => {
      return [i === 0 ? act.letter : '', what, without, ours];
    }),
  );
  const grid = { head: ['', '', 'without', '@glasswork/cache'], rows, names: 2 };
  return [
    ...(rows.length > 0 ? [`\n${colors.bold('In short')}`, renderGrid(grid, width, colors)] : []),
    `\n${colors.bold('Paste next')} (the table and its policy: infrastructure/sam.yaml)`,
    'npm install @glasswork/cache',
    `\n${readFileSync(SNIPPET, 'utf8').trim()}`,
    `\nThe example API on the same embedded servers: ${colors.bold('npm run api')}`,
    `One act again: ${colors.bold('npm run demo -- --act b')}`,
  ].join('\n');
}
