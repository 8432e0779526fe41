import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { compile, type Extracted, extract, extractComments } from './examples.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('examples', () => {
  const found = [
    ...files('.', /^(README|CONTRIBUTING)\.md$/).map((file) => extract(file, read(file))),
    ...files('docs', /\.md$/).map((file) => extract(file, read(file))),
    ...files('src', /\.ts$/).map((file) => extractComments(file, read(file))),
  ];
  const examples = found.flatMap((one) => one.examples);

  it('are tagged so that they are compiled', () => {
    expect(found.flatMap((one) => one.problems)).toEqual([]);
  });

  it('compile, each as a module of its own', async () => {
    expect(examples.length).toBeGreaterThan(3);
    expect(await compile(examples, 'examples')).toEqual([]);
  });
});

describe('the check of examples', () => {
  it('names the document and the line of an error', async () => {
    const markdown = ['# Title', '', '```ts', 'const fine = 1;', '```', 'Text.', '   ```ts [a.ts]'];
    const wrong = [
      '   const two = 2;',
      "   const one: number = 'one';",
      '   ```',
      '```sh',
      'ls',
      '```',
    ];
    const comment = [
      '',
      '/**',
      ' * Text.',
      ' * @example',
      ' * ```ts',
      ' * fine();',
      ' * ```',
      ' */',
    ];
    const { examples, problems } = extract('docs/a.md', [...markdown, ...wrong].join('\n'));
    const commented = extractComments('src/b.ts', comment.join('\n'));
    expect([...problems, ...commented.problems]).toEqual([]);
    expect(await compile([...examples, ...commented.examples], 'examples-of-errors')).toEqual([
      "docs/a.md:9: error TS2322: Type 'string' is not assignable to type 'number'.",
      "src/b.ts:6: error TS2304: Cannot find name 'fine'.",
    ]);
  });

  it.each<[string, Extracted, string]>([
    [
      'no reason',
      extract('a.md', '```ts no-check\nx\n```'),
      'a.md:1: "ts no-check" is not compiled: tag it "ts", or "ts no-check: <the reason>"',
    ],
    [
      'another name of the language',
      extract('a.md', 'text\n```typescript\nx\n```'),
      'a.md:2: "typescript" is not compiled: tag it "ts", or "ts no-check: <the reason>"',
    ],
    ['no end', extract('a.md', '\n```ts\nx'), 'a.md:2: the block has no end'],
    [
      'an @example without a block',
      extractComments('b.ts', 'let a;\n/**\n * @example\n * x()\n */'),
      'b.ts:2: an @example here has no ```ts block',
    ],
  ])('refuses %s', (_what, { problems }, problem) => {
    expect(problems).toEqual([problem]);
  });

  it('accepts a block that says why it cannot compile', () => {
    const text = '```ts no-check: syntax of the version before\nx\n```';
    expect(extract('a.md', text)).toEqual({ examples: [], problems: [] });
  });
});

function files(folder: string, name: RegExp): string[] {
  if (!existsSync(root + folder)) return [];
  return readdirSync(root + folder, { recursive: folder !== '.', encoding: 'utf8' })
    .filter((path) => name.test(path))
    .map((path) => (folder === '.' ? path : `${folder}/${path.replaceAll('\\', '/')}`))
    .sort();
}

function read(file: string): string {
  return readFileSync(root + file, 'utf8');
}
