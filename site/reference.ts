import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ENTRY_POINTS } from './describe.js';
import { docs, pages } from './pages.js';

const api = join(pages, 'api');
const pageOf = (folder: string) => `${folder || 'index'}/index.md`;

/** TypeDoc names entry points after their files. Readers know them by what they import, and want to know what is in them. */
export async function nameEntryPoints(): Promise<void> {
  const contents = await contentsOf();
  const rows: string[] = [];
  for (const { name, folder } of ENTRY_POINTS) {
    const file = pageOf(folder);
    const what = contents.get(name) ?? '';
    const hasPage = existsSync(join(api, file));
    rows.push(`| ${hasPage ? `[\`${name}\`](${file})` : `\`${name}\``} | ${linkStore(what)} |`);
    if (!hasPage) continue;
    const text = await readFile(join(api, file), 'utf8');
    const heading = `# ${name}\n\nWhat you import from \`${name}\`: ${what}.\n`;
    await writeFile(join(api, file), text.replace(/^# .*\n/, heading));
  }
  const intro =
    'Every class, function and type of the package, written from the code. [Options](../options.md) has all options on one page.';
  const table = ['| import | what is in it |', '| --- | --- |', ...rows].join('\n');
  await writeFile(join(api, 'index.md'), `# API reference\n\n${intro}\n\n${table}\n`);
}

/** The contents of each entry point, as the list of pages says. */
async function contentsOf(): Promise<Map<string, string>> {
  const text = await readFile(join(docs, 'index.md'), 'utf8');
  const rows = [...text.matchAll(/^\| `(@[\w/]+)` +\| (.*?) +\|$/gm)];
  return new Map(rows.map(([, name = '', what = '']) => [name, what]));
}

/** The pages of stores that have an entry point of their own are those of the main one. */
const linkStore = (what: string): string =>
  what.replace(/^`(\w+CacheStore)` alone$/, '[`$1`](index/classes/$1.md) alone');
