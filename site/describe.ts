import tsconfig from '../tsconfig.json' with { type: 'json' };
import { summaryOf, titleOf } from './pages.js';

/** Search engines show about this much. */
const LONGEST = 200;

/** The entry point of each folder of `src/`, by its path below it: `metrics` is `@glasswork/cache/metrics`. */
export const ENTRY_POINTS = Object.entries(tsconfig.compilerOptions.paths).map(
  ([name, [file = '']]) => ({
    name,
    folder: file.replace(/^\.\/src\/|(\/?index)?\.ts$/g, ''),
  }),
);

export interface Described {
  readonly title: string;
  readonly titleTemplate?: string;
  readonly description: string;
}

/** The texts of a page that a search engine and a browser's tab show. */
export function describePage(path: string, markdown: string): Described {
  const summary = sentences(plain(summaryOf(markdown)), LONGEST);
  if (!path.startsWith('api/')) return { title: titleOf(markdown), description: summary };
  return describeReference(path, markdown, summary);
}

/** Several entry points may export a name, so both say which one it is. */
function describeReference(path: string, markdown: string, summary: string): Described {
  const [folder = '', kind = ''] = path.replace(/^api\/|\.md$/g, '').split(KIND);
  const found = ENTRY_POINTS.find((entry) => entry.folder === folder.replace(/^index$/, ''));
  const entry = found?.name ?? '@glasswork/cache';
  const titleTemplate = ':title API';
  if (kind === '') {
    const what = path === 'api/index.md' ? 'every entry point' : entry;
    const description = `The reference of ${what}: classes, functions, interfaces and types, generated from the code.`;
    return { title: what === entry ? entry : 'All entry points', titleTemplate, description };
  }
  const [sort = '', name = ''] = plain(titleOf(markdown)).split(': ');
  const intro = `${sort} ${name} of ${entry}.`;
  const rest =
    summary.length > 10
      ? sentences(summary, LONGEST - intro.length)
      : 'Its members, generated from the code.';
  return { title: `${name} · ${entry}`, titleTemplate, description: `${intro} ${rest}`.trim() };
}

const KIND = /\/?index$|\/(classes|functions|interfaces|type-aliases|variables)\//;

const plain = (markdown: string): string => markdown.replace(/[`*]|\\(?=[<>[\]])/g, '').trim();

/** As many whole sentences as fit; at least the first, cut at a word if it must be. */
function sentences(text: string, most: number): string {
  if (text.length <= most) return text;
  const start = text.slice(0, most);
  const end = Math.max(...['. ', '? ', ': '].map((mark) => start.lastIndexOf(mark)));
  return end > 40 ? `${start.slice(0, end)}.` : `${start.slice(0, start.lastIndexOf(' '))} …`;
}
