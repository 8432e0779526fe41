import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Command, Option } from 'commander';
import { localCommand } from '../command.js';
import { UsageError } from '../exit.js';
import { STORES, type Store } from '../init/blueprint.js';
import { type Template, TOOLS, type Tool, templateFor } from '../init/instructions.js';
import { type Merged, mergeTemplate } from '../init/merge.js';

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
      const { file, pasted } = write(template, tool, options);
      const { text } = template;
      const steps = [...pasted, ...template.steps];
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

interface Written {
  readonly file?: string;
  /** The lines that the user has to paste into it. */
  readonly pasted: readonly string[];
}

/** Writes the file that is wanted, if any. @throws UsageError instead of overwriting one. */
function write(template: Template, tool: Tool, { out, into }: InitOptions): Written {
  if (out !== undefined && into !== undefined) throw new UsageError('Give --out or --into.');
  if (into !== undefined) {
    if (tool !== 'sam' && tool !== 'cloudformation')
      throw new UsageError(
        `--into knows templates of SAM and CloudFormation: use --out ${template.file}.`,
      );
    const existing = onFile(into, () => readFileSync(into, 'utf8'));
    const { text, steps }: Merged = mergeTemplate(existing, template.text);
    onFile(into, () => writeFileSync(into, text));
    return { file: into, pasted: steps };
  }
  if (out === undefined) return { pasted: [] };
  // A file where a folder is needed.
  onFile(out, () => mkdirSync(dirname(out), { recursive: true }), { EEXIST: PROBLEMS.ENOTDIR });
  onFile(out, () => writeFileSync(out, template.text, { flag: 'wx' }), {
    ENOENT: 'cannot be created: give another path',
  });
  return { file: out, pasted: [] };
}

const PROBLEMS: Readonly<Record<string, string>> = {
  EEXIST: 'exists, and is not overwritten: give another file, or --into to add to it',
  ENOENT: 'does not exist: give --out to write a new file',
  EISDIR: 'is a folder: give a file',
  ENOTDIR: 'is below a file: give another path',
  EACCES: 'may not be read or written: change its permissions, or give another file',
  EPERM: 'may not be read or written: change its permissions, or give another file',
  EROFS: 'is on a file system that is read-only: give another file',
};

/** @throws UsageError that says why the file cannot be used. */
function onFile<T>(
  file: string,
  use: () => T,
  others: Readonly<Record<string, string | undefined>> = {},
): T {
  try {
    return use();
  } catch (error) {
    const { code = '', message = '' } = Object(error);
    const problem = others[code] ?? PROBLEMS[code] ?? `cannot be used: ${message}`;
    throw new UsageError(`${file || '""'} ${problem}.`);
  }
}
