import type { Colors } from 'picocolors/types.js';
import type { Act, Outcome } from './act.js';
import { renderGrid } from './grid.js';

const NEXT = `npm install @glasswork/cache

import { CacheService, DynamoDBCacheStore } from '@glasswork/cache';

const store = new DynamoDBCacheStore({ tableName: process.env.CACHE_TABLE });
const cache = new CacheService(store, { keyPrefix: 'shop', staleIfError: '1h' });

const item = await cache.wrap(\`item:\${id}\`, '5m', () => loadItem(id));`;

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
    NEXT,
    `\nThe example API on the same embedded servers: ${colors.bold('npm run api')}`,
    `One act again: ${colors.bold('npm run demo -- --act b')}`,
  ].join('\n');
}
