import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  FOLDER,
  helpTexts,
  OVERVIEW,
  withHelp,
  withList,
} from '../../scripts/command-line-docs.js';
import { root } from '../../scripts/run.js';

describe('the pages of the command line', () => {
  const read = (path: string) => readFileSync(root + path, 'utf8');
  const names = [...helpTexts().keys()];

  it('are one a command, none of them for a command that is gone', () => {
    expect(readdirSync(root + FOLDER).sort()).toEqual(names.map((name) => `${name}.md`).sort());
  });

  it.each(names)('have the help of %s: npx tsx scripts/command-line-docs.ts writes it', (name) => {
    const page = read(`${FOLDER}/${name}.md`);
    expect(page).toMatch(new RegExp(`^# glasswork-cache ${name}\n`));
    expect(page).toContain(`\`\`\`text\n${helpTexts().get(name)}\n\`\`\``);
    expect(withHelp(name, page)).toBe(page);
  });

  it('are listed on the overview', () => {
    const page = read(OVERVIEW);
    expect(withList(page)).toBe(page);
    for (const name of names) expect(page).toContain(`](./commands/${name}.md)`);
  });
});
