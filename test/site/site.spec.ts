import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from '../../scripts/chromium.js';
import { buildSite } from '../../scripts/site.js';
import { NAVIGATION } from '../../site/navigation.js';
import { QUESTIONS } from './questions.js';
import { serveSite } from './serve.js';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const PAGES: readonly string[] = NAVIGATION.flatMap(({ pages }) => pages);
const PHONE = { viewport: { width: 360, height: 740 } };
const DESK = { viewport: { width: 1280, height: 900 } };

describe('the site', () => {
  let browser: Browser;
  let site: Awaited<ReturnType<typeof serveSite>>;
  let folder: string;

  beforeAll(async () => {
    folder = await buildSite();
    site = await serveSite(folder);
    // Its sandbox needs a user that is not root.
    browser = await chromium.launch({ executablePath: findChromium(), args: ['--no-sandbox'] });
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });

  async function withPage<T>(options: BrowserContextOptions, use: (page: Page) => Promise<T>) {
    const context = await browser.newContext(options);
    try {
      return await use(await context.newPage());
    } finally {
      await context.close();
    }
  }
  const open = (page: Page, name: string) =>
    page.goto(`${site.url}/${name}`, { waitUntil: 'networkidle' });

  it('has every page of docs/ in its navigation', () => {
    const names = readdirSync(new URL('../../docs/', import.meta.url))
      .filter((name) => name.endsWith('.md') && name !== 'index.md')
      .map((name) => name.slice(0, -'.md'.length));
    expect([...PAGES].sort()).toEqual(names.sort());
  });

  it('gives every page to language models', () => {
    const text = readFileSync(`${folder}/llms.txt`, 'utf8');
    for (const page of PAGES) {
      expect(text).toContain(`(/${page}.md): `);
      expect(readFileSync(`${folder}/${page}.md`, 'utf8')).toMatch(/^# /m);
    }
  });

  it('has a title, a description and one first heading on every page', () =>
    withPage(DESK, async (page) => {
      const seen = new Set<string>();
      for (const name of ['', ...PAGES]) {
        await open(page, name);
        const title = await page.title();
        expect(seen, `${name}: ${title}`).not.toContain(title);
        seen.add(title);
        const description = await page.getAttribute('meta[name=description]', 'content');
        expect(description?.length, name).toBeGreaterThan(20);
        expect(await page.locator('h1').count(), name).toBe(1);
      }
    }));

  it.each([
    ['light', 'desk', DESK],
    ['dark', 'desk', DESK],
    ['light', 'phone', PHONE],
    ['dark', 'phone', PHONE],
  ] as const)('breaks no rule of axe (%s, %s)', (colorScheme, _, size) =>
    withPage({ ...size, colorScheme, reducedMotion: 'reduce' }, async (page) => {
      const found: string[] = [];
      for (const name of ['', 'quick-start', 'invalidation', 'redis', 'failure', 'api/']) {
        await open(page, name);
        await page.addScriptTag({ path: axe });
        const violations = await page.evaluate(violationsOfAxe);
        found.push(...violations.map((text) => `${name}: ${text}`));
      }
      expect(found).toEqual([]);
    }),
  );

  it('does not scroll sideways on a phone', () =>
    withPage(PHONE, async (page) => {
      const wide: string[] = [];
      for (const name of ['', ...PAGES]) {
        await open(page, name);
        const [content, window] = await page.evaluate(widths);
        if (content > window) wide.push(`${name}: ${content} of ${window}`);
      }
      expect(wide).toEqual([]);
    }));

  it('finds the page that answers a newcomer’s question', () =>
    withPage(DESK, async (page) => {
      await open(page, 'quick-start');
      await page.locator('.VPNavBarSearch button').first().click();
      const missed: string[] = [];
      for (const [question, expected] of QUESTIONS) {
        await page.locator('input.search-input').fill('');
        await page.locator('.results .result').first().waitFor({ state: 'detached' });
        await page.locator('input.search-input').fill(question);
        await page.locator('.results .result').first().waitFor();
        const links = await page.locator('.results .result').evaluateAll(hrefs);
        const pages = [...new Set(links.map((link) => link.replace(/^\/|#.*$/g, '')))];
        if (!pages.slice(0, 3).includes(expected)) missed.push(`${question}: ${pages.slice(0, 5)}`);
      }
      expect(missed).toEqual([]);
    }));

  it('weighs less than 200 KB a page, before pictures', () =>
    withPage(DESK, async (page) => {
      const heavy: string[] = [];
      for (const name of ['', ...PAGES]) {
        await open(page, name);
        const bytes = await page.evaluate(bytesOfPage);
        if (bytes > 200_000) heavy.push(`${name}: ${bytes}`);
      }
      expect(heavy).toEqual([]);
    }));
});

// These run in the browser, whose types the compiler of the tests does not know.
interface BrowserWindow {
  readonly axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
  readonly document: { readonly documentElement: { scrollWidth: number; clientWidth: number } };
  readonly performance: {
    getEntriesByType(type: string): { name: string; transferSize: number }[];
  };
}

async function violationsOfAxe(): Promise<string[]> {
  const { violations } = await (globalThis as unknown as BrowserWindow).axe.run();
  return violations.map(({ id, nodes }) =>
    `${id} ${nodes.map(({ html }) => html).join(' ')}`.slice(0, 300),
  );
}

function widths(): [number, number] {
  const { scrollWidth, clientWidth } = (globalThis as unknown as BrowserWindow).document
    .documentElement;
  return [scrollWidth, clientWidth];
}

function bytesOfPage(): number {
  const { performance } = globalThis as unknown as BrowserWindow;
  const all = [
    ...performance.getEntriesByType('navigation'),
    ...performance.getEntriesByType('resource'),
  ];
  return all
    .filter(({ name }) => !/\.(svg|png)$/.test(name))
    .reduce((sum, { transferSize }) => sum + transferSize, 0);
}

const hrefs = (elements: { getAttribute(name: string): string | null }[]): string[] =>
  elements.map((element) => element.getAttribute('href') ?? '');
