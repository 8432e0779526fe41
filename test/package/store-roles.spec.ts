import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const stores = fileURLToPath(new URL('../../src/stores', import.meta.url));

/** The file names of a store's parts, each with the reason why some stores have none. */
const ROLES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  options: {},
  error: {},
  record: { tiered: 'its tiers write the records' },
  values: {
    keyv: 'no overflow store: record.ts converts them',
    memory: 'no overflow store: it reads and writes them itself',
    tiered: 'its tiers convert them',
  },
  conditions: {
    keyv: 'Keyv has no conditional writes',
    memory: 'one process: a comparison of two strings',
    tiered: 'its tiers compare',
  },
  writes: {
    keyv: 'one call of Keyv',
    memory: 'it writes into a Map',
    tiered: 'upper-tier.ts orders the writes of its tiers',
  },
  scan: {
    keyv: 'Keyv cannot list its keys',
    memory: 'it goes over a Map',
    tiered: 'its tiers scan',
  },
  'connection or database': {
    memory: 'it holds the values itself',
    tiered: 'its tiers connect',
  },
};

/** Folders that are no store: parts of several stores. */
const SHARED = ['aws', 'overflow'];

const folders = readdirSync(stores, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !SHARED.includes(entry.name))
  .map(({ name }) => name);

const cases = folders.flatMap((store) => Object.keys(ROLES).map((role) => [store, role] as const));

describe('a store', () => {
  it.each(cases)('%s has a file for its role "%s", or a reason to have none', (store, role) => {
    const names = role.split(' or ');
    const has = names.filter((name) => existsSync(join(stores, store, `${name}.ts`)));
    const reason = ROLES[role]?.[store];
    expect(has).toHaveLength(reason === undefined ? 1 : 0);
  });

  it.each(folders)('%s is the class of the file named after it', (store) => {
    expect(existsSync(join(stores, store, `${store}-cache-store.ts`))).toBe(true);
    expect(existsSync(join(stores, store, 'index.ts'))).toBe(true);
  });

  it('declares its options in options.ts only', () => {
    expect(holders(/export interface \w+CacheStoreOptions\b/)).toEqual(['options.ts']);
  });

  it('makes its errors in error.ts only, but for options and missing packages', () => {
    expect(holders(/new CacheError\((?!\s*'(INVALID_OPTION|MISSING_PEER)')/)).toEqual(['error.ts']);
  });

  it('writes its clauses of conditions in conditions.ts only', () => {
    const clause = /attribute_not_exists|string\.sub\(header, 2|IfNoneMatch|if-none-match/;
    expect(holders(clause)).toEqual(['conditions.ts']);
  });
});

/** The names of the files below the stores that hold the pattern. */
function holders(pattern: RegExp): string[] {
  const paths = readdirSync(stores, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter(
      (path) => path.endsWith('.ts') && pattern.test(readFileSync(join(stores, path), 'utf8')),
    );
  return [...new Set(paths.map((path) => path.split('/').at(-1) ?? path))].sort();
}
