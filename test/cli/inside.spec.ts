import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { Command } from 'commander';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type AwsApi, cloudWatchApi, daxApi } from '../../src/cli/aws-api.js';
import { Feed } from '../../src/cli/inspect/feed.js';
import { cookieOf, isOwnHost, isOwnPage, isSecret } from '../../src/cli/inspect/guard.js';
import { serve } from '../../src/cli/inspect/serve.js';
import { type Search, Searches } from '../../src/cli/inspect/steps.js';
import { tagSearch } from '../../src/cli/inspect/tags.js';
import { addPlace, count, type Place, storeKind } from '../../src/cli/options.js';
import { openStore } from '../../src/cli/target/open.js';
import { s3Options } from '../../src/cli/target/s3.js';
import type { Target } from '../../src/cli/target/target.js';
import { Sampler } from '../../src/cli/top/sampler.js';
import { createEntry, envelopeOf } from '../../src/model/entry.js';
import { keySpace } from '../../src/model/key-space.js';
import type { StoredRecord } from '../../src/stores/stored-record.js';

const SIZE = 10;

/** A record of a value with these tags, of a service with the prefix `app`. */
function recordOf(key: string, tags: readonly string[] = [], changes: object = {}): StoredRecord {
  const {
    ageMs = 0,
    loadMs = 1,
    staleMs,
    ...others
  } = changes as { ageMs?: number; loadMs?: number; staleMs?: number };
  const createdAt = Date.now() - ageMs;
  const staleAt = staleMs === undefined ? undefined : createdAt + staleMs;
  const versions = [[null, 'v'], ...tags.map((tag) => [tag, 'v'] as const)] as const;
  const entry = createEntry(
    key,
    { createdAt, staleAt, expiresAt: createdAt + 1e7, loadMs, versions },
    1,
  );
  return {
    ...{ key, kind: 'value', raw: '1', version: 'v', bytes: SIZE, expiresAt: createdAt + 1e7 },
    envelope: envelopeOf(entry),
    ...others,
  } as StoredRecord;
}

function targetOf(pages: readonly (readonly StoredRecord[])[], call?: () => Promise<string>) {
  const asked: unknown[] = [];
  const reads: string[] = [];
  const pulled: unknown[] = [];
  const all = new Map(pages.flat().map((record) => [record.key, record]));
  const inspection = {
    async *pages(...given: unknown[]) {
      asked.push(given);
      for (const page of pages) {
        pulled.push(page);
        yield page;
      }
    },
    async read(key: string) {
      reads.push(key);
      const found = all.get(key);
      if (found) return key === 'app:listed' ? recordOf(key, ['red']) : found;
      return key.startsWith('#') ? { kind: 'value', version: 'v', raw: '1' } : undefined;
    },
    call,
  };
  const target = { keys: keySpace('app'), store: { durable: true }, inspection };
  return { target: target as unknown as Target, asked, reads, pulled };
}

describe('the feed of an inspector', () => {
  const start = async (feed: Feed) => {
    const reader = feed.open().getReader();
    return { reader, text: Buffer.from((await reader.read()).value ?? []).toString() };
  };

  it('begins with the last 500 events, and goes on with new ones', async () => {
    const feed = new Feed();
    for (let i = 0; i < 501; i++) feed.publish({ i });
    expect(feed.isWatched).toBe(false);
    const { reader, text } = await start(feed);
    expect(feed.isWatched).toBe(true);
    const events = text.split('\n\n').filter((each) => each.startsWith('data:'));
    expect([events.length, events[0], events.at(-1)]).toEqual([
      500,
      'data: {"i":1}',
      'data: {"i":500}',
    ]);
    feed.publish({ i: 'new' });
    expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe('data: {"i":"new"}\n\n');
    await reader.cancel();
    expect(feed.isWatched).toBe(false);
  });

  it('keeps exactly 500', async () => {
    const feed = new Feed();
    for (let i = 0; i < 500; i++) feed.publish({ i });
    expect((await start(feed)).text.split('data:')).toHaveLength(501);
  });

  it('keeps what fits into a million bytes for a page that does not read', async () => {
    const feed = new Feed();
    const { reader } = await start(feed);
    const bytes = 'data: ""\n\n'.length;
    feed.publish(Object('x'.repeat(1_000_000 - bytes)));
    feed.publish({ i: 'too much' });
    await reader.read();
    feed.publish({ i: 'later' });
    expect(Buffer.from((await reader.read()).value ?? []).toString()).toContain('later');
  });

  it('does not fill the memory for a page that does not read', async () => {
    const feed = new Feed();
    const { reader } = await start(feed);
    const large = 'x'.repeat(600_000);
    for (let i = 0; i < 4; i++) feed.publish({ i, large });
    const next = async () =>
      Buffer.from((await reader.read()).value ?? [])
        .toString()
        .slice(0, 14);
    expect([await next(), await next()]).toEqual(['data: {"i":0,"', 'data: {"i":1,"']);
    feed.publish({ i: 'later' });
    expect(Buffer.from((await reader.read()).value ?? []).toString()).toContain('later');
  });
});

describe('the guard of an inspector', () => {
  it('knows its own secret, host and pages', () => {
    expect([
      isSecret('a', 'a'),
      isSecret('b', 'a'),
      isSecret('', 'a'),
      isSecret(undefined, 'a'),
    ]).toEqual([...[true, false, false, false]]);
    expect(
      ['127.0.0.1:4', 'localhost:4', 'a.test:4', '127.0.0.1:5', undefined].map((host) =>
        isOwnHost(host, 4),
      ),
    ).toEqual([...[true, true, false, false, false]]);
  });

  it.each([
    [{}, true],
    [{ origin: 'http://127.0.0.1:4' }, true],
    [{ origin: 'http://127.0.0.1:5' }, false],
    [{ origin: 'null' }, false],
    [{ 'sec-fetch-site': 'same-origin' }, true],
    [{ 'sec-fetch-site': 'none' }, true],
    [{ 'sec-fetch-site': 'same-site' }, false],
    [{ 'sec-fetch-site': 'cross-site' }, false],
    [{ origin: 'http://127.0.0.1:4', 'sec-fetch-site': 'cross-site' }, false],
    [{ origin: 'http://a.test', 'sec-fetch-site': 'same-origin' }, false],
  ])('takes a request with %j for one of its page: %s', (headers, isOwn) => {
    expect(isOwnPage(new Headers({ host: '127.0.0.1:4', ...headers }))).toBe(isOwn);
  });

  it('finds a cookie by its whole name', () => {
    const headers = new Headers({ cookie: 'xa=1;a=2; b=3' });
    expect(['a', 'b', 'c'].map((name) => cookieOf(headers, name))).toEqual(['2', '3', undefined]);
    expect(cookieOf(new Headers(), 'a')).toBeUndefined();
  });
});

describe('the server of an inspector', () => {
  it('takes bodies of up to 4 MB, and only URLs of its own', async () => {
    const lengths: number[] = [];
    const { port } = await serve(0, () => async (asked) => {
      lengths.push((await asked.arrayBuffer()).byteLength);
      return new Response(null, { status: 204, headers: { 'x-own': '1' } });
    });
    const post = (body: Buffer) =>
      fetch(`http://127.0.0.1:${port}/`, {
        method: 'POST',
        body,
        headers: { connection: 'close' },
      });
    const whole = await post(Buffer.alloc(4_000_000));
    expect([whole.status, whole.headers.get('x-own')]).toEqual([204, '1']);
    expect((await post(Buffer.alloc(0))).status).toBe(204);
    const tooLong = await post(Buffer.alloc(4_000_001)).then(
      ({ status }) => status,
      () => 413,
    );
    expect(tooLong).toBe(413);
    expect(lengths).toEqual([4_000_000, 0]);
    const foreign = request({ port, path: 'http://a.test/', agent: false }).end();
    const [{ statusCode }] = (await once(foreign, 'response')) as [IncomingMessage];
    expect(statusCode).toBe(400);
  });

  it('ends a stream with its reader, and the answer with a stream that fails', async () => {
    let fail = (_error: Error) => {};
    const cancelled = vi.fn();
    const { port } = await serve(0, (own) => async ({ url, headers }) => {
      expect(headers.get('host')).toBe(`127.0.0.1:${own}`);
      const start = (controller: ReadableStreamDefaultController) => {
        controller.enqueue(Buffer.from(new URL(url).pathname));
        fail = (error) => controller.error(error);
      };
      return new Response(new ReadableStream({ start, cancel: cancelled }), { status: 201 });
    });
    const open = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
    const first = (await open('/first')).body?.getReader();
    expect(Buffer.from((await first?.read())?.value ?? []).toString()).toBe('/first');
    await first?.cancel();
    await vi.waitUntil(() => cancelled.mock.calls.length > 0);
    const second = await open('/second');
    expect(second.status).toBe(201);
    fail(new Error('lost'));
    await expect(second.text()).rejects.toThrow();
    expect((await open('/third')).status).toBe(201);
  });
});

describe('searches in steps', () => {
  function search(pages: number, { fullAfter = Infinity } = {}) {
    let read = 0;
    const ended = vi.fn(async () => {});
    const one: Search<number> = {
      async advance() {
        if (read < pages) read++;
        return read < pages;
      },
      isFull: () => read >= fullAfter && read < pages,
      take: () => read,
      end: ended,
    };
    return { one, ended };
  }
  const never = () => {
    throw new Error('begun again');
  };

  it('go on by their name until their end', async () => {
    const searches = new Searches();
    const { one } = search(3, { fullAfter: 1 });
    const first = await searches.step(undefined, () => one);
    expect(first).toMatchObject({ done: false, found: 1 });
    const second = await searches.step(first?.search, never);
    expect(second).toMatchObject({ done: false, search: first?.search });
    const whole = search(3);
    const done = await searches.step(undefined, () => whole.one);
    expect(done).toMatchObject({ done: true, found: 3 });
    expect(await searches.step(done?.search, never)).toBeUndefined();
    expect(await searches.step('unknown', never)).toBeUndefined();
  });

  it('end when they fail', async () => {
    const searches = new Searches();
    const { one, ended } = search(3, { fullAfter: 1 });
    const begun = await searches.step(undefined, () => one);
    one.advance = () => Promise.reject(new Error('lost'));
    one.isFull = () => false;
    await expect(searches.step(begun?.search, never)).rejects.toThrow('lost');
    expect(ended).toHaveBeenCalledOnce();
    expect(await searches.step(begun?.search, never)).toBeUndefined();
  });

  it('show what was found after a second', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const { one } = search(9);
    const { advance } = one;
    one.advance = () => {
      vi.advanceTimersByTime(500);
      return advance();
    };
    expect(await new Searches().step(undefined, () => one)).toMatchObject({
      ...{ done: false, found: 2 },
    });
  });

  it('are eight at most: the one that was used least lately ends', async () => {
    const searches = new Searches();
    const begun = Array.from({ length: 9 }, () => search(3, { fullAfter: 1 }));
    const names: (string | undefined)[] = [];
    for (const { one } of begun.slice(0, 8))
      names.push((await searches.step(undefined, () => one))?.search);
    await searches.step(names[0], never);
    for (const { one } of begun.slice(8)) await searches.step(undefined, () => one);
    expect(begun.map(({ ended }) => ended.mock.calls.length)).toEqual([0, 1, 0, 0, 0, 0, 0, 0, 0]);
    expect(await searches.step(names[1], never)).toBeUndefined();
  });
});

describe('the tags of a store', () => {
  it('name the values that are served, each key once', async () => {
    const { target, asked, reads } = targetOf([
      [
        recordOf('app:a', ['red', 'blue']),
        recordOf('app:a', ['red', 'blue']),
        recordOf('other:a', ['red']),
        recordOf('app:gone', ['red'], { kind: 'tombstone', envelope: undefined }),
        recordOf('app:old', ['red'], { ageMs: 2e7 }),
        recordOf('app:stale', ['blue'], { staleMs: 0 }),
      ],
      [recordOf('app:listed', [], { envelope: undefined }), recordOf('app:b', ['red'])],
    ]);
    const search = tagSearch(target);
    expect(await search.advance()).toBe(true);
    expect(search.isFull()).toBe(false);
    expect(await search.advance()).toBe(true);
    expect(await search.advance()).toBe(false);
    expect(search.take()).toEqual({
      ...{ read: 8, cut: false },
      tags: [
        {
          tag: 'red',
          values: 3,
          bytes: 3 * SIZE,
          keys: expect.arrayContaining(['a', 'b', 'listed']),
        },
        { tag: 'blue', values: 2, bytes: 2 * SIZE, keys: ['a', 'stale'] },
      ],
    });
    expect(asked).toEqual([['app:', 200]]);
    expect(reads.filter((key) => !key.startsWith('#'))).toEqual(['app:listed']);
    // The versions are read once each.
    expect(reads.filter((key) => key === '#tag:app:red')).toHaveLength(1);
  });

  it('are 5,000 at most, with 100 keys each', async () => {
    const many = Array.from({ length: 5_001 }, (_, i) => recordOf(`app:k${i}`, [`t${i}`]));
    const known = recordOf('app:again', ['t7']);
    const search = tagSearch(targetOf([many.slice(0, 5_000), [known], many.slice(5_000)]).target);
    await search.advance();
    await search.advance();
    expect(search.take().cut).toBe(false);
    expect(search.take().tags[0]).toMatchObject({ tag: 't7', values: 2 });
    await search.advance();
    expect(search.take().cut).toBe(true);
    expect(search.take().tags).toHaveLength(5_000);
    const red = Array.from({ length: 101 }, (_, i) => recordOf(`app:k${i}`, ['red']));
    const one = tagSearch(targetOf([red]).target);
    await one.advance();
    expect(one.take().tags[0]).toMatchObject({ values: 101 });
    expect(one.take().tags[0]?.keys).toHaveLength(100);
  });
});

describe('a sample of a store', () => {
  it('counts what would be served, and what would be a miss', async () => {
    const { target, asked, reads } = targetOf([
      [
        recordOf('app:a', [], { loadMs: 3 }),
        recordOf('app:b', [], { ageMs: 61_000, loadMs: 9 }),
        recordOf('other:c'),
        recordOf('app:d', [], { kind: 'tombstone', envelope: undefined }),
        recordOf('app:e', [], { ageMs: 2e7 }),
        recordOf('app:f', [], { kind: 'foreign' }),
        recordOf('app:g', [], { ageMs: 62_000, staleMs: 0, loadMs: 2 }),
        recordOf('app:listed', [], { envelope: undefined }),
      ],
    ]);
    const sampler = new Sampler(target, 10);
    expect(await sampler.next()).toEqual({
      ...{ keys: 7, servedRatio: 4 / 7, served: { fresh: 3, stale: 1 }, filled: 2 },
      missesBy: { expired: 1, invalidated: 0, absent: 1, corrupt: 1 },
      loadTime: { p50: 2, p99: 9, max: 9 },
      slowest: [
        { key: 'b', loadMs: 9 },
        { key: 'a', loadMs: 3 },
        { key: 'g', loadMs: 2 },
        { key: 'e', loadMs: 1 },
        { key: 'listed', loadMs: 1 },
      ],
      hitRatio: undefined,
    });
    // A list of Redis or S3 has only the start of a value, and all of the rest.
    expect(reads.filter((key) => !key.startsWith('#'))).toEqual(['app:listed']);
    await sampler.next();
    expect(asked).toEqual([
      ['app:', 10],
      ['app:', 10],
    ]);
  });

  it('goes on where the one before ended', async () => {
    const records = ['a', 'b', 'c', 'd', 'e'].map((name, i) =>
      recordOf(`app:${name}`, [], { loadMs: i + 1 }),
    );
    const sampler = new Sampler(targetOf([records.slice(0, 3), records.slice(3)]).target, 2);
    const keys = async () => (await sampler.next()).slowest.map(({ key }) => key);
    expect([await keys(), await keys(), await keys(), await keys()]).toEqual([
      ...[['b', 'a'], ['d', 'c'], ['e'], ['b', 'a']],
    ]);
  });

  it('reads no page that it does not need', async () => {
    const { target, pulled } = targetOf([
      [recordOf('app:a'), recordOf('app:b')],
      [recordOf('app:c')],
    ]);
    await new Sampler(target, 2).next();
    expect(pulled).toHaveLength(1);
  });

  it('counts what was written in the last minute', async () => {
    vi.useFakeTimers({ now: Date.UTC(2030, 0, 1), toFake: ['Date'] });
    try {
      const ages = [0, 59_999, 60_000];
      const records = ages.map((ageMs) => recordOf(`app:${ageMs}`, [], { ageMs }));
      expect((await new Sampler(targetOf([records]).target, 5).next()).filled).toBe(2);
    } finally {
      vi.useRealTimers();
    }
  });

  it('is empty of an empty store', async () => {
    const sampler = new Sampler(targetOf([]).target, 2);
    expect(await sampler.next()).toMatchObject({ keys: 0, servedRatio: undefined, slowest: [] });
  });

  it('compares the hits of the server with those of before', async () => {
    const answers = [
      'keyspace_hits:10\r\nkeyspace_misses:10',
      'keyspace_hits:13\r\nkeyspace_misses:11',
    ];
    const info = async () => answers.shift() ?? Promise.reject(new Error('denied'));
    const sampler = new Sampler(targetOf([], info).target, 2);
    const ratios = [await sampler.next(), await sampler.next(), await sampler.next()];
    expect(ratios.map(({ hitRatio }) => hitRatio)).toEqual([0.5, 0.75, undefined]);
  });
});

describe('a store on the command line', () => {
  afterEach(() => void vi.unstubAllEnvs());
  const parsed = (args: string[]) => {
    const command = addPlace(new Command('a')).exitOverride();
    command.parse(args, { from: 'user' });
    return { command, place: command.opts<Place>() };
  };
  const kindOf = (...args: string[]) => {
    const { command, place } = parsed(args);
    return storeKind(place, command);
  };

  it('is the one that is named, on the command line before the environment', () => {
    for (const name of ['CACHE_TABLE', 'CACHE_URL', 'CACHE_BUCKET']) vi.stubEnv(name, undefined);
    expect(() => kindOf()).toThrow('No store is named');
    expect([kindOf('--table', 't'), kindOf('--redis', 'r'), kindOf('--bucket', 'b')]).toEqual([
      ...['dynamodb', 'redis', 's3'],
    ]);
    expect(() => kindOf('--table', 't', '--bucket', 'b')).toThrow(
      '--table and --bucket name several',
    );
    vi.stubEnv('CACHE_TABLE', 't');
    expect([kindOf(), kindOf('--redis', 'r')]).toEqual(['dynamodb', 'redis']);
    vi.stubEnv('CACHE_URL', 'r');
    expect(() => kindOf()).toThrow('--table and --redis name several');
  });

  it('has a title that says where it is', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL', undefined);
    const title = async (kind: Target['kind'], place: Place) => {
      const {
        store,
        inspection,
        title: text,
      } = await openStore(kind, { region: 'eu-central-1', ...place });
      await Promise.all([store.close?.(), inspection.close()]);
      return text;
    };
    const endpoint = 'http://127.0.0.1:1';
    expect(await title('dynamodb', { table: 't' })).toBe('table "t" in eu-central-1');
    expect(await title('dynamodb', { table: 't', endpoint })).toMatch(
      /^table "t" in .+ at http:\/\/127\.0\.0\.1:1\/?$/,
    );
    expect(await title('s3', { bucket: 'bucket' })).toBe(
      'bucket "bucket" in eu-central-1 below "cache/"',
    );
    expect(await title('s3', { bucket: 'bucket', endpoint, storePrefix: 'p' })).toMatch(
      /^bucket "bucket" in .+ at http:\/\/127\.0\.0\.1:1\/? below "p\/"$/,
    );
    expect(await title('redis', { redis: 'redis://u:secret@127.0.0.1:1' })).toBe(
      'server redis://…@127.0.0.1:1 below "cache:"',
    );
  });

  it.each(['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_S3'])(
    'needs no credentials for a bucket where %s is on this machine',
    async (name) => {
      for (const each of ['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_S3', 'AWS_PROFILE'])
        vi.stubEnv(each, undefined);
      vi.stubEnv('AWS_ACCESS_KEY_ID', undefined);
      vi.stubEnv(name, 'http://127.0.0.1:1');
      const { credentials } = s3Options({ bucket: 'b' });
      expect(await credentials()).toMatchObject({ accessKeyId: 'local' });
    },
  );

  it('has CloudWatch and DAX in its own region and part of AWS', async () => {
    for (const name of ['AWS_ENDPOINT_URL_CLOUDWATCH', 'AWS_ENDPOINT_URL_DAX'])
      vi.stubEnv(name, undefined);
    const hosts = async (region: string, host: string) => {
      const database = { region, endpoint: new URL(`https://${host}`) } as AwsApi;
      const apis = await Promise.all([cloudWatchApi({}, database), daxApi({}, database)]);
      for (const api of apis) api?.close();
      return apis.map((api) => api?.endpoint.hostname);
    };
    expect(await hosts('eu-central-1', 'dynamodb.eu-central-1.amazonaws.com')).toEqual([
      ...['monitoring.eu-central-1.amazonaws.com', 'dax.eu-central-1.amazonaws.com'],
    ]);
    expect(await hosts('cn-north-1', 'dynamodb.cn-north-1.amazonaws.com.cn')).toEqual([
      ...['monitoring.cn-north-1.amazonaws.com.cn', 'dax.cn-north-1.amazonaws.com.cn'],
    ]);
    expect(await hosts('eu-central-1', 'localhost')).toEqual([undefined, undefined]);
  });

  it('is no bucket that only the SDK can address', () => {
    for (const bucket of ['arn:aws:s3:eu-central-1:1:accesspoint/a', 'a--euc1-az1--x-s3'])
      expect(() => s3Options({ bucket })).toThrow(/need the SDK/);
    expect(s3Options({ bucket: 'a--x-s3-b' }).bucket).toBe('a--x-s3-b');
  });

  it('takes whole numbers above zero', () => {
    expect([count('1'), count('9007199254740991')]).toEqual([1, 9007199254740991]);
    for (const text of ['0', '-1', '1.5', '', 'x', '9007199254740992'])
      expect(() => count(text), text).toThrow('Give a whole number above zero.');
  });
});
