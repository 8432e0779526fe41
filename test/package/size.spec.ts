import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const src = fileURLToPath(new URL('../../src', import.meta.url));
const MOST_LINES = 250;

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
});

const linesOf = (source: string): number => source.trimEnd().split('\n').length;
