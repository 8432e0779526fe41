import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const below = (folder: string, end: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith(end) && !path.endsWith('glossary.md'))
    .map((path) => read(join(folder, path)));

const [words = '', names = ''] = read('docs/glossary.md').split(/^## /m);
const firstCells = (table: string) =>
  [...table.matchAll(/^\| ([^|]+?) +\|/gm)].map(([, cell = '']) => cell).slice(1);
const terms = firstCells(words).filter((cell) => !/^-+$/.test(cell));
const classes = firstCells(names).flatMap((cell) => cell.match(/(?<=`)\w+(?=`)/g) ?? []);

const code = below('src', '.ts');
const texts = [...code, ...below('docs', '.md')];
const engine = ['engine', 'model', 'resilience'].flatMap((room) => below(`src/${room}`, '.ts'));

describe('the glossary', () => {
  it.each(terms)('has "%s", which the code or the pages use', (term) => {
    // "soft timeout" is `softTimeout` in the code, "in flight" also "in-flight".
    const form = term.replace(/[ -]/g, '[ \\n-]?').replace(/y$/, '(y|ies)');
    expect(texts.some((text) => new RegExp(form, 'i').test(text))).toBe(true);
  });

  it('is sorted, with every term once', () => {
    const lower = terms.map((term) => term.toLowerCase());
    expect(lower.length).toBeGreaterThan(50);
    expect(lower).toEqual([...new Set(lower)].sort());
  });

  it('explains every class of the engine, and no class that is gone', () => {
    const declared = engine.flatMap((text) =>
      [...text.matchAll(/^export (?:class|interface) (\w+)/gm)].map(([, name = '']) => name),
    );
    const own = engine.flatMap((text) =>
      [...text.matchAll(/^export class (\w+)/gm)].map(([, name = '']) => name),
    );
    // The public ones have pages of their own.
    const isPublic = (name: string) => ['CacheError', 'Entry'].includes(name);
    expect(own.filter((name) => !isPublic(name) && !classes.includes(name))).toEqual([]);
    const known = [...declared, ...code.flatMap((text) => text.match(/class \w+/g) ?? [])];
    expect(classes.filter((name) => !known.some((each) => each.endsWith(name)))).toEqual([]);
  });

  it.each([
    'lease',
    'fence',
    'single-flight',
    'breaker',
    'token',
    'tier',
    'tag',
    'jitter',
    'XFetch',
  ])('keeps the word "%s" of the field', (word) => {
    expect(terms).toContain(word);
  });

  it.each(['fresh', 'stale', 'expired', 'fill', 'snapshot', 'tombstone', 'local hit', 'backfill'])(
    'has the word "%s", which stands in the code',
    (word) => {
      expect(terms).toContain(word);
    },
  );
});
