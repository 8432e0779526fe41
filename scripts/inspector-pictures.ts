import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { chromium, type Page } from 'playwright-core';
import { CacheService } from '../src/cache-service.js';
import { inspect } from '../src/cli/inspect/index.js';
import { openTarget } from '../src/cli/target/open.js';
import { inspector } from '../src/metrics/index.js';
import { DynamoDBCacheStore } from '../src/stores/dynamodb/index.js';
import { startDynalite } from '../test/servers/dynalite.js';
import { createCacheTable, credentials, region } from '../test/servers/table.js';
import { findChromium } from './chromium.js';
import { PICTURES } from './pictures.js';

// Takes the pictures of docs/inspector.md: npx tsx scripts/inspector-pictures.ts

const home = mkdtempSync(join(tmpdir(), 'inspector-'));
process.env.HOME = home;
process.env.AWS_REGION = region;
const server = await startDynalite();
const table = await createCacheTable(server.endpoint);
const store = new DynamoDBCacheStore({
  ...{ tableName: table, region, endpoint: server.endpoint },
  credentials: async () => credentials,
});
const cache = new CacheService(store, { keyPrefix: 'shop', onEvent: inspector() });
const read = (key: string, tags: string[], value: unknown) =>
  cache.wrap(key, { ttl: '1h', staleTTL: '20m', tags }, async () => value);

for (let id = 1; id <= 12; id++)
  await read(`product:${id}`, ['products', `brand-${id % 3}`], { id, name: `Lamp ${id}` });
for (let id = 1; id <= 4; id++)
  await read(`basket:${id}`, [`user-${id}`], {
    items: Array.from({ length: 9 * id }, (_, i) => i),
  });
await cache.expire('product:3');

const target = await openTarget(
  { table, endpoint: server.endpoint, prefix: 'shop' },
  new Command().option('--table <name>'),
);
const page = await inspect(
  { ...target, title: 'table "my-cache" in eu-central-1' },
  { port: 0, write: true },
);
const browser = await chromium.launch({ executablePath: findChromium(), args: ['--no-sandbox'] });

async function picture(
  name: string,
  { width, height, dark = false }: { width: number; height: number; dark?: boolean },
  prepare: (page: Page) => Promise<unknown>,
): Promise<void> {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: dark ? 'dark' : 'light',
  });
  const tab = await context.newPage();
  await tab.goto(page.url);
  await tab.locator('#keys-rows tr').first().waitFor();
  await prepare(tab);
  await tab.screenshot({ path: fileURLToPath(new URL(`${name}.png`, PICTURES)) });
  await context.close();
}

const entry = async (tab: Page) => {
  await tab.getByRole('button', { name: 'product:1', exact: true }).click();
  await tab.getByRole('button', { name: 'Show the value' }).click();
  await tab.locator('pre').waitFor();
};
await picture('inspector-keys', { width: 1100, height: 720 }, entry);
await picture('inspector-phone', { width: 360, height: 740 }, entry);
await picture('inspector-tags', { width: 1100, height: 560 }, async (tab) => {
  await tab.getByRole('tab', { name: 'Tags' }).click();
  await tab.getByRole('button', { name: 'Read the tags' }).click();
  await tab.getByRole('button', { name: 'brand-1' }).click();
});
await picture('inspector-events', { width: 1100, height: 600, dark: true }, async (tab) => {
  await tab.getByRole('tab', { name: 'Events' }).click();
  while ((await tab.locator('#events-rows tr').count()) < 14) {
    await read('product:1', ['products'], {});
    await cache.del('product:7');
    await read('product:7', ['products'], { id: 7 });
    await read('product:3', ['products'], { id: 3 });
    await tab.waitForTimeout(200);
  }
});
await browser.close();
await cache.close();
await server.stop();
rmSync(home, { recursive: true });
process.exit();
