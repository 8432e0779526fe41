import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const src = fileURLToPath(new URL('../../src', import.meta.url));
const MOST_LINES = 250;

it(`keeps every file of src at ${MOST_LINES} lines, because a longer one holds a second idea`, () => {
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.ts'),
  );
  expect(files.length).toBeGreaterThan(100);
  const lengths = files.map((path) => ({ path, lines: linesOf(join(src, path)) }));
  expect(lengths.filter(({ lines }) => lines > MOST_LINES)).toEqual([]);
});

const linesOf = (file: string): number => readFileSync(file, 'utf8').trimEnd().split('\n').length;
