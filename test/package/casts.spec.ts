import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { unexplainedCasts } from './casts.js';

const src = fileURLToPath(new URL('../../src', import.meta.url));
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((path) =>
  path.endsWith('.ts'),
);

describe('the code of src', () => {
  it('overrules the compiler only where a comment says why that is right', () => {
    expect(files.length).toBeGreaterThan(100);
    const casts = files.flatMap((path) =>
      unexplainedCasts(path, readFileSync(join(src, path), 'utf8')).map(
        ({ line, code }) => `src/${path}:${line}: ${code}`,
      ),
    );
    expect(casts).toEqual([]);
  });

  it('switches no check of the compiler off, and none of the linter without a reason', () => {
    const directives = files.flatMap((path) =>
      readFileSync(join(src, path), 'utf8')
        .split('\n')
        .filter(
          (line) => /@ts-\w+|biome-ignore/.test(line) && !/biome-ignore [\w/]+: \S/.test(line),
        ),
    );
    expect(directives).toEqual([]);
  });
});

describe('the finder of casts', () => {
  it.each([
    ['as', 'const a = b as string;', 'b as string'],
    ['as in two lines', 'const a =\n  b as string;', 'b as string'],
    ['a cast of the old form', 'const a = <string>b;', '<string>b'],
    ['a non-null assertion', 'const a = b!;', 'b!'],
    ['a definite assignment', 'class A {\n  b!: string;\n}', 'b!: string;'],
    ['any', 'let a: any;', 'any'],
    ['a cast below a doc comment', '/** Text. */\nconst a = b as string;', 'b as string'],
    ['a cast in the line after the next', '// Why.\nc();\nconst a = b as string;', 'b as string'],
  ])('finds %s', (_what, source, code) => {
    expect(unexplainedCasts('a.ts', source).map((cast) => cast.code)).toEqual([code]);
  });

  it.each([
    ['as const', 'const a = [1] as const;'],
    ['satisfies', 'const a = {} satisfies object;'],
    ['a comment above', '// Why.\nconst a = b as string;'],
    ['a comment on the same line', 'const a = b as string; // Why.'],
    ['a comment above a cast in several lines', '// Why.\nconst a = b as {\n  c: 1;\n};'],
    ['the word in a text', "const a = 'b as string';"],
  ])('accepts %s', (_what, source) => {
    expect(unexplainedCasts('a.ts', source)).toEqual([]);
  });
});
