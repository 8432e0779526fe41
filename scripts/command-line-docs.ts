import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createProgram } from '../src/cli/program.js';
import { root } from './run.js';

/** The page about all commands, which lists their own pages. */
export const OVERVIEW = 'docs/command-line.md';
export const FOLDER = 'docs/commands';

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

/** The page of a command with its current help. */
export const withHelp = (name: string, page: string): string =>
  page.replace(
    /```text\nUsage: glasswork-cache [\s\S]*?\n```/,
    () => `\`\`\`text\n${helpTexts().get(name)}\n\`\`\``,
  );

/** The overview with the current list: each command with the first sentence of its description, by group. */
export function withList(page: string): string {
  const groups = new Map<string, string[]>();
  for (const command of createProgram('').commands) {
    const [sentence] = /^.*?[.:](?= |$)/.exec(command.description()) ?? [''];
    const line = `- [\`${command.name()}\`](./commands/${command.name()}.md): ${sentence.replace(/:$/, '.')}`;
    const group = command.helpGroup().replace(/:$/, '');
    groups.set(group, [...(groups.get(group) ?? []), line]);
  }
  const lists = [...groups].map(([group, lines]) => `${group}:\n\n${lines.join('\n')}\n`);
  return page.replace(
    /(## The commands\n\n)[\s\S]*?(?=\n## )/,
    (_, heading: string) => heading + lists.join('\n'),
  );
}

// `npx tsx scripts/command-line-docs.ts` writes the pages, after a change of a command.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const write = (path: string, change: (page: string) => string) =>
    writeFileSync(root + path, change(readFileSync(root + path, 'utf8')));
  write(OVERVIEW, withList);
  for (const name of helpTexts().keys())
    write(`${FOLDER}/${name}.md`, (page) => withHelp(name, page));
}
