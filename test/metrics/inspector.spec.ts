import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CacheService } from '../../src/cache-service.js';
import { inspector } from '../../src/metrics/index.js';
import { inspectFile } from '../../src/metrics/inspect-file.js';
import { MemoryCacheStore } from '../../src/stores/memory/index.js';
import { until } from '../servers/until.js';

interface Batch {
  readonly pid: number;
  readonly dropped: number;
  readonly events: readonly Readonly<Record<string, unknown>>[];
}

const hit = (key: string) => ({ type: 'hit', key, state: 'fresh', ageMs: 1 }) as const;

describe('inspector', () => {
  const environment = { ...process.env };
  const servers: Server[] = [];
  let home: string;

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'inspector-'));
    process.env.HOME = home;
  });
  afterEach(() => {
    process.env = { ...environment };
    vi.useRealTimers();
    for (const server of servers.splice(0)) {
      server.close();
      server.closeAllConnections();
    }
    rmSync(home, { recursive: true });
  });

  const announce = (text: string) => {
    mkdirSync(dirname(inspectFile()), { recursive: true });
    writeFileSync(inspectFile(), text);
  };
  /** A page that answers with this status, once it may. */
  async function page(status = 200, mayAnswer?: Promise<void>) {
    const batches: Batch[] = [];
    const tokens: unknown[] = [];
    const server = createServer(async (request, response) => {
      tokens.push(request.headers.authorization);
      batches.push(JSON.parse(await text(request)));
      await mayAnswer;
      response.writeHead(status).end();
    });
    servers.push(server);
    server.on('connection', (socket) => socket.unref());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}`;
    announce(JSON.stringify({ url, token: 'secret' }));
    return { batches, tokens, url, server };
  }

  it('sends the events of a service, with their time and the reason of an error', async () => {
    const { batches, tokens } = await page();
    const cache = new CacheService(new MemoryCacheStore(), { onEvent: inspector() });
    await cache.wrap('a', '1h', async () => 1);
    const broken = new Error('no connection to postgres://user:secret@db');
    await cache.wrap('b', '1h', () => Promise.reject(broken)).catch(() => {});
    await until(() => batches.length > 0, 'a batch');
    expect(tokens).toEqual(['Bearer secret']);
    expect(batches[0]).toMatchObject({ pid: process.pid, dropped: 0 });
    const events = batches.flatMap((batch) => batch.events);
    expect(events.map(({ type, key }) => `${type} ${key}`)).toEqual(
      expect.arrayContaining(['miss a', 'load a', 'fill a', 'load-error b']),
    );
    const [error] = events.filter(({ type }) => type === 'load-error');
    expect(error?.error).toBe('Error: no connection to postgres://…@db');
    for (const { at } of events) expect(Math.abs(Number(at) - Date.now())).toBeLessThan(60_000);
    await cache.close();
  });

  it('keeps at most 1,000 events, and says how many it has dropped', async () => {
    const { batches } = await page();
    const listener = inspector();
    for (let i = 0; i < 1_500; i++) listener(hit(String(i)));
    await until(() => batches.length > 0, 'a batch');
    expect(batches[0]?.events).toHaveLength(1_000);
    expect(batches[0]?.dropped).toBe(500);
  });

  it('cuts long keys', async () => {
    const { batches } = await page();
    inspector()(hit('k'.repeat(100_000)));
    await until(() => batches.length > 0, 'a batch');
    expect(batches[0]?.events[0]?.key).toBe('k'.repeat(1_000));
  });

  const keysOf = (batches: readonly Batch[]) =>
    batches.map(({ events }) => events.map(({ key }) => key));

  it('sends what comes while a message is under way, and no message without an event', async () => {
    let answer = () => {};
    const { batches } = await page(200, new Promise((resolve) => (answer = resolve)));
    const listener = inspector();
    listener(hit('first'));
    await until(() => batches.length === 1, 'a batch');
    listener(hit('second'));
    answer();
    await until(() => batches.length === 2, 'a second batch');
    // Each takes the time after which an empty message would be sent.
    for (const key of ['third', 'fourth', 'fifth']) {
      const before = batches.length;
      inspector()(hit(key));
      await until(() => batches.length > before, 'the batch of another service');
    }
    expect(keysOf(batches)).toEqual([['first'], ['second'], ['third'], ['fourth'], ['fifth']]);
  });

  it('keeps no process alive for the answer of the page', async () => {
    const { batches } = await page(200, new Promise(() => {}));
    const sockets = () =>
      process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
    const before = sockets();
    inspector()(hit('a'));
    await until(() => batches.length === 1, 'a batch');
    expect(sockets()).toBe(before);
  });

  it('gives up a page that does not answer, and then looks again', async () => {
    const { batches: hung } = await page(200, new Promise(() => {}));
    const listener = inspector();
    listener(hit('hung'));
    await until(() => hung.length === 1, 'a batch');
    const { batches } = await page();
    let count = 0;
    await until(() => {
      listener(hit(String(++count)));
      return batches.length > 0;
    }, 'the page that answers');
    await until(() => keysOf(batches).flat().includes(String(count)), 'the last event');
  });

  it('rests for a second while nobody watches, and then looks again', async () => {
    const { batches } = await page(204);
    const listener = inspector();
    listener(hit('first'));
    await until(() => batches.length === 1, 'a batch');
    const asked = performance.now();
    await until(() => {
      listener(hit('again'));
      return batches.length === 2;
    }, 'a second batch');
    expect(performance.now() - asked).toBeGreaterThan(900);
  });

  it('finds a page that opens later', async () => {
    const listener = inspector();
    listener(hit('early'));
    const { batches } = await page();
    await until(() => {
      listener(hit('later'));
      return batches.length > 0;
    }, 'a batch');
  });

  it.each([
    ['no JSON', 'broken'],
    ['another type', '[]'],
    ['a page elsewhere', '{"url":"http://example.com:80","token":"t"}'],
    ['a name that could lead elsewhere', '{"url":"http://127.0.0.1.example.com:80","token":"t"}'],
    ['credentials in front', '{"url":"http://127.0.0.1:80@example.com:80","token":"t"}'],
    ['a port that is closed', '{"url":"http://127.0.0.1:1","token":"t"}'],
    ['a port that cannot be', '{"url":"http://127.0.0.1:99999","token":"t"}'],
    ['a token that is no header', '{"url":"http://127.0.0.1:1","token":"a\\nb"}'],
  ])('harms nobody with a file that has %s', async (_, file) => {
    announce(file);
    const listener = inspector();
    listener(hit('a'));
    const { batches } = await page();
    await until(() => {
      listener(hit('b'));
      return batches.length > 0;
    }, 'the page after the broken file');
    expect(JSON.stringify(batches)).not.toContain('example.com');
  });

  it('harms nobody without a home, or with a file that it may not read', async () => {
    const rejections: unknown[] = [];
    const note = (error: unknown) => rejections.push(error);
    process.on('unhandledRejection', note);
    try {
      const { batches, server } = await page();
      chmodSync(inspectFile(), 0);
      const listener = inspector();
      process.env.HOME = '/dev/null/nothing';
      listener(hit('a'));
      process.env.HOME = home;
      chmodSync(inspectFile(), 0o600);
      await until(() => {
        listener(hit('b'));
        return batches.length > 0;
      }, 'a batch');
      let connections = 0;
      server.on('connection', (socket) => {
        connections++;
        socket.destroy();
      });
      await until(() => {
        listener(hit('c'));
        return connections > 1;
      }, 'two messages that failed');
    } finally {
      process.off('unhandledRejection', note);
    }
    expect(rejections).toEqual([]);
  });

  it('does nothing on Lambda', async () => {
    const { batches } = await page();
    process.env.AWS_LAMBDA_RUNTIME_API = '127.0.0.1:9001';
    const listener = inspector();
    delete process.env.AWS_LAMBDA_RUNTIME_API;
    const other = inspector();
    listener(hit('lambda'));
    other(hit('here'));
    await until(() => batches.length > 0, 'a batch');
    await until(() => keysOf(batches).flat().includes('here'), 'the event of the other');
    expect(keysOf(batches).flat()).not.toContain('lambda');
  });

  it('survives fake timers, and asks for no calls to the store', async () => {
    const listener = inspector();
    expect(listener.storeCalls).toBeUndefined();
    vi.useFakeTimers();
    listener(hit('a'));
    vi.useRealTimers();
    const { batches } = await page();
    await until(() => {
      listener(hit('b'));
      return batches.length > 0;
    }, 'a batch');
  });

  it('keeps the context of no call', async () => {
    const { batches } = await page();
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const note = () => seen.push(storage.getStore());
    subscribe('http.client.request.start', note);
    const listener = inspector();
    storage.run('request', () => listener(hit('a')));
    await until(() => batches.length > 0, 'a batch');
    unsubscribe('http.client.request.start', note);
    expect(seen.length).toBeGreaterThan(0);
    expect(new Set(seen)).toEqual(new Set([undefined]));
  });

  it('costs a comparison while nobody looks', async () => {
    const { batches } = await page(204);
    const listener = inspector();
    const event = hit('b');
    const time = () => {
      const started = performance.now();
      for (let i = 0; i < 1_000; i++) listener(event);
      return (performance.now() - started) * 1_000;
    };
    time();
    await until(() => batches.length > 0, 'a batch');
    // The fastest of many, some of which come after the answer, and before the next search a second later.
    let nanoseconds = Number.POSITIVE_INFINITY;
    await until(() => {
      nanoseconds = Math.min(nanoseconds, time());
      return batches.length > 1;
    }, 'the next search');
    console.log(`an event without a page: ${nanoseconds.toFixed(1)} ns`);
    expect(nanoseconds).toBeLessThan(100);
  });
});
