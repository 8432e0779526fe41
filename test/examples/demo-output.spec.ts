import { readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import { figuresOf } from '../../examples/demo/acts/outage-report.js';
import { bad, type Grid, good, renderGrid } from '../../examples/demo/grid.js';
import { parseOptions } from '../../examples/demo/options.js';
import { colorsOf, createProgress, widthOf } from '../../examples/demo/terminal.js';
import { ms, wrapped } from '../../examples/demo/text.js';

const plain = pc.createColors(false);

/** A stream as the terminal's, whose text is kept. */
function stream(terminal: { columns?: number } | undefined) {
  const out = new PassThrough();
  if (terminal) Object.assign(out, { isTTY: true, ...terminal });
  const text = () => String(out.read() ?? '');
  // The functions use nothing of a terminal's stream but these properties and `write`.
  return { out: out as unknown as NodeJS.WriteStream, text };
}

describe('a table of the demo', () => {
  const grid: Grid = {
    head: ['', 'without', 'with'],
    rows: [
      ['reads', '30.0 ms', good('5.0 ms')],
      ['hits', '', '80 %'],
      ['writes', '31.0 ms', bad('40.0 ms')],
    ],
  };

  it('is as wide as its cells', () => {
    const lines = renderGrid(grid, 80, plain).split('\n');
    expect(new Set(lines.map((line) => line.length)).size).toBe(1);
    expect(lines[2]).toBe('│ reads  │ 30.0 ms │  5.0 ms │');
  });

  it('becomes paragraphs where the terminal is narrower', () => {
    const width = renderGrid(grid, 80, plain).indexOf('\n');
    expect(renderGrid(grid, width, plain)).toContain('│');
    expect(renderGrid(grid, width - 1, plain)).toBe(
      [
        ...['reads', '  without: 30.0 ms', '  with: 5.0 ms', 'hits', '  with: 80 %'],
        ...['writes', '  without: 31.0 ms', '  with: 40.0 ms'],
      ].join('\n'),
    );
  });

  it('colours judgements, and is not wider for it', () => {
    const colored = renderGrid(grid, 80, pc.createColors(true));
    expect(colored).toContain(pc.createColors(true).green('5.0 ms'));
    expect(colored).toContain(pc.createColors(true).yellow('40.0 ms'));
    expect(stripVTControlCharacters(colored)).toBe(renderGrid(grid, 80, plain));
  });
});

describe('the colours of a stream', () => {
  it.each<[string, boolean, NodeJS.ProcessEnv, boolean]>([
    ['a terminal', true, {}, true],
    ['a pipe', false, {}, false],
    ['a pipe in CI', false, { CI: 'true' }, false],
    ['a terminal with NO_COLOR', true, { NO_COLOR: '1' }, false],
    ['a terminal with an empty NO_COLOR', true, { NO_COLOR: '' }, true],
    ['a dumb terminal', true, { TERM: 'dumb' }, false],
    ['a pipe with FORCE_COLOR', false, { FORCE_COLOR: '1' }, true],
    ['a pipe with both', false, { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
  ])('of %s', (_what, isTerminal, env, colored) => {
    const { out } = stream(isTerminal ? {} : undefined);
    expect(colorsOf(out, env).isColorSupported).toBe(colored);
  });
});

describe('the progress of the demo', () => {
  it('is a line that moves on a terminal, and is gone before anything else is said', () => {
    const { out, text } = stream({ columns: 80 });
    const progress = createProgress(out, { NO_COLOR: '1' });
    progress.step('a  measuring', 12, 24);
    expect(text()).toBe(`\r\x1b[2Ka  measuring  ${'█'.repeat(12)}${'░'.repeat(12)} 12 of 24`);
    progress.say('busy');
    expect(text()).toBe('\r\x1b[2Kbusy\n');
    progress.clear();
    expect(text()).toBe('');
  });

  it.each([10, 20, 40])('never wraps in %i columns', (columns) => {
    const { out, text } = stream({ columns });
    createProgress(out, { NO_COLOR: '1' }).step('a  measuring', 1_000, 2_000);
    const line = text().replace('\r\x1b[2K', '');
    expect(line).toMatch(/^a {2}/);
    expect(line.length).toBeLessThan(columns);
  });

  it.each<[string, { columns?: number } | undefined, NodeJS.ProcessEnv]>([
    ['a pipe', undefined, {}],
    ['a dumb terminal', {}, { TERM: 'dumb' }],
  ])('is nothing for %s', (_what, terminal, env) => {
    const { out, text } = stream(terminal);
    const progress = createProgress(out, env);
    progress.step('a  measuring', 2, 2);
    progress.clear();
    expect(text()).toBe('');
  });

  it('takes a pipe, and a terminal that does not know its width, for 80 columns wide', () => {
    expect(widthOf(stream(undefined).out)).toBe(80);
    expect(widthOf(stream({ columns: 0 }).out)).toBe(80);
    expect(widthOf(stream({ columns: 50 }).out)).toBe(50);
  });
});

describe('the options of the demo', () => {
  const all = ['traffic', 'stampede', 'update-race', 'outage', 'cold-start'];

  it.each<[readonly string[], readonly string[]]>([
    [[], all],
    [['--act', 'b'], ['stampede']],
    [
      ['--act', 'e,b'],
      ['stampede', 'cold-start'],
    ],
    [
      ['--act', 'outage', '--act', 'A'],
      ['traffic', 'outage'],
    ],
    [['--act', 'c,c, update-race'], ['update-race']],
  ])('%j plays %j', (argv, acts) => {
    expect(parseOptions(argv).acts).toEqual(acts);
  });

  it.each([
    [[], 30],
    [['--origin', '0ms'], 0],
    [['--origin', '12.5'], 12.5],
    [['--origin', '0.2s'], 200],
  ])('%j takes a median of %d ms', (argv, origin) => {
    expect(parseOptions(argv).origin).toBe(origin);
  });
});

describe('text', () => {
  it('breaks between words', () => {
    expect(wrapped('one two three', 7)).toBe('one two\nthree');
    expect(wrapped('one', 2)).toBe('one');
  });

  it('has a dash where nothing was measured', () => {
    expect([ms(1.25), ms(Number.NaN), ms(undefined)]).toEqual(['1.3 ms', '-', '-']);
  });
});

it('tells the phases of an outage by when callers had their answers', () => {
  const answers = [
    { at: 10, loadedAt: 5 },
    { at: 99, loadedAt: undefined },
    { at: 100, loadedAt: 20 },
    { at: 150, loadedAt: undefined },
    { at: 199, loadedAt: 90 },
    { at: 200, loadedAt: 95 },
    { at: 260, loadedAt: 230 },
  ];
  expect(figuresOf(answers, { killedAt: 100, backAt: 200 })).toEqual({
    before: { answers: 1, errors: 1 },
    down: { answers: 2, errors: 1, oldestMs: 109 },
    back: { answers: 2, errors: 0, freshAfterMs: 60 },
  });
});

it('is shown by the README as a picture, and by its page as text of the same run', () => {
  const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
  const block =
    /<!-- demo -->\s+```text\n([\s\S]*?)```/.exec(read('examples/demo/README.md'))?.[1] ?? '';
  expect(read('README.md')).toContain('](./docs/demo.svg)');
  // The frame of the tables, and blanks, are drawn otherwise.
  const words = (text: string) => text.split(/[\s│┌─┬┐└┴┘├┤┼]+/).filter((word) => word !== '');
  const drawn = [...read('docs/demo.svg').matchAll(/<text[^>]*>([^<]*)<\/text>/g)];
  expect(words(block).length).toBeGreaterThan(80);
  expect(drawn.flatMap(([, text = '']) => words(text))).toEqual(words(block));
});
