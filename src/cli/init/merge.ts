import { UsageError } from '../exit.js';

export interface Merged {
  readonly text: string;
  /** The lines that the user has to paste, because the template has its own of them. */
  readonly steps: readonly string[];
}

/** The sections that a cache adds to. */
const SECTIONS = /^(Parameters|Conditions|Resources|Outputs|Globals)$/;
const IS_TEMPLATE = /^(AWSTemplateFormatVersion|Transform|Description|Metadata|Mappings|Rules)$/;

/**
 * Adds the sections of a new template to one that exists, line by line, so that its comments, its order and its line ends
 * stay. A template that it does not read with certainty is refused, because a wrong guess breaks it.
 *
 * @throws UsageError if a name is there already.
 */
export function mergeTemplate(existing: string, added: string): Merged {
  const lineEnd = existing.includes('\r\n') ? '\r\n' : '\n';
  const lines = linesOf(existing);
  const sections = sectionsOf(lines);
  const own = sectionsOf(added.split('\n'));
  if (own.has('Globals') && !sections.has('Transform'))
    throw new UsageError(
      'The template has no Transform, which Globals need: add the line Transform: AWS::Serverless-2016-10-31, or use init cloudformation --into.',
    );
  const steps: string[] = [];
  const inserted = new Map<number, string[]>();
  const appended: string[] = [];
  for (const [name, { body }] of own) {
    if (!SECTIONS.test(name)) continue;
    const section = sections.get(name);
    const text = trimmed(body);
    if (!section) appended.push('', `${name}:`, ...text);
    else if (name === 'Globals')
      steps.push(`Add to the Globals of the template:\n\nGlobals:\n${text.join('\n')}\n`);
    else inserted.set(section.at, aligned(text, section));
  }
  const merged = lines.flatMap((line, i) => [line, ...(inserted.get(i) ?? [])]);
  const end = merged.findLastIndex((line) => line !== '' && line !== '...') + 1;
  merged.splice(end, 0, ...appended);
  const text = `${merged.join(lineEnd)}${merged.at(-1) === '' ? '' : lineEnd}`;
  return { text: existing.startsWith('\ufeff') ? `\ufeff${text}` : text, steps };
}

interface Section {
  /** The number of its first line. */
  readonly at: number;
  readonly name: string;
  /** The text after the colon, such as an anchor. */
  readonly inline: string;
  readonly body: string[];
}

function linesOf(text: string): string[] {
  const clean = text.replace(/^\ufeff/, '');
  if (/^\s*[{[]/.test(clean))
    throw new UsageError(
      'The template is JSON, and --into adds to YAML: convert it, or give the cache a template of its own with --out.',
    );
  if (/\r(?!\n)/.test(clean))
    throw new UsageError('The template has line ends of old Macs: convert them.');
  return clean.split(/\r?\n/);
}

const NAME = /^(?:"(\w+)"|'(\w+)'|([\w:]+?))[ ]*:(?:[ ]+(?!#)(\S.*)|[ ]*(?:#.*)?)$/;

/** The top-level sections of a YAML file, with the lines below each. @throws UsageError for what is not certain. */
function sectionsOf(lines: readonly string[]): Map<string, Section> {
  const sections = new Map<string, Section>();
  let current: Section | undefined;
  for (const [at, line] of lines.entries()) {
    if (/^(---|\.\.\.)\s*$/.test(line) && (at === 0 || isLast(lines, at))) continue;
    if (/^---/.test(line))
      throw new UsageError('The file has more than one document of YAML: give one.');
    const isPart = /^(\s|#|$)/.test(line) || (line.startsWith('- ') && current?.inline === '');
    if (isPart) {
      current?.body.push(line);
      continue;
    }
    const [, double, single, plain, inline = ''] = NAME.exec(line) ?? [];
    const name = double ?? single ?? plain;
    if (name === undefined)
      throw new UsageError(
        `This is no template that can be read with certainty: see line ${at + 1}.`,
      );
    if (sections.has(name)) throw new UsageError(`The template has ${name} twice: join them.`);
    current = { at, name, inline, body: [] };
    sections.set(name, current);
  }
  const names = [...sections.keys()];
  if (names.length > 0 && !names.some((name) => SECTIONS.test(name) || IS_TEMPLATE.test(name)))
    throw new UsageError(`This is no template of CloudFormation: it has ${names.join(', ')}.`);
  return sections;
}

const isLast = (lines: readonly string[], at: number): boolean =>
  lines.slice(at + 1).every((line) => /^\s*(#.*)?$/.test(line));

/** The new lines with the indent of the names that are there. @throws UsageError if a name is there already. */
function aligned(text: readonly string[], section: Section): string[] {
  const { name, inline, body } = section;
  const unreadable = `${name} of the template is not a list of names, one a line`;
  if (inline !== '') throw new UsageError(`${unreadable}: write it so, and try again.`);
  const content = body.filter((line) => !/^\s*(#.*)?$/.test(line));
  if (content.some((line) => line.startsWith('\t')))
    throw new UsageError(
      `${name} of the template is indented by tabs, which YAML forbids: use spaces.`,
    );
  const indent = /^ +/.exec(content[0] ?? '')?.[0] ?? '  ';
  const isOutside = content.find((line) => !line.startsWith(indent));
  if (isOutside !== undefined) throw new UsageError(`${unreadable}: "${isOutside.trim()}".`);
  const names = content
    .filter((line) => /^ */.exec(line)?.[0] === indent)
    .map((line) => {
      const [, double, single, plain] = NAME.exec(line.trim()) ?? [];
      const found = double ?? single ?? plain;
      if (found === undefined) throw new UsageError(`${unreadable}: "${line.trim()}".`);
      return found;
    });
  const taken = namesOf(text).filter((each) => names.includes(each));
  if (taken.length > 0)
    throw new UsageError(
      `The template has ${taken.join(', ')} already, which is not overwritten: rename or remove it.`,
    );
  // Only the first level must line up with the names that are there.
  return [...text.map((line) => (line === '' ? '' : indent + line.slice(2))), ''];
}

const namesOf = (text: readonly string[]): string[] =>
  text.flatMap((line) => /^ {2}(\w+):/.exec(line)?.[1] ?? []);

/** Without comments of the first column and empty lines at the end. */
function trimmed(body: readonly string[]): string[] {
  const lines = body.filter((line) => !line.startsWith('#'));
  return lines.slice(0, lines.findLastIndex((line) => line !== '') + 1);
}
