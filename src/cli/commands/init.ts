import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Command, Option } from 'commander';
import { localCommand } from '../command.js';
import { UsageError } from '../exit.js';
import { STORES, type Store } from '../init/blueprint.js';
import { type Template, TOOLS, type Tool, templateFor } from '../init/instructions.js';
import { mergeTemplate } from '../init/merge.js';

interface InitOptions {
  readonly store: Store;
  readonly out?: string;
  readonly into?: string;
}

export const initCommand = () =>
  localCommand<InitOptions>({
    usage: 'init <tool>',
    description: `Print a store's table, server or bucket, least-privilege IAM and alarms for ${TOOLS.join(', ')}, and what to paste where.`,
    examples: [
      'glasswork-cache init sam --out template.yaml',
      'glasswork-cache init terraform --store valkey-serverless > cache.tf',
      'glasswork-cache init cloudformation --into stack.yaml',
    ],
    options(command: Command) {
      command
        .addOption(new Option('--store <store>', 'the store').choices(STORES).default('dynamodb'))
        .option('--out <file>', 'write a new file; one that exists is not overwritten')
        .option(
          '--into <file>',
          'add to a template of SAM or CloudFormation; nothing in it is changed',
        );
    },
    async run({ args: [tool = ''], options, terminal }) {
      if (!isTool(tool))
        throw new UsageError(`There is no template for "${tool}": give ${TOOLS.join(', ')}.`);
      const template = templateFor(tool, options.store);
      const file = write(template, tool, options);
      const { text, steps } = template;
      if (terminal.json) {
        const json = {
          tool,
          store: options.store,
          file: file ?? template.file,
          written: file !== undefined,
          text,
          steps,
        };
        await terminal.write(`${JSON.stringify(json, null, 2)}\n`);
        return undefined;
      }
      if (file === undefined) await terminal.write(text);
      terminal.note(
        file === undefined ? `\nThis is ${template.file}. Next:` : `Wrote ${file}. Next:`,
      );
      for (const [i, step] of steps.entries()) terminal.note(`${i + 1}. ${step}`);
      return undefined;
    },
  });

const isTool = (text: string): text is Tool => TOOLS.some((tool) => tool === text);

/** The file that was written, if any. @throws UsageError instead of overwriting one. */
function write(template: Template, tool: Tool, { out, into }: InitOptions): string | undefined {
  if (out !== undefined && into !== undefined) throw new UsageError('Give --out or --into.');
  if (into !== undefined) {
    if (tool !== 'sam' && tool !== 'cloudformation')
      throw new UsageError(
        `--into knows templates of SAM and CloudFormation: use --out ${template.file}.`,
      );
    if (!existsSync(into))
      throw new UsageError(`There is no ${into}: give --out to write a new file.`);
    writeFileSync(into, mergeTemplate(readFileSync(into, 'utf8'), template.text));
    return into;
  }
  if (out === undefined) return undefined;
  mkdirSync(dirname(out), { recursive: true });
  try {
    writeFileSync(out, template.text, { flag: 'wx' });
  } catch (error) {
    if (Object(error).code !== 'EEXIST') throw error;
    throw new UsageError(
      `${out} exists, and is not overwritten: give another file, or --into to add to it.`,
    );
  }
  return out;
}
