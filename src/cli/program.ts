import { Command } from 'commander';
import { checkCommand } from './commands/check.js';
import { conformanceCommand } from './commands/conformance.js';
import { costCommand } from './commands/cost.js';
import { doctorCommand } from './commands/doctor.js';
import { getCommand } from './commands/get.js';
import { initCommand } from './commands/init.js';
import { inspectCommand } from './commands/inspect.js';
import {
  clearCommand,
  delCommand,
  expireCommand,
  invalidateCommand,
} from './commands/invalidations.js';
import { lsCommand } from './commands/ls.js';
import { statsCommand } from './commands/stats.js';
import { createCommand, destroyCommand } from './commands/table.js';
import { topCommand } from './commands/top.js';
import { EXIT, UsageError } from './exit.js';
import { errorJSON } from './report-error.js';
import { printableJSON } from './terminal.js';

/** All commands, in the groups and the order of the help. */
const GROUPS: readonly (readonly [heading: string, commands: readonly (() => Command)[]])[] = [
  [
    'Look:',
    [
      doctorCommand,
      checkCommand,
      conformanceCommand,
      getCommand,
      lsCommand,
      statsCommand,
      topCommand,
      inspectCommand,
    ],
  ],
  ['Change:', [delCommand, expireCommand, invalidateCommand, clearCommand]],
  ['Set up:', [initCommand, costCommand, createCommand, destroyCommand]],
];

const usageJSON = (message: string): string =>
  `${printableJSON(JSON.stringify({ error: errorJSON(new UsageError(message.replace(/\n/g, ' '))) }))}\n`;

/** @param version that of the package. */
export function createProgram(version: string): Command {
  const program = new Command('glasswork-cache')
    .description(
      'Looks into a cache of @glasswork/cache, sets it up, and finds what is wrong with it.',
    )
    .version(version, '-v, --version', 'print the version')
    .helpCommand('help [command]', 'Show the help, or that of a command.')
    .showSuggestionAfterError()
    .configureOutput({
      outputError(message, write) {
        const text = message.replace(/^error: /, '').trim();
        write(process.argv.includes('--json') ? usageJSON(text) : message);
      },
    })
    .configureHelp({ showGlobalOptions: false })
    .exitOverride((error) => {
      // Help and version are no errors.
      process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
      throw error;
    })
    .addHelpText(
      'after',
      `
Exit codes: 0 done, 1 the answer is no, 2 wrong usage, 3 the store failed, 130 interrupted.

Example:
  $ npx @glasswork/cache doctor --table my-cache`,
    );
  for (const [heading, commands] of GROUPS)
    for (const create of commands) {
      const command = create().helpGroup(heading);
      command.copyInheritedSettings(program);
      program.addCommand(command);
    }
  return program;
}
