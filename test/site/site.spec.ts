import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, loadavg } from 'node:os';
import { join, posix } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from '../../scripts/chromium.js';
import { buildSite } from '../../scripts/site.js';
import { NAVIGATION } from '../../site/navigation.js';
import tsconfig from '../../tsconfig.json' with { type: 'json' };
import { type Audit, auditHtml, figures, hrefs, overflow, violationsOfAxe } from './audit.js';
import { QUESTIONS } from './questions.js';
import { serveSite } from './serve.js';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const PAGES: readonly string[] = NAVIGATION.flatMap(({ pages }) => pages);
/** Their layout is one of a few, so that some of the reference stand for all of it in the browser. */
const OPENED = [
  '',
  ...PAGES,
  'api/',
  'api/index/',
  'api/index/classes/CacheService',
  'api/index/interfaces/CacheConfig',
  'api/index/functions/createCacheKey',
  'api/index/type-aliases/CacheEvent',
];
const DESK = { viewport: { width: 1280, height: 900 } };
const PHONE = { width: 360, height: 740 };
/** All rules of axe are tried in both schemes and both widths, and what depends on both in all four. */
const LOOKS: readonly {
  readonly where: string;
  readonly viewport: { readonly width: number; readonly height: number };
  readonly colorScheme: 'light' | 'dark';
  readonly rules?: string[];
}[] = [
  { where: 'desk, light', viewport: DESK.viewport, colorScheme: 'light' },
  { where: 'desk, dark', viewport: DESK.viewport, colorScheme: 'dark', rules: ['color-contrast'] },
  { where: 'phone, dark', viewport: PHONE, colorScheme: 'dark' },
  { where: 'phone, light', viewport: PHONE, colorScheme: 'light', rules: ['color-contrast'] },
];
const MOST_BYTES = 200_000;
/** Times say more about the machine than about the site, so they are printed beside what they should be. */
function print(figure: string): void {
  console.log(
    `${figure}, at a load of ${loadavg()[0]?.toFixed(1)} on ${availableParallelism()} cores.`,
  );
}

describe('the site', () => {
  let browser: Browser;
  let site: Awaited<ReturnType<typeof serveSite>>;
  let folder: string;
  const audits = new Map<string, Audit>();

  beforeAll(async () => {
    const started = performance.now();
    folder = await buildSite();
    print(`The site was built in ${((performance.now() - started) / 1000).toFixed(1)} s, of 60 s`);
    site = await serveSite(folder);
    // Its sandbox needs a user that is not root.
    browser = await chromium.launch({ executablePath: findChromium(), args: ['--no-sandbox'] });
    await withPage({}, async (page) => {
      for (const name of htmlPages(folder)) {
        const html = readFileSync(join(folder, `${name}.html`), 'utf8');
        audits.set(name, await page.evaluate(auditHtml, html));
      }
    });
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });

  async function withPage<T>(options: BrowserContextOptions, use: (page: Page) => Promise<T>) {
    const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
    try {
      return await use(await context.newPage());
    } finally {
      await context.close();
    }
  }

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

  it('lists every entry point in the reference, by its name', () => {
    const text = readFileSync(`${folder}/api/index.html`, 'utf8');
    const names = Object.keys(tsconfig.compilerOptions.paths);
    expect(names.length).toBeGreaterThan(10);
    for (const name of names) expect(text).toContain(`<code>${name}</code>`);
    const keyv = readFileSync(`${folder}/api/stores/keyv/index.html`, 'utf8');
    expect(keyv).toMatch(/<h1[^>]*>@glasswork\/cache\/keyv /);
  });

  it('breaks no rule of HTML that a search engine or a screen reader needs, on any page', () => {
    const found = [...audits].flatMap(([name, { problems }]) =>
      problems.map((problem) => `${name}: ${problem}`),
    );
    console.log(`${audits.size} pages were read.`);
    expect(audits.size).toBeGreaterThan(150);
    expect(found).toEqual([]);
  });

  it.each([
    ['title', 12, 90],
    ['description', 50, 230],
  ] as const)('has a %s of its own on every page', (part, least, most) => {
    const found = new Map<string, string>();
    const wrong: string[] = [];
    for (const [name, { [part]: text }] of audits) {
      if (text.length < least || text.length > most) wrong.push(`${name}: ${text}`);
      const other = found.get(text);
      if (other !== undefined) wrong.push(`${name} and ${other}: ${text}`);
      found.set(text, name);
    }
    expect(wrong).toEqual([]);
  });

  it('has no link within it that leads nowhere', () => {
    const dead: string[] = [];
    let count = 0;
    for (const [name, { links }] of audits) {
      for (const link of links.filter((href) => !/^[a-z]+:/.test(href))) {
        count++;
        const { pathname, hash } = new URL(link, `http://site/${name}`);
        const target = pathname === '/' ? 'index' : pathname.slice(1).replace(/\/$/, '/index');
        const audit = audits.get(target) ?? audits.get(posix.join(target, 'index'));
        const anchor = decodeURIComponent(hash.slice(1));
        const isThere = audit
          ? anchor === '' || audit.ids.includes(anchor)
          : existsSync(join(folder, target));
        if (!isThere) dead.push(`${name}: ${link}`);
      }
    }
    console.log(`${count} links were followed.`);
    expect(dead).toEqual([]);
  });

  it('weighs less than 200 KB a page, before pictures', () => {
    const weights = [...audits].map(([name, { files }]) => {
      const own = [`${name}.html`, ...files.map((file) => file.slice(1))];
      const bytes = [...new Set(own)].map((file) => gzipped(join(folder, file)));
      return [bytes.reduce((sum, size) => sum + size, 0), name] as const;
    });
    const [[heaviest, page] = [0, '']] = weights.sort(([a], [b]) => b - a);
    console.log(`The heaviest page takes ${heaviest} bytes: ${page}`);
    expect(heaviest).toBeGreaterThan(10_000);
    expect(weights.filter(([bytes]) => bytes > MOST_BYTES)).toEqual([]);
  });

  it('opens every page fast, without an error, on a desk and a phone, in light and dark', async () => {
    const found: string[] = [];
    const measured: { name: string; bytes: number; firstPaintMs: number }[] = [];
    const open = (name: string) =>
      // A context of its own, so that nothing is cached.
      withPage({ ...DESK, colorScheme: 'light' }, async (page) => {
        const report = (problem: string) => found.push(`${name}: ${problem}`);
        page.on('pageerror', (error) => report(error.message));
        page.on('console', (line) => line.type() === 'error' && report(line.text()));
        page.on('response', (response) => {
          if (response.status() >= 400) report(`${response.status()} for ${response.url()}`);
        });
        await page.goto(`${site.url}/${name}`, { waitUntil: 'load' });
        // A page may have been loaded before the browser has drawn it.
        const paint = () => performance.getEntriesByName('first-contentful-paint')[0];
        await page.waitForFunction(paint, undefined, { timeout: 0 });
        measured.push({ name, ...(await page.evaluate(figures)) });
        await page.addScriptTag({ path: axe });
        for (const { where, viewport, colorScheme, rules } of LOOKS) {
          await page.setViewportSize(viewport);
          await page.emulateMedia({ colorScheme });
          await page.locator(`html${colorScheme === 'dark' ? '.dark' : ':not(.dark)'}`).waitFor();
          for (const violation of await page.evaluate(violationsOfAxe, rules))
            report(`${where}: ${violation}`);
          const wider = await page.evaluate(overflow);
          if (wider > 0) report(`${where}: ${wider} pixels wider than the window`);
        }
      });
    for (const name of OPENED) await open(name);
    const paints = measured.map(({ firstPaintMs }) => firstPaintMs).sort((a, b) => a - b);
    const median = Math.round(paints[paints.length >> 1] ?? 0);
    print(
      `First paint of ${paints.length} pages: median ${median} ms, at most ${Math.round(paints.at(-1) ?? 0)} ms, of 500 ms`,
    );
    expect(found).toEqual([]);
    expect(measured.filter(({ bytes }) => bytes > MOST_BYTES || bytes < 10_000)).toEqual([]);
    expect(paints[0]).toBeGreaterThan(0);
  });

  it.each(['light', 'dark'] as const)(
    'breaks no rule of axe while its search, its menu or its sidebar is open, in the %s',
    async (colorScheme) => {
      const check = async (page: Page, what: string) => {
        await page.addScriptTag({ path: axe });
        expect(await page.evaluate(violationsOfAxe, undefined), what).toEqual([]);
      };
      const start = `${site.url}/quick-start`;
      for (const viewport of [DESK.viewport, PHONE])
        await withPage({ viewport, colorScheme }, async (page) => {
          await page.goto(start, { waitUntil: 'load' });
          await page.locator('.VPNavBarSearch button').first().click();
          await page.locator('input.search-input').fill('tags');
          await page.locator('.results .result').first().waitFor();
          await page.keyboard.press('ArrowDown');
          await page.locator('.results li:nth-child(2) .selected').waitFor();
          await check(page, `the search, ${viewport.width} pixels wide`);
        });
      await withPage({ viewport: PHONE, colorScheme }, async (page) => {
        await page.goto(start, { waitUntil: 'load' });
        await page.locator('.VPNavBarHamburger').click();
        await page.locator('.VPNavScreen').waitFor();
        await check(page, 'the menu');
        await page.locator('.VPNavBarHamburger').click();
        await page.locator('.VPLocalNav button.menu').click();
        await page.locator('.VPSidebar.open').waitFor();
        await check(page, 'the sidebar');
      });
    },
  );

  it('lets the reader choose between light and dark, and its pictures follow', () =>
    withPage({ ...DESK, colorScheme: 'light' }, async (page) => {
      await page.goto(`${site.url}/concepts`, { waitUntil: 'load' });
      const picture = page.locator('main img').first();
      const look = async () => (await picture.screenshot()).toString('base64');
      const light = await look();
      expect(await look()).toBe(light);
      await page.locator('.VPNavBarAppearance button').click();
      await page.locator('html.dark').waitFor();
      await expect.poll(look).not.toBe(light);
      await page.locator('.VPNavBarAppearance button').click();
      await page.locator('html:not(.dark)').waitFor();
      await expect.poll(look).toBe(light);
    }));

  it('finds the page that answers a newcomer’s question', () =>
    withPage(DESK, async (page) => {
      await page.goto(`${site.url}/quick-start`, { waitUntil: 'load' });
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
      console.log(`${QUESTIONS.length} questions were asked.`);
      expect(QUESTIONS.length).toBeGreaterThanOrEqual(20);
      expect(missed).toEqual([]);
    }));
});

/** The pages that were built, without `.html`; the page for what is not found is not one. */
const htmlPages = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.html') && file !== '404.html' && !file.startsWith('files'))
    .map((file) => file.slice(0, -'.html'.length));

const gzipped = (file: string): number => gzipSync(readFileSync(file)).length;
