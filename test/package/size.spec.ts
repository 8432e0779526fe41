import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type LongList, longParameterLists } from './parameters.js';

const src = fileURLToPath(new URL('../../src', import.meta.url));
const MOST_LINES = 250;
const MOST_PARAMETERS = 4;

/** Functions that may take more, and why. */
const ALLOWED: Readonly<Record<string, string>> = {
  'engine/store-access.ts #run': 'every call to the store comes through it',
  'stores/redis/client.ts scanBuffer': "the client's own method",
  'stores/redis/node-redis/cluster.ts scanBuffer': "the client's own method",
  'stores/redis/node-redis/sentinel.ts scanBuffer': "the client's own method",
  'stores/redis/node-redis/server.ts scanBuffer': "the client's own method",
  'stores/redis/scripts.ts glassworkCacheWrite': "the client's own method",
};

const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path, source: readFileSync(join(src, path), 'utf8') }));

describe('the code of src', () => {
  it(`has at most ${MOST_LINES} lines in a file, because a longer one holds a second idea`, () => {
    expect(files.length).toBeGreaterThan(100);
    const lengths = files.map(({ path, source }) => ({ path, lines: linesOf(source) }));
    expect(lengths.filter(({ lines }) => lines > MOST_LINES)).toEqual([]);
  });

  it(`has functions of at most ${MOST_PARAMETERS} parameters, because more are told apart only by name`, () => {
    const long = files.flatMap(({ path, source }) =>
      longParameterLists(path, source, MOST_PARAMETERS).map(({ name }) => `${path} ${name}`),
    );
    expect([...new Set(long)].sort()).toEqual(Object.keys(ALLOWED).sort());
  });
});

describe('the finder of long parameter lists', () => {
  it.each<[string, string, LongList[]]>([
    ['a function', 'function f(a, b, c) {}', [{ name: 'f', count: 3 }]],
    ['an arrow', 'const f = (a, b, c) => 1;', [{ name: 'f', count: 3 }]],
    ['a method', 'class C { #m(a: 1, b?: 2, ...c: 3[]) {} }', [{ name: '#m', count: 3 }]],
    ['a constructor', 'class C { constructor(a, b, c) {} }', [{ name: 'constructor', count: 3 }]],
    ['a method of a type', 'interface I { m(a: 1, b: 2, c: 3): void }', [{ name: 'm', count: 3 }]],
    ['no shorter one', 'function f({ a, b, c, d }, e) {}', []],
  ])('finds %s', (_what, source, found) => {
    expect(longParameterLists('a.ts', source, 2)).toEqual(found);
  });
});

const linesOf = (source: string): number => source.trimEnd().split('\n').length;
