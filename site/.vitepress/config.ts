import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defineConfig } from 'vitepress';
import { describePage } from '../describe.js';
import { NAVIGATION } from '../navigation.js';
import { pages, sizeOf, summaryOf, titleOf } from '../pages.js';

const DESCRIPTION =
  'The cache for TypeScript on AWS Lambda: DynamoDB without the SDK, invalidation that wins, no run-time dependency.';
const read = (page: string) => readFileSync(join(pages, `${page}.md`), 'utf8');

/** The pages of the commands, below that of the command line. */
const COMMANDS = readdirSync(join(pages, 'commands'))
  .map((file) => `commands/${file.replace(/\.md$/, '')}`)
  .sort();

const linkTo = (page: string) => ({ text: titleOf(read(page)), link: `/${page}` });
const sidebarItem = (page: string) =>
  page === 'command-line'
    ? { ...linkTo(page), collapsed: true, items: COMMANDS.map(linkTo) }
    : linkTo(page);
const ALL = [...NAVIGATION.flatMap(({ pages }) => pages), ...COMMANDS];

export default defineConfig({
  title: '@glasswork/cache',
  description: DESCRIPTION,
  lang: 'en',
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: '/favicon.svg' }]],
  srcDir: '.pages',
  outDir: 'dist',
  cacheDir: '.cache',
  cleanUrls: true,
  lastUpdated: false,
  // Files of the repository, and what TypeDoc links to by itself.
  ignoreDeadLinks: [/^\/files\//],
  transformPageData(page) {
    const { relativePath, frontmatter } = page;
    if (relativePath === 'index.md') return undefined;
    // The reference is no part of the way through the pages.
    if (relativePath.startsWith('api/')) Object.assign(frontmatter, { prev: false, next: false });
    const markdown = readFileSync(join(pages, relativePath), 'utf8');
    const described = describePage(relativePath, markdown);
    return { ...described, description: frontmatter.description ?? described.description };
  },
  markdown: {
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    config: (markdown) =>
      void markdown.core.ruler.push('picture-sizes', ({ env, tokens }) => {
        for (const token of tokens.flatMap(({ children }) => children ?? [])) {
          if (token.type !== 'image') continue;
          for (const [name, size] of sizeOf(env.relativePath, token.attrGet('src') ?? ''))
            token.attrSet(name, size);
        }
      }),
  },
  // The theme's home page has no landmark.
  transformHtml: (html) =>
    html.replace('class="VPContent is-home"', 'role="main" class="VPContent is-home"'),
  themeConfig: {
    nav: [
      { text: 'Guide', link: '/quick-start', activeMatch: '^/(?!api/)' },
      { text: 'API', link: '/api/', activeMatch: '^/api/' },
    ],
    sidebar: [
      ...NAVIGATION.map(({ text, pages }) => ({
        text,
        items: pages.map(sidebarItem),
      })),
      { text: 'API', items: [{ text: 'All entry points', link: '/api/' }] },
    ],
    outline: [2, 3],
    search: {
      provider: 'local',
      options: {
        // The reference would push the pages that explain from the first places.
        _render: (source, env, markdown) =>
          env.relativePath.startsWith('api/') ? '' : markdown.render(source, env),

        miniSearch: {
          options: {
            // Words of questions would find every page. The browser gets the text of this function, so it uses nothing outside it.
            processTerm: (term) =>
              /^(an?|and|are|can|do|does|every|how|i|in|is|it|my|of|on|or|the|to|what|when|where|which|why|with)$/i.test(
                term,
              )
                ? null
                : term.toLowerCase(),
          },
          searchOptions: {
            boost: { title: 4, titles: 3, text: 1 },
            combineWith: 'OR',
            prefix: true,
            fuzzy: 0.15,
          },
        },
      },
    },
  },
  async buildEnd({ outDir }) {
    const entry = (page: string) =>
      `- [${titleOf(read(page))}](/${page}.md): ${summaryOf(read(page))}`;
    const lines = [...NAVIGATION, { text: 'Commands', pages: COMMANDS }].flatMap(
      ({ text, pages }) => [`## ${text}`, '', ...pages.map(entry), ''],
    );
    await writeFile(
      join(outDir, 'llms.txt'),
      ['# @glasswork/cache', '', `> ${DESCRIPTION}`, '', ...lines].join('\n'),
    );
    await writeFile(join(outDir, 'llms-full.txt'), ALL.map(read).join('\n\n'));
    await mkdir(join(outDir, 'commands'), { recursive: true });
    for (const page of ALL) await writeFile(join(outDir, `${page}.md`), read(page));
  },
});
