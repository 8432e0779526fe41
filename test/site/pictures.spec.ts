import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from '../../scripts/chromium.js';
import { drawDashboard } from '../../scripts/dashboard-picture.js';
import { root } from '../../scripts/run.js';
import { type DrawnText, drawnTexts } from './audit.js';

const docs = join(root, 'docs');
const drawings = readdirSync(docs, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.svg'),
);
/** WCAG's minimum for text. */
const LEAST_CONTRAST = 4.5;

describe('a drawing of the pages', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: findChromium(), args: ['--no-sandbox'] });
  });
  afterAll(() => browser?.close());

  it('is there in number', () => expect(drawings.length).toBeGreaterThan(7));

  it.each(drawings)('%s is readable, on a light page and on a dark one', async (name) => {
    const page = await browser.newPage({ viewport: { width: 1000, height: 2400 } });
    const texts: Record<string, DrawnText[]> = {};
    await page.setContent(readFileSync(join(docs, name), 'utf8'));
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      texts[colorScheme] = await page.evaluate(drawnTexts);
    }
    await page.close();
    const { light = [], dark = [] } = texts;
    expect(light.length).toBeGreaterThan(5);
    const faint = [...light, ...dark].filter(({ contrast }) => contrast < LEAST_CONTRAST);
    expect(faint).toEqual([]);
    for (const { paper } of dark) expect(paper).toBeLessThan(0.2);
    // The demo's is a terminal, which is dark for everybody.
    for (const { paper } of name === 'demo.svg' ? [] : light) expect(paper).toBeGreaterThan(0.5);
  });

  it('of the dashboard is drawn from the template (npx tsx scripts/dashboard-picture.ts)', async () => {
    const template = readFileSync(join(root, 'infrastructure/metrics.yaml'), 'utf8');
    const drawn = await drawDashboard(template);
    // Not compared by toBe, which would print both.
    expect(readFileSync(join(docs, 'dashboard.svg'), 'utf8') === drawn).toBe(true);
  });
});
