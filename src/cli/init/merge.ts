import { UsageError } from '../exit.js';

/**
 * Adds the sections of a new template to one that exists, text by text, so that its comments and its order stay.
 *
 * @throws UsageError if a name is there already.
 */
export function mergeTemplate(existing: string, added: string): string {
  let merged = existing.endsWith('\n') ? existing : `${existing}\n`;
  for (const [name, body] of sectionsOf(added)) {
    if (!/^(Parameters|Conditions|Resources|Outputs|Globals)$/.test(name)) continue;
    const own = sectionsOf(merged).get(name);
    if (own === undefined) {
      merged = `${merged}\n${name}:\n${body}`;
      continue;
    }
    if (name === 'Globals')
      throw new UsageError(
        'The template has Globals already: print the new one without --into, and paste its variables there.',
      );
    const names = namesIn(body).filter((each) => namesIn(own).includes(each));
    if (names.length > 0)
      throw new UsageError(
        `The template has ${names.join(', ')} already, which is not overwritten: rename or remove it.`,
      );
    const indent = /^( +)\S/m.exec(own)?.[1] ?? '  ';
    // Only the first level must line up with the names that are there.
    const text = body.replace(/^(?=.)/gm, ' '.repeat(Math.max(0, indent.length - 2)));
    merged = merged.replace(
      new RegExp(`^${name}:[ \\t]*\\n`, 'm'),
      (head) => `${head}${text.trimEnd()}\n\n`,
    );
  }
  return merged;
}

/** The top-level sections of a YAML file, with the lines below each. */
function sectionsOf(text: string): Map<string, string> {
  const parts = text.split(/^(\w+):[ \t]*\n/m);
  const sections = new Map<string, string>();
  for (let i = 1; i < parts.length; i += 2) {
    const body = (parts[i + 1] ?? '').split(/^(?=[^\s#])/m)[0] ?? '';
    sections.set(parts[i] ?? '', body.replace(/^#.*\n/gm, ''));
  }
  return sections;
}

/** The names of the first level below a section. */
function namesIn(body: string): string[] {
  const indent = /^( +)\w/m.exec(body)?.[1];
  if (indent === undefined) return [];
  return [...body.matchAll(new RegExp(`^${indent}(\\w+):`, 'gm'))].map(([, name = '']) => name);
}
