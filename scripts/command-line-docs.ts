import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createProgram } from '../src/cli/program.js';
import { root } from './run.js';

export const PAGE = 'docs/command-line.md';

/** The help of each command as the program prints it, by its name. */
export function helpTexts(): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  const program = createProgram('');
  for (const command of program.commands) {
    let text = '';
    command.configureOutput({
      writeOut: (part) => {
        text += part;
      },
      getOutHelpWidth: () => 80,
      getOutHasColors: () => false,
    });
    command.outputHelp();
    texts.set(command.name(), text.trim());
  }
  return texts;
}

/** The page with the current help in each block that begins with the usage of a command. */
export function withHelp(page: string): string {
  const texts = helpTexts();
  return page.replace(
    /```text\nUsage: glasswork-cache (\w+)[\s\S]*?\n```/g,
    (_, name: string) =>
      `\`\`\`text\n${texts.get(name) ?? `Usage: glasswork-cache ${name}: there is no such command`}\n\`\`\``,
  );
}

// `npx tsx scripts/command-line-docs.ts` writes the page, after a change of a command.
if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(root + PAGE, withHelp(readFileSync(root + PAGE, 'utf8')));
