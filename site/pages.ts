import { readFileSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
export const docs = join(root, 'docs');
/** Made anew by every build. */
export const pages = join(root, 'site/.pages');
/** A link from a page to a file in a folder above. */
const ABOVE = /\]\((\.\.\/[\w./-]+)(#[\w-]+)?\)/g;

/** Copies `docs/` to where VitePress reads, with the files that it links to outside of it. */
export async function writePages(): Promise<void> {
  await rm(pages, { recursive: true, force: true });
  await cp(docs, pages, { recursive: true });
  await rm(join(pages, 'index.md'));
  await cp(join(root, 'site/home.md'), join(pages, 'index.md'));
  await mkdir(join(pages, 'public'), { recursive: true });
  await cp(join(root, 'site/favicon.svg'), join(pages, 'public/favicon.svg'));
  const names = await readdir(pages, { recursive: true });
  for (const name of names.filter((name) => name.endsWith('.md'))) {
    const file = join(pages, name);
    const text = await readFile(file, 'utf8');
    /** The path of a file outside `docs/`, from the root of the repository. */
    const outside = (link: string): string | undefined => {
      const path = posix.join('docs', posix.dirname(name), link);
      return path.startsWith('docs/') ? undefined : path;
    };
    for (const [, link = ''] of text.matchAll(ABOVE)) {
      const path = outside(link);
      if (path) await publish(path);
    }
    await writeFile(
      file,
      text.replace(ABOVE, (whole, link: string) => {
        const path = outside(link);
        return path ? `](/files/${path}.txt)` : whole;
      }),
    );
  }
}

/** As text, which every browser shows. */
async function publish(path: string): Promise<void> {
  const copy = join(pages, 'public/files', `${path}.txt`);
  await mkdir(dirname(copy), { recursive: true });
  await cp(join(root, path), copy);
}

/** The first paragraph of a page, without its links. */
export function summaryOf(markdown: string): string {
  const paragraphs = markdown.replace(/^---[\s\S]*?\n---\n/, '').split(/\n{2,}/);
  const first = paragraphs.find((text) => /^[A-Z`_*]/.test(text.trim())) ?? '';
  return first
    .replace(/\s*\n\s*/g, ' ')
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .trim();
}

export const titleOf = (markdown: string): string => markdown.match(/^# (.+)$/m)?.[1] ?? '';

/** Width and height of a picture of the pages, so that the browser leaves room for it before it arrives. */
export function sizeOf(page: string, picture: string): [name: string, size: string][] {
  const bytes = readFileSync(join(pages, dirname(page), picture));
  const [width, height] = picture.endsWith('.png') ? sizeOfPng(bytes) : sizeOfSvg(String(bytes));
  if (!width || !height) throw new Error(`${picture} does not say its size`);
  return [
    ['width', String(width)],
    ['height', String(height)],
  ];
}

/** From its first chunk. */
const sizeOfPng = (bytes: Buffer) => [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];

const sizeOfSvg = (svg: string) =>
  /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(svg)?.slice(1, 3).map(Number) ?? [];
