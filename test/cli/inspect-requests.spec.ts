import { once } from 'node:events';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CacheService } from '../../src/cache-service.js';
import { inspectApp } from '../../src/cli/inspect/app.js';
import { openStore } from '../../src/cli/target/open.js';
import type { Target } from '../../src/cli/target/target.js';
import { keySpace } from '../../src/model/key-space.js';
import { type Dynalite, startDynalite } from '../servers/dynalite.js';
import { createCacheTable, region } from '../servers/table.js';
import { temporaryFolder } from '../temporary-folder.js';
import { bundledCommandLine } from './cli.js';

const PORT = 4000;
const HOST = { host: `127.0.0.1:${PORT}` };
const OWN = { ...HOST, cookie: `glasswork-inspect-${PORT}=secret` };
const PAGE = '<html><style>a{}</style><script>1</script></html>';

let server: Dynalite;
beforeAll(async () => {
  server = await startDynalite();
});
afterAll(() => server.stop());

describe('a request to inspect', () => {
  let target: Target;

  beforeEach(async () => {
    const place = { table: await createCacheTable(server.endpoint), endpoint: server.endpoint };
    const { store, inspection, title } = await openStore('dynamodb', { ...place, region });
    const service = new CacheService(store, { keyPrefix: 'shop' });
    const close = async () => void (await Promise.all([service.close(), inspection.close()]));
    const keys = keySpace('shop');
    target = { kind: 'dynamodb', title, keys, store, service, inspection, close };
    return close;
  });

  const appOf = (write = true, changes: Partial<Target> = {}) => {
    const secrets = { token: 'secret', feedToken: 'feed' };
    return inspectApp({
      target: { ...target, ...changes },
      page: PAGE,
      write,
      port: PORT,
      ...secrets,
    });
  };
  const get = (path: string, headers: Record<string, string> = OWN, app = appOf()) =>
    app.request(`http://127.0.0.1:${PORT}${path}`, { headers });
  const json = async (path: string, app = appOf()) => {
    const response = await get(path, OWN, app);
    // Each test looks at the parts that its request is answered with.
    const body: {
      readonly search: string;
      readonly found: { readonly rows: readonly { readonly key: string }[] };
      readonly value: string;
      readonly length: number;
    } = JSON.parse(await response.text());
    return { status: response.status, body };
  };

  it('is answered to its own host alone, and never without its policy', async () => {
    const wrong = await get('/', { ...OWN, host: `evil.example:${PORT}` });
    expect(wrong.status).toBe(421);
    expect(await wrong.text()).toContain('Wrong host');
    for (const response of [wrong, await get('/'), await get('/nothing'), await get('/', HOST)]) {
      const { headers } = response;
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(headers.get('cache-control')).toBe('no-store');
    }
  });

  it('gets the page by the token, and everything else by the cookie that came with it', async () => {
    const first = await get('/?token=secret', HOST);
    expect([first.status, await first.text()]).toEqual([200, PAGE]);
    expect(first.headers.get('set-cookie')).toBe(
      `glasswork-inspect-${PORT}=secret; HttpOnly; SameSite=Strict; Path=/`,
    );
    const again = await get('/');
    expect([again.status, again.headers.get('set-cookie')]).toEqual([200, null]);
    expect((await get('/api/about')).headers.get('set-cookie')).toBeNull();
    for (const path of ['/', '/?token=wrong', '/api/about', '/api/about?token=secret']) {
      const refused = await get(path, HOST);
      expect([path, refused.status]).toEqual([path, 401]);
      expect(await refused.text()).toContain('it has the token');
    }
    expect((await get('/favicon.ico', HOST)).status).toBe(204);
    expect(await json('/nothing')).toMatchObject({
      ...{ status: 404, body: { error: 'There is nothing here.' } },
    });
  });

  it('is refused to other pages, whose links to the page itself work', async () => {
    const other = { 'sec-fetch-site': 'cross-site' };
    const refused = await get('/api/about', { ...OWN, ...other });
    expect([refused.status, await refused.text()]).toEqual([
      403,
      expect.stringContaining('Another'),
    ]);
    expect((await get('/', { ...OWN, ...other })).status).toBe(403);
    expect((await get('/?token=secret', { ...HOST, ...other })).status).toBe(200);
  });

  it('says what it is about', async () => {
    expect((await json('/api/about')).body).toEqual({
      ...{ title: target.title, prefix: 'shop', write: true },
    });
    const app = appOf(false, { keys: keySpace(undefined) });
    expect((await json('/api/about', app)).body).toMatchObject({ prefix: null, write: false });
  });

  it('finds keys in steps of a hundred', async () => {
    const keys = Array.from({ length: 130 }, (_, i) => `user:${i}`);
    await target.service.setMany(keys.map((key) => ({ key, value: 1, ttl: '1h' })));
    await target.service.del('user:0');
    const app = appOf();
    const { body: first } = await json('/api/keys?pattern=', app);
    expect(first).toMatchObject({ done: false, found: { rows: { length: 100 } } });
    expect(first.found.rows[0]).toEqual({
      ...{ key: expect.stringMatching(/^user:/), state: 'live', bytes: expect.any(Number) },
      expiresAt: expect.stringMatching(/^20\d\d-.*Z$/),
    });
    const { body: second } = await json(`/api/keys?search=${first.search}`, app);
    expect(second).toMatchObject({ done: true, found: { read: 130, rows: { length: 29 } } });
    expect(await json(`/api/keys?search=${first.search}`, app)).toEqual({
      ...{ status: 410, body: { error: 'The search has ended: begin it again.' } },
    });
    const { body: one } = await json('/api/keys?pattern=user:12');
    expect(one.found.rows.map(({ key }) => key)).toEqual(['user:12']);
    expect((await json('/api/keys?pattern=user:0')).body.found.rows).toEqual([]);
    expect((await json('/api/keys?pattern=user:0&dead=0')).body.found.rows).toEqual([]);
    const { body: dead } = await json('/api/keys?pattern=user:0&dead=1');
    expect(dead.found.rows).toMatchObject([{ key: 'user:0', state: 'tombstone', expiresAt: null }]);
  });

  it('finds tags, and ends the search with the last', async () => {
    await target.service.set('a', 1, { ttl: '1h', tags: ['red'] });
    const app = appOf();
    const { body } = await json('/api/tags', app);
    expect(body).toMatchObject({ done: true, found: { tags: [{ tag: 'red', keys: ['a'] }] } });
    expect((await json(`/api/tags?search=${body.search}`, app)).status).toBe(410);
  });

  it('shows an entry, and its value only if that is wanted, cut', async () => {
    await target.service.set('a', 'x'.repeat(3_000), '1h');
    const { body } = await json('/api/entry?key=a');
    expect(body).toMatchObject({ key: 'a', verdict: 'fresh', hasValue: true });
    expect(body).not.toHaveProperty('value');
    const { body: cut } = await json('/api/entry?key=a&value=1');
    expect([cut.value.length, cut.length]).toEqual([2_000, 3_002]);
    const { body: all } = await json('/api/entry?key=a&value=all');
    expect(all.value).toBe(`"${'x'.repeat(3_000)}"`);
    const none = { status: 200, body: { key: 'b', verdict: 'absent', hasValue: false } };
    expect(await json('/api/entry?key=b')).toMatchObject(none);
    expect(await json('/api/entry?key=b&value=1')).toMatchObject(none);
  });

  it('says why the store did not answer', async () => {
    const inspection = {
      ...target.inspection,
      read: () => Promise.reject(new Error('no answer from redis://user:secret@host')),
    };
    expect(await json('/api/entry?key=a', appOf(true, { inspection }))).toEqual({
      ...{ status: 502, body: { error: 'no answer from redis://…@host' } },
    });
  });

  it('takes events of services, and passes them on to open pages', async () => {
    const app = appOf();
    const post = (body: unknown, authorization = 'Bearer feed') =>
      app.request(`http://127.0.0.1:${PORT}/events`, {
        ...{ method: 'POST', headers: { ...HOST, authorization } },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      });
    for (const wrong of ['', 'Bearer secret', 'feed']) {
      const refused = await post({ pid: 1, events: [{ type: 'early' }] }, wrong);
      expect([refused.status, await refused.text()]).toEqual([401, 'Wrong token.\n']);
    }
    expect((await post('no JSON')).status).toBe(400);
    // Nobody looks, so that a service need not send more.
    expect((await post({ pid: 1, events: [{ type: 'hit' }], dropped: 0 })).status).toBe(204);
    const opened = await get('/api/events', OWN, app);
    expect(opened.headers.get('content-type')).toMatch(/^text\/event-stream/);
    const reader = opened.body?.getReader();
    const next = async () => Buffer.from((await reader?.read())?.value ?? []).toString();
    expect(await next()).toBe('retry: 1000\n\ndata: {"pid":1,"type":"hit"}\n\n');
    expect((await post({ pid: 2, events: 'none' })).status).toBe(200);
    expect((await post({ pid: 2, events: [], dropped: 3 })).status).toBe(200);
    expect(await next()).toMatch(/^data: \{"pid":2,"type":"dropped","at":\d+,"count":3\}\n\n$/);
    await reader?.cancel();
    expect((await post({ events: [] })).status).toBe(204);
  });

  describe('that changes the store', () => {
    const change = async (
      path: string,
      names: unknown,
      { app = appOf(), type = 'application/json; charset=utf-8' } = {},
    ) => {
      const response = await app.request(`http://127.0.0.1:${PORT}/api/${path}`, {
        ...{ method: 'POST', headers: { ...OWN, 'content-type': type } },
        body: JSON.stringify({ names }),
      });
      return { status: response.status, body: await response.json() };
    };
    const later = () => new CacheService(target.store, { keyPrefix: 'shop' });
    const stateOf = async (key: string) => (await later().getEntry(key))?.state;
    beforeEach(async () => {
      for (const key of ['a', 'b']) {
        const options = { ttl: '1h', staleTTL: '30m', tags: [`tag-${key}`] } as const;
        await target.service.wrap(key, options, async () => 1);
      }
    });

    it.each([
      ['del', 'a', undefined],
      ['expire', 'a', 'stale'],
      ['expire-tags', 'tag-a', 'stale'],
      ['invalidate', 'tag-a', undefined],
    ])('does %s, and nothing else', async (path, name, state) => {
      expect(await change(path, [name])).toEqual({ status: 200, body: { done: 1 } });
      expect([await stateOf('a'), await stateOf('b')]).toEqual([state, 'fresh']);
    });

    it.each<[number, unknown, { write?: boolean; type?: string }, string]>([
      [403, ['a'], { write: false }, 'Read-only'],
      [415, ['a'], { type: 'text/plain' }, 'Send JSON.'],
      [400, ['a', 1], {}, 'names'],
      [400, 'a', {}, 'names'],
      [400, undefined, {}, 'names'],
    ])('is refused with %d: %j, %j', async (status, names, { write = true, ...more }, error) => {
      expect(await change('del', names, { app: appOf(write), ...more })).toEqual({
        ...{ status, body: { error: expect.stringContaining(error) } },
      });
      expect(await stateOf('a')).toBe('fresh');
    });
  });
});

describe('the command inspect', () => {
  const cli = bundledCommandLine();
  const home = temporaryFolder('inspect-home', afterAll);
  const file = join(home, '.glasswork-cache', 'inspect.json');
  let where: readonly string[];
  let running: ReturnType<typeof cli.start> | undefined;
  beforeAll(async () => {
    where = ['--table', await createCacheTable(server.endpoint), '--endpoint', server.endpoint];
  });
  afterEach(() => void running?.child.kill('SIGINT'));

  async function opened(args: readonly string[], own = home) {
    running = cli.start(['inspect', ...where, ...args], { env: { HOME: own } });
    const { child, finished } = running;
    const [text] = await once(child.stdout ?? child, 'data');
    const end = async () => {
      child.kill('SIGINT');
      return finished;
    };
    return { text: String(text), end };
  }

  it.each([
    [[], 'read-only'],
    [['--write'], 'with changes allowed'],
  ])('with %j tells people where the page is, and that it is %s', async (args, mode) => {
    const { text, end } = await opened(args);
    expect(text).toMatch(/^The table "[\w-]+" in [\w-]+ at \S+, [\w -]+\. Open in a browser/);
    expect(text).toContain(`, ${mode}. Open in a browser on this machine:\n\n  http://127.0.0.1:`);
    const url = new URL(/^ +(http:\S+)$/m.exec(text)?.[1] ?? '');
    const page = await fetch(url);
    const cookie = page.headers.get('set-cookie')?.split(';')[0] ?? '';
    const keys = await fetch(`${url.origin}/api/keys`, { headers: { cookie } });
    expect([page.status, keys.status]).toEqual([200, 200]);
    expect(await end()).toMatchObject({ code: 130, stderr: 'Ctrl-C ends it.\n\nInterrupted.\n' });
  });

  it('replaces the file of one that was killed, for the eyes of its user', async () => {
    mkdirSync(join(home, '.glasswork-cache'), { recursive: true });
    writeFileSync(file, '{}', { mode: 0o644 });
    const { text, end } = await opened(['--json']);
    expect(JSON.parse(readFileSync(file, 'utf8')).url).toBe(new URL(JSON.parse(text).url).origin);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect((await end()).stderr).toBe('\nInterrupted.\n');
    expect(() => statSync(file)).toThrow('ENOENT');
  });

  it('leaves the file of another that was started since', async () => {
    const { end } = await opened(['--json']);
    writeFileSync(file, 'of another');
    await end();
    expect(readFileSync(file, 'utf8')).toBe('of another');
  });

  it('says that services cannot find it where it cannot write its file', async () => {
    const noFolder = join(home, 'a-file');
    writeFileSync(noFolder, '');
    const { text, end } = await opened([], noFolder);
    expect(text).toContain('Open in a browser');
    expect((await end()).stderr).toMatch(/^Events of services are not shown, .*: ENOTDIR/);
  });

  it('names a port that is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const found = await cli.run(['inspect', ...where, `--port=${port}`]);
    taken.close();
    expect(found).toMatchObject({
      ...{ code: 2, stdout: '', stderr: expect.stringContaining(`Port ${port} is not free`) },
    });
  });

  it.each(['0', '65536', '-1', '1.5', 'x'])('refuses the port %s', async (port) => {
    expect(await cli.run(['inspect', ...where, `--port=${port}`])).toMatchObject({
      ...{ code: 2, stdout: '', stderr: expect.stringContaining('Give a port, 1 to 65535.') },
    });
  });
});
