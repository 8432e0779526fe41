import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import GithubSlugger from 'github-slugger';
import { type Example, extract } from '../package/examples.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const FOLDER = '.cache/recipes/';

/** A TypeScript block of a page, as a file that can be imported. */
export interface Block extends Example {
  /** The page and the heading above the block: `keys#typed-keys`, and `keys#typed-keys~2` for the second below it. */
  readonly id: string;
  readonly path: string;
}

/** Every block of README.md and `docs/`, written to a file of its own. */
export function writeBlocks(): Block[] {
  rmSync(root + FOLDER, { recursive: true, force: true });
  mkdirSync(root + FOLDER, { recursive: true });
  const pages = readdirSync(`${root}docs`).filter((name) => name.endsWith('.md'));
  return ['README.md', ...pages.map((name) => `docs/${name}`)].flatMap((file) => {
    const text = readFileSync(root + file, 'utf8');
    return identify(file, text, extract(file, text).examples).map((block) => {
      writeFileSync(block.path, `${block.code}\nexport {};\n`);
      return block;
    });
  });
}

function identify(file: string, text: string, examples: readonly Example[]): Block[] {
  const page = file.replace(/^docs\/|\.md$/g, '');
  const lines = text.split('\n');
  const seen = new Map<string, number>();
  return examples.map((example) => {
    const heading = lines.slice(0, example.line).findLast((line) => /^#+ /.test(line)) ?? '';
    const slug = new GithubSlugger().slug(heading.replace(/^#+ |[`*_]/g, ''));
    const place = `${page}#${slug}`;
    const count = (seen.get(place) ?? 0) + 1;
    seen.set(place, count);
    const id = count === 1 ? place : `${place}~${count}`;
    const isTest = /from '(vitest|node:test)'/.test(example.code);
    const path = `${root}${FOLDER}${id.replace(/[#~]/g, '.')}${isTest ? '.spec' : ''}.ts`;
    return { ...example, id, path };
  });
}

export const isVitestBlock = ({ code }: Example): boolean => code.includes("from 'vitest'");
export const isNodeTestBlock = ({ code }: Example): boolean => code.includes("from 'node:test'");

/** The output of each `console.log` in a block, as its comment says. */
export function promisedLines({ code }: Example): string[] {
  return [...code.matchAll(/console\.log\(.*\);? *\/\/ (.+)$/gm)].map(([, text = '']) => text);
}

/** True if a line matches the comment: the same, or the same with a remark after a comma or a colon. */
export const keeps = (promised: string, printed: string): boolean =>
  promised === printed || [',', ':'].some((mark) => promised.startsWith(`${printed}${mark} `));
