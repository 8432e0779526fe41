import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import GithubSlugger from 'github-slugger';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The files that npm would pack now, in `dist` or not. */
const packed = new Set(await packedFiles());
const folders = new Set([...packed].flatMap((path) => parents(path)));
const isShipped = (path: string): boolean =>
  packed.has(path) || folders.has(path.replace(/\/$/, ''));

async function packedFiles(): Promise<string[]> {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const { stdout } = await promisify(execFile)('npm', args, { cwd: root, maxBuffer: 2 ** 26 });
  const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }];
  return files.map(({ path }) => path);
}

function parents(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'));
}

const shipped = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.md') && !path.includes('node_modules') && isShipped(path))
  .sort();

describe('the pages that are shipped', () => {
  it('are all there', () => {
    expect(shipped).toEqual(expect.arrayContaining(['README.md', 'docs/index.md']));
  });

  it.each(shipped)('%s links to files in the package and to headings that exist', (page) => {
    expect(deadLinks(page, readFileSync(join(root, page), 'utf8'))).toEqual([]);
  });
});

describe('the check of links', () => {
  it.each([
    ['a file that is not there', '[a](./gone.md)', './gone.md'],
    ['a file that is not shipped', '[a](../biome.json)', '../biome.json'],
    ['a heading that is not there', '[a](./keys.md#no-such-heading)', './keys.md#no-such-heading'],
    ['a heading of its own page', '# A\n\n[a](#b)', '#b'],
  ])('finds %s', (_what, text, link) => {
    expect(deadLinks('docs/page.md', text)).toEqual([link]);
  });

  it('leaves code, addresses and links that hold alone', () => {
    const text =
      '# A b\n\n[a](#a-b) [b](./keys.md#strings) [c](https://example.com)\n```\n[d](./no)\n```';
    expect(deadLinks('docs/page.md', text)).toEqual([]);
  });
});

/** The relative links of a page that lead nowhere for who has the package alone. */
function deadLinks(page: string, text: string): string[] {
  const links = [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  return links.filter((link) => !/^[a-z]+:/.test(link) && !leadsSomewhere(page, text, link));
}

function leadsSomewhere(page: string, text: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : normalize(join(dirname(page), path));
  if (path !== '' && !(existsSync(join(root, target)) && isShipped(target))) return false;
  if (anchor === undefined) return true;
  const linked = path === '' ? text : readFileSync(join(root, target), 'utf8');
  return statIsPage(target) && headings(linked).includes(anchor);
}

const statIsPage = (path: string): boolean =>
  path.endsWith('.md') && (!existsSync(join(root, path)) || statSync(join(root, path)).isFile());

function headings(text: string): string[] {
  const slugger = new GithubSlugger();
  const titles = [...withoutCode(text).matchAll(/^#{1,6} (.*)$/gm)].map(([, title = '']) => title);
  return titles.map((title) => slugger.slug(title.replace(/[`*_]|\]\([^)]*\)|\[/g, '')));
}

const withoutCode = (text: string): string => text.replace(/^ *```[\s\S]*?^ *```$/gm, '');
