// biome-ignore-all lint/performance/useDomNodeTextContent: the tests compare the rendered text.
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findChromium } from '../../scripts/chromium.js';
import { CacheService } from '../../src/cache-service.js';
import { inspector } from '../../src/metrics/index.js';
import { DynamoDBCacheStore } from '../../src/stores/dynamodb/index.js';
import { type Dynalite, startDynalite } from '../servers/dynalite.js';
import { createCacheTable, credentials, region } from '../servers/table.js';
import { until } from '../servers/until.js';
import { bundledCommandLine, type Running } from './cli.js';

const cli = bundledCommandLine();
const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const PHONE = { viewport: { width: 360, height: 740 } };
const DESK = { viewport: { width: 1280, height: 900 } };
/** Would run a script, break a line, or turn its direction, if it were shown as it is. */
const HOSTILE = 'evil:<img src=x onerror="document.title=1">\u001b[31m\n\u202eabc';

describe('inspect', () => {
  const home = mkdtempSync(join(tmpdir(), 'inspect-'));
  const ownHome = process.env.HOME;
  let server: Dynalite;
  let store: DynamoDBCacheStore;
  let cache: CacheService;
  let where: readonly string[];
  let browser: Browser;

  beforeAll(async () => {
    process.env.HOME = home;
    server = await startDynalite();
    browser = await chromium.launch({ executablePath: findChromium(), args: ['--no-sandbox'] });
  });
  afterAll(async () => {
    // As text, "undefined" would be a folder.
    if (ownHome === undefined) delete process.env.HOME;
    else process.env.HOME = ownHome;
    rmSync(home, { recursive: true });
    await browser?.close();
    await server?.stop();
  });
  beforeEach(async () => {
    const tableName = await createCacheTable(server.endpoint);
    where = ['--table', tableName, '--endpoint', server.endpoint, '--prefix', 'shop'];
    const options = { tableName, region, endpoint: server.endpoint };
    store = new DynamoDBCacheStore({ ...options, credentials: async () => credentials });
    cache = new CacheService(store, { keyPrefix: 'shop', onEvent: inspector() });
    for (const id of [1, 2, 3])
      await cache.wrap(
        `user:${id}`,
        { ttl: '1h', staleTTL: '10m', tags: ['users', `user-${id}`] },
        async () => ({ id, name: `Ada ${id}`, text: '<b>bold</b>' }),
      );
    await cache.set(HOSTILE, { text: 'x'.repeat(5_000) }, { ttl: '1h', tags: ['<i>tag</i>'] });
    return () => cache.close();
  });

  interface Opened {
    readonly url: string;
    readonly port: number;
    readonly running: Running;
  }

  /** Runs the command until it has printed its address, and ends it after `use`. */
  async function inspecting<T>(args: readonly string[], use: (opened: Opened) => Promise<T>) {
    const running = cli.start(['inspect', '--json', ...where, ...args], { env: { HOME: home } });
    const { child, finished } = running;
    const printed = once(child.stdout ?? child, 'data').then(([text]) => JSON.parse(text));
    const failed = finished.then(({ stderr }) => Promise.reject(new Error(stderr)));
    failed.catch(() => {});
    const { url, port } = await Promise.race([printed, failed]);
    try {
      return await use({ url, port, running });
    } finally {
      child.kill('SIGINT');
      await finished;
    }
  }

  async function onPage<T>(
    { url }: Opened,
    options: BrowserContextOptions,
    use: (page: Page) => Promise<T>,
  ): Promise<T> {
    const context = await browser.newContext(options);
    const problems: string[] = [];
    try {
      const page = await context.newPage();
      page.on('console', (message) => {
        if (message.type() === 'error') problems.push(message.text());
      });
      page.on('pageerror', (error) => problems.push(String(error)));
      await page.goto(url);
      await page.locator('#keys-rows tr').first().waitFor();
      const result = await use(page);
      expect(problems).toEqual([]);
      return result;
    } finally {
      await context.close();
    }
  }

  const visit = <T>(args: readonly string[], use: (page: Page, opened: Opened) => Promise<T>) =>
    inspecting(args, (opened) => onPage(opened, DESK, (page) => use(page, opened)));

  it('lists and searches keys, and shows an entry with its times, tags and versions', async () => {
    await cache.invalidateTags(['user-2']);
    await visit([], async (page) => {
      expect(await page.locator('#keys-rows tr').count()).toBe(4);
      await page.locator('#pattern').fill('user:*');
      await page.locator('#search button').click();
      await page.locator('#keys-status', { hasText: '3 keys, all there are' }).waitFor();
      await page.getByRole('button', { name: 'user:1', exact: true }).click();
      const entry = page.locator('#entry');
      await entry.locator('svg').waitFor();
      const text = await entry.innerText();
      expect(text).toContain('fresh it is served');
      const times = await cache.getEntry('user:1');
      for (const time of [times?.createdAt, times?.staleAt, times?.expiresAt])
        expect(text).toContain(new Date(time ?? 0).toISOString());
      expect(text).toMatch(/prefix shop\s+current\s+tag users\s+current\s+tag user-1\s+current/);
      expect(await entry.locator('svg').getAttribute('aria-label')).toContain('Created 2');
      await page.getByRole('button', { name: 'user:2', exact: true }).click();
      await entry.getByText('invalidated since').waitFor();
      expect(await entry.innerText()).toContain('invalidated the tag "user-2" was invalidated');
    });
  });

  it('hides values until asked, and cuts them', async () => {
    await visit([], async (page) => {
      await page.getByRole('button', { name: 'user:1', exact: true }).click();
      await page.getByRole('button', { name: 'Show the value' }).waitFor();
      expect(await page.locator('#entry').innerText()).not.toContain('Ada 1');
      await page.getByRole('button', { name: 'Show the value' }).click();
      await page.locator('pre').waitFor();
      expect(await page.locator('pre').innerText()).toContain('"text": "<b>bold</b>"');
      await page.getByRole('button', { name: /^evil/ }).click();
      await page.getByRole('button', { name: 'Show the value' }).click();
      await page.getByText('3,016 more characters').waitFor();
      expect((await page.locator('pre').innerText()).length).toBe(2_000);
      await page.getByRole('button', { name: 'Show more' }).click();
      await page.getByText('3,016 more characters').waitFor({ state: 'detached' });
      expect((await page.locator('pre').innerText()).length).toBe(5_016);
    });
  });

  it('shows keys and tags as text, whatever they hold', async () => {
    await visit([], async (page) => {
      const link = page.getByRole('button', { name: /^evil/ });
      const shown = 'evil:<img src=x onerror="document.title=1">\\u001b[31m\\u000a\\u202eabc';
      expect(await link.textContent()).toBe(shown);
      await link.click();
      await page.locator('#entry h2').waitFor();
      expect(await page.locator('#entry h2').textContent()).toBe(shown);
      expect(await page.locator('#entry').innerText()).toContain('<i>tag</i>');
      expect(await page.locator('img, #entry i').count()).toBe(0);
      expect(await page.title()).not.toBe('1');
    });
  });

  it('says what each tag would invalidate', async () => {
    await cache.invalidateTags(['user-2']);
    await cache.expireTags(['user-3']);
    await visit([], async (page) => {
      await page.getByRole('tab', { name: 'Tags' }).click();
      await page.getByRole('button', { name: 'Read the tags' }).click();
      await page.locator('#tags-rows tr').first().waitFor();
      const rows = await page.locator('#tags-rows tr').allInnerTexts();
      const counts = rows.map((row) => row.split('\t').slice(0, 2).join(' ').trim());
      expect(counts.sort()).toEqual(['<i>tag</i> 1', 'user-1 1', 'user-3 1', 'users 2']);
      await page.getByRole('button', { name: 'users' }).click();
      expect(await page.locator('#tag').innerText()).toContain('makes 2 values of');
      const keys = await page.locator('#tag li').allInnerTexts();
      expect(keys.sort()).toEqual(['user:1', 'user:3']);
    });
  });

  it('follows the events of a service', async () => {
    await visit([], async (page, { url }) => {
      await page.getByRole('tab', { name: 'Events' }).click();
      const name = 'user:<u>9</u>';
      // A service looks for the page once a second.
      await until(async () => {
        await cache.wrap(name, '1h', async () => 9);
        return /\bhit\b/.test(await page.locator('#events-rows').innerText());
      }, 'a hit on the page');
      const text = await page.locator('#events-rows').innerText();
      expect(text).toContain(name);
      expect(await page.locator('#events-status').innerText()).toContain(String(process.pid));
      expect(await page.locator('#counts').innerText()).toMatch(/%\s+hit ratio/);
      expect(text).not.toContain(new URL(url).searchParams.get('token'));
      await page.getByRole('button', { name }).first().click();
      await page.locator('#entry h2', { hasText: name }).waitFor();
    });
  });

  it('changes nothing without --write', async () => {
    await visit([], async (page, { url, port }) => {
      await page.getByRole('button', { name: 'user:1', exact: true }).click();
      await page.getByRole('button', { name: 'Show the value' }).waitFor();
      expect(await page.getByRole('button', { name: /Delete|Expire|Invalidate/ }).count()).toBe(0);
      const cookie = `glasswork-inspect-${port}=${new URL(url).searchParams.get('token')}`;
      for (const path of ['del', 'expire', 'expire-tags', 'invalidate']) {
        const headers = { cookie, 'content-type': 'application/json' };
        const body = JSON.stringify({ names: ['user:1', 'users'] });
        const answer = await send(port, `/api/${path}`, { method: 'POST', headers, body });
        expect([path, answer.status]).toEqual([path, 403]);
      }
      expect(await cache.get('user:1')).toMatchObject({ id: 1 });
    });
  });

  it('deletes, expires and invalidates with --write, once it is confirmed', async () => {
    await visit(['--write'], async (page) => {
      const later = () => new CacheService(store, { keyPrefix: 'shop' });
      const answer = async (word: RegExp) => {
        await page.locator('dialog[open]').waitFor();
        await page.locator('dialog').getByRole('button', { name: word }).click();
        await page.locator('dialog[open]').waitFor({ state: 'detached' });
      };
      await page.getByRole('button', { name: 'user:1', exact: true }).click();
      await page.getByRole('button', { name: 'Delete' }).click();
      expect(await page.locator('dialog').innerText()).toContain('Delete "user:1"?');
      await answer(/^No$/);
      expect(await later().has('user:1')).toBe(true);
      await page.getByRole('button', { name: 'Delete' }).click();
      await answer(/^Yes/);
      await page.locator('#entry .chip', { hasText: 'absent' }).waitFor();
      expect(await later().has('user:1')).toBe(false);
      await page.getByRole('button', { name: 'user:2', exact: true }).click();
      await page.locator('#entry h2', { hasText: 'user:2' }).waitFor();
      await page.getByRole('button', { name: 'Expire' }).click();
      await answer(/^Yes/);
      await page.locator('#entry .chip', { hasText: 'stale' }).first().waitFor();
      expect(await later().getEntry('user:2')).toMatchObject({ state: 'stale' });
      await page.getByRole('tab', { name: 'Tags' }).click();
      await page.getByRole('button', { name: 'Read the tags' }).click();
      await page.getByRole('button', { name: 'user-3' }).click();
      await page.locator('#tag').getByRole('button', { name: 'Invalidate' }).click();
      await answer(/^Yes/);
      await until(async () => !(await later().has('user:3')), 'the invalidation');
    });
  });

  describe('refuses', () => {
    it('who has no token, the wrong one, or comes by another name', () =>
      inspecting([], async ({ url, port }) => {
        const token = new URL(url).searchParams.get('token');
        const cookie = `glasswork-inspect-${port}=${token}`;
        const status = async (path: string, headers: Record<string, string> = {}) =>
          (await send(port, path, { headers })).status;
        expect(await status('/')).toBe(401);
        expect(await status('/?token=')).toBe(401);
        expect(await status('/?token=wrong')).toBe(401);
        expect(await status('/api/keys')).toBe(401);
        expect(await status(`/api/keys?token=${token}`)).toBe(401);
        expect(await status('/api/events')).toBe(401);
        expect(await status('/api/about', { cookie })).toBe(200);
        expect(await status('/api/about', { cookie, host: `localhost:${port}` })).toBe(200);
        for (const host of [`evil.example:${port}`, '127.0.0.1', `127.0.0.1:${port + 1}`])
          expect([host, await status('/api/about', { cookie, host })]).toEqual([host, 421]);
        expect(await status(`/?token=${token}`, { host: 'evil.example' })).toBe(421);
        const other = { cookie, origin: 'http://localhost:3000' };
        expect(await status('/api/about', other)).toBe(403);
        expect(await status('/api/about', { cookie, 'sec-fetch-site': 'same-site' })).toBe(403);
        expect(await status('/nothing', { cookie })).toBe(404);
      }));

    it('a change that another page could send', () =>
      inspecting(['--write'], async ({ url, port }) => {
        const cookie = `glasswork-inspect-${port}=${new URL(url).searchParams.get('token')}`;
        const change = async (headers: Record<string, string>, body = '{"names":["user:1"]}') =>
          (await send(port, '/api/del', { method: 'POST', headers: { cookie, ...headers }, body }))
            .status;
        expect(await change({ 'content-type': 'text/plain' })).toBe(415);
        const json = { 'content-type': 'application/json' };
        expect(await change({ ...json, origin: 'http://evil.example' })).toBe(403);
        expect(await change(json, 'no JSON')).toBe(400);
        expect(await change(json, '{"names":[1]}')).toBe(400);
        expect(await change(json, `{"names":["${'x'.repeat(5_000_000)}"]}`)).toBe(413);
        expect(await cache.has('user:1')).toBe(true);
        expect(await change({ ...json, origin: `http://127.0.0.1:${port}` })).toBe(200);
        const later = new CacheService(store, { keyPrefix: 'shop' });
        expect(await later.has('user:1')).toBe(false);
      }));

    it('events without the token of its file, which nobody else can read', () =>
      inspecting([], async ({ port }) => {
        const file = join(home, '.glasswork-cache', 'inspect.json');
        const { url, token } = JSON.parse(readFileSync(file, 'utf8'));
        expect(url).toBe(`http://127.0.0.1:${port}`);
        const post = async (authorization: string) =>
          (await send(port, '/events', { method: 'POST', headers: { authorization }, body: '{}' }))
            .status;
        expect(await post('')).toBe(401);
        expect(await post('Bearer wrong')).toBe(401);
        expect(await post(`Bearer ${token}`)).toBe(204);
        const cookie = `glasswork-inspect-${port}=${token}`;
        expect((await send(port, '/api/about', { headers: { cookie } })).status).toBe(401);
      }));
  });

  it('sends a strict policy, and listens on the loopback interface alone', () =>
    inspecting([], async ({ url, port }) => {
      const { headers } = await send(port, new URL(url).pathname + new URL(url).search, {});
      const policy = String(headers['content-security-policy']);
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("require-trusted-types-for 'script'");
      expect(policy).not.toMatch(/unsafe|\*|https?:/);
      expect(headers['cache-control']).toBe('no-store');
      expect(headers['set-cookie']?.[0]).toMatch(/; HttpOnly; SameSite=Strict; Path=\/$/);
      await expect(fetch(`http://[::1]:${port}/`)).rejects.toThrow();
    }));

  it.each([
    ['light', 'desk', DESK],
    ['dark', 'desk', DESK],
    ['light', 'phone', PHONE],
    ['dark', 'phone', PHONE],
  ] as const)(
    'breaks no rule of axe, and is as wide as the window (%s, %s)',
    (colorScheme, _, size) =>
      inspecting(['--write'], (opened) =>
        onPage(opened, { ...size, colorScheme, bypassCSP: true }, async (page) => {
          const found: string[] = [];
          const examine = async (view: string) => {
            await page.addScriptTag({ path: axe });
            found.push(...(await page.evaluate(violationsOfAxe)).map((text) => `${view}: ${text}`));
            const [content, window] = await page.evaluate(widths);
            if (content > window) found.push(`${view}: ${content} wide, of ${window}`);
          };
          await page.getByRole('button', { name: 'user:1', exact: true }).click();
          await page.getByRole('button', { name: 'Show the value' }).click();
          await page.locator('pre').waitFor();
          await examine('keys');
          await page.getByRole('button', { name: 'Delete' }).click();
          await examine('question');
          await page.getByRole('button', { name: 'No' }).click();
          await page.getByRole('tab', { name: 'Tags' }).click();
          await page.getByRole('button', { name: 'Read the tags' }).click();
          await page.getByRole('button', { name: 'users' }).click();
          await examine('tags');
          await page.getByRole('tab', { name: 'Events' }).click();
          await until(async () => {
            await cache.get('user:1');
            return (await page.locator('#events-rows tr').count()) > 0;
          }, 'an event on the page');
          await examine('events');
          expect(found).toEqual([]);
        }),
      ),
  );

  it('is below 100 KB, and is first painted within 200 ms', () =>
    inspecting([], (opened) =>
      onPage(opened, DESK, async (page) => {
        const paints: number[] = [];
        for (let i = 0; i < 5; i++) {
          await page.reload();
          paints.push(await page.evaluate(firstPaint));
        }
        const bytes = Buffer.byteLength(await page.content());
        console.log(`the page: ${bytes} bytes; first paint after ${Math.min(...paints)} ms`);
        expect(bytes).toBeLessThan(100_000);
        expect(Math.min(...paints)).toBeGreaterThan(0);
        expect(Math.min(...paints)).toBeLessThan(200);
      }),
    ));

  it('removes its file at Ctrl-C, and names a port that is taken', () =>
    inspecting([], async ({ port, running }) => {
      const taken = await cli.run(['inspect', ...where, '--port', String(port)], {
        env: { HOME: home },
      });
      expect(taken).toMatchObject({ code: 2, stdout: '' });
      expect(taken.stderr).toContain(`Port ${port} is not free`);
      running.child.kill('SIGINT');
      expect(await running.finished).toMatchObject({ code: 130 });
      expect(() => readFileSync(join(home, '.glasswork-cache', 'inspect.json'))).toThrow('ENOENT');
    }));
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: NodeJS.Dict<string | string[]>;
}

/** Sends any headers, `Host` included, which `fetch` would not. Resolves without the body. */
function send(
  port: number,
  path: string,
  { body, ...options }: { method?: string; headers?: Record<string, string>; body?: string },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sending = request(
      { host: '127.0.0.1', port, path, agent: false, ...options },
      (answer) => {
        resolve({ status: answer.statusCode, headers: answer.headers });
        answer.destroy();
      },
    );
    sending.on('error', reject);
    sending.end(body);
  });
}

// These run in the browser, whose types the compiler of the tests does not know.
interface BrowserWindow {
  readonly axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
  readonly document: { readonly documentElement: { scrollWidth: number; clientWidth: number } };
  readonly performance: { getEntriesByName(name: string): { startTime: number }[] };
  readonly requestAnimationFrame: (action: () => void) => void;
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

async function firstPaint(): Promise<number> {
  const { performance, requestAnimationFrame } = globalThis as unknown as BrowserWindow;
  let paint: { startTime: number } | undefined;
  while (!paint) {
    await new Promise<void>((resolve) => requestAnimationFrame(resolve));
    paint = performance.getEntriesByName('first-contentful-paint')[0];
  }
  return paint.startTime;
}
