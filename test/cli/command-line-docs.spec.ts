import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { helpTexts, PAGE, withHelp } from '../../scripts/command-line-docs.js';
import { root } from '../../scripts/run.js';

describe('the page of the command line', () => {
  const page = readFileSync(root + PAGE, 'utf8');

  it('has the help of each command: npx tsx scripts/command-line-docs.ts writes it', () => {
    expect(withHelp(page)).toBe(page);
    for (const [name, text] of helpTexts()) {
      expect(page).toContain(`\n## ${name}\n`);
      expect(page).toContain(text);
    }
  });

  it('has no section for a command that is gone', () => {
    const named = [...page.matchAll(/^Usage: glasswork-cache (\w+)/gm)].map(([, name]) => name);
    expect(named.sort()).toEqual([...helpTexts().keys()].sort());
  });
});
