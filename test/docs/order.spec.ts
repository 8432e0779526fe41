import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { root } from '../../scripts/run.js';

/** Pages that are lists, or lead through steps. */
const OTHERS = [
  'index',
  'glossary',
  'options',
  'quick-start',
  'concepts',
  'comparison',
  'migration',
  'how-it-works',
];
const PAGES = readdirSync(`${root}docs`)
  .filter((file) => file.endsWith('.md'))
  .map((file) => file.slice(0, -'.md'.length))
  .filter((page) => !OTHERS.includes(page));

describe('a page', () => {
  it.each(PAGES)('%s goes from summary and problem to an example and its limits', (page) => {
    const text = readFileSync(`${root}docs/${page}.md`, 'utf8').replace(/^---[\s\S]*?\n---\n/, '');
    const at = (pattern: RegExp) => text.search(pattern);
    const summary = at(/^# .+\n\n[A-Z`]/m);
    const problem = at(/^## The problem|^\*\*The problem\.\*\*|^## What is trusted/m);
    const example = at(/^```/m);
    const headings = [...text.matchAll(/^## (.+)$/gm)]
      .map(([, heading]) => heading)
      .filter((heading) => heading !== 'See also');
    expect(summary, 'the summary comes first').toBeGreaterThan(-1);
    expect(problem, 'then the problem').toBeGreaterThan(summary);
    expect(example, 'then an example').toBeGreaterThan(problem);
    expect(headings.at(-1)).toMatch(/^(Limits|What is not promised)$/);
  });
});
