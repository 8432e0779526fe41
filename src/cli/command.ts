import { Command } from 'commander';
import { EXIT } from './exit.js';
import { addJson, addPlace, example, type Shared } from './options.js';
import { openTarget } from './target/open.js';
import type { Target } from './target/target.js';
import { type Terminal, terminal } from './terminal.js';

export interface Definition<Options> {
  /** As commander takes it, such as `get <key>`. */
  readonly usage: string;
  readonly description: string;
  /** The lines after `Example:` in its help. */
  readonly examples: readonly string[];
  /** Adds the options of this command alone. */
  options?(command: Command): void;
  /** Resolves to an exit code; without one, the command is done. */
  run(call: Call<Options>): Promise<number | undefined>;
}

export interface Call<Options> {
  readonly options: Options & Shared;
  readonly args: readonly (string | undefined)[];
  /** Arguments that may be repeated. */
  readonly many: readonly string[];
  readonly terminal: Terminal;
  readonly command: Command;
}

/** A command that needs no store. */
export function plainCommand<Options>(definition: Definition<Options>): Command {
  const command = new Command(definition.usage.split(' ')[0]);
  for (const argument of definition.usage.split(' ').slice(1)) command.argument(argument);
  command.description(definition.description);
  if (definition.options) definition.options(command.optionsGroup('Options:'));
  example(command, ...definition.examples);
  return command.action(async (...given: unknown[]) => {
    // Commander passes the arguments, the options and the command.
    const args = given.slice(0, -2);
    const options = command.opts<Options & Shared>();
    const code = await definition.run({
      options,
      args: args.map((each) => (typeof each === 'string' ? each : undefined)),
      many: args.flatMap((each) => (Array.isArray(each) ? each.map(String) : [])),
      terminal: terminal(options.json ?? false),
      command,
    });
    process.exitCode = code ?? EXIT.done;
  });
}

export interface StoreDefinition<Options> extends Omit<Definition<Options>, 'run'> {
  run(call: Call<Options> & { readonly target: Target }): Promise<number | undefined>;
}

/** A command on a store, which it opens and closes. */
export function storeCommand<Options>(definition: StoreDefinition<Options>): Command {
  const { run, ...others } = definition;
  const command = plainCommand<Options>({
    ...others,
    async run(call) {
      const target = await openTarget(call.options, call.command);
      try {
        return await run({ ...call, target });
      } finally {
        await target.close();
      }
    },
  });
  return addPlace(command);
}

/** A command whose only shared options are those of its output. */
export const localCommand = <Options>(definition: Definition<Options>): Command =>
  addJson(plainCommand(definition));
