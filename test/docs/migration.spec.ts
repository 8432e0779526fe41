import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../../scripts/run.js';

const page = readFileSync(`${root}docs/migration.md`, 'utf8');
/** Words of the examples, which no package declares. */
const OURS = new Set([
  'cache',
  'ctx',
  'key',
  'fn',
  'ms',
  'users',
  'undefined',
  'null',
  'true',
  'raw',
]);

describe.each([
  ['cache-manager', 'cache-manager', 7],
  ['bentocache', 'bentocache', 1],
  ['Keyv', 'keyv', 5],
] as const)('the table for %s', (title, name, major) => {
  const folder = folderOf(name);
  const declared = declarations(folder);

  it('is about the version that is installed here', () => {
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    expect(version.split('.')[0]).toBe(String(major));
  });

  it('names what the package has', () => {
    const named = firstColumn(title);
    expect(named.length).toBeGreaterThan(4);
    const unknown = named.filter((word) => !new RegExp(`\\b${word}\\b`).test(declared));
    expect(unknown).toEqual([]);
  });
});

it('the tables name our own methods and options as they are', () => {
  const source = readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(`${root}src/${file}`, 'utf8'))
    .join('\n');
  const called = [...page.matchAll(/^\|[^|]*\| ([^|]*) \|/gm)].flatMap(([, cell = '']) =>
    words(cell),
  );
  const unknown = called.filter((word) => !new RegExp(`\\b${word}\\b`).test(source));
  expect([...new Set(unknown)]).toEqual([]);
});

function firstColumn(title: string): string[] {
  const section = page.split(/^## /m).find((text) => text.startsWith(`From ${title}`)) ?? '';
  const cells = [...section.matchAll(/^\| ([^|]*) \|/gm)].map(([, cell = '']) => cell);
  return [...new Set(cells.flatMap(words))].filter((word) => !OURS.has(word));
}

const words = (cell: string): string[] =>
  [...cell.matchAll(/`([^`]*)`/g)]
    .map(([, code = '']) => code.replace(/'[^']*'/g, ''))
    .flatMap((code) => code.match(/[A-Za-z]\w+/g) ?? []);

function folderOf(name: string): string {
  const entry = createRequire(import.meta.url).resolve(name);
  let folder = dirname(entry);
  const isIt = () => {
    try {
      return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).name === name;
    } catch {
      return false;
    }
  };
  while (!isIt()) folder = dirname(folder);
  return folder;
}

/** Everything that the package declares, without what it depends on. */
const declarations = (folder: string): string =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.d\.[cm]?ts$/.test(file) && !file.startsWith('node_modules'))
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('\n');

it('the comparison counts the run-time dependencies of the others', () => {
  const row = readFileSync(`${root}docs/comparison.md`, 'utf8')
    .match(/^\| Run-time dependencies.*$/m)?.[0]
    .split('|')
    .map((cell) => cell.trim());
  const counts = ['bentocache', 'cache-manager', 'keyv'].map((name) => {
    const manifest = JSON.parse(readFileSync(join(folderOf(name), 'package.json'), 'utf8'));
    return Object.keys(manifest.dependencies ?? {}).length;
  });
  const numbers = ['none', 'one', 'two', 'three', 'four', 'five', 'six', 'seven'];
  expect([row?.[3], row?.[4], row?.[6]]).toEqual(counts.map((count) => numbers[count]));
});
