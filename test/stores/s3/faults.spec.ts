import dns from 'node:dns';
import { type CacheEvent, CacheService } from '@glasswork/cache';
import { createVirtualClock } from '@glasswork/cache/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { failure } from '../../servers/s3-bucket.js';
import { type Interceptor, type Received, resolveLocalhost } from '../../servers/s3-endpoint.js';
import { region, s3World } from './world.js';

/** Answers the first requests of a kind with these, one after the other, and leaves the others alone. */
function first(is: (request: Received) => boolean, ...answers: Interceptor[]): Interceptor {
  return (request, answer) => (is(request) ? answers.shift()?.(request, answer) : undefined);
}
const isPut = ({ method }: Received) => method === 'PUT';
const isGet = ({ method }: Received) => method === 'GET';
const conflict: Interceptor = () =>
  failure(409, 'ConditionalRequestConflict', 'A conflicting operation occurred. Retry.');
const slowDown: Interceptor = () => failure(503, 'SlowDown', 'Please reduce your request rate.');
const internalError: Interceptor = () => failure(500, 'InternalError', 'We had an internal error.');
/** The request is applied, and its answer is lost. */
const lostReply: Interceptor = (_, answer) => {
  answer();
  return (response) => response.destroy();
};
const cut: Interceptor = (_, answer) => {
  const { status, headers, body = '' } = answer();
  return (response) => {
    response.writeHead(status, { ...headers, 'content-length': body.length });
    response.write(body.slice(0, body.length / 2));
    setImmediate(() => response.destroy());
  };
};
const silence: Interceptor = () => () => {};

describe('a write to S3', () => {
  it.each<[string, Interceptor[]]>([
    ['503 SlowDown', [slowDown, slowDown]],
    ['500 InternalError', [internalError]],
    ['409 ConditionalRequestConflict', [conflict, conflict, conflict]],
    ['a lost reply', [lostReply]],
    ['two lost replies', [lostReply, lostReply]],
    ['a lost reply, then 409', [lostReply, conflict]],
    ['no answer in time', [silence]],
  ])('succeeds after %s', async (_, answers) => {
    const { server, open } = await s3World();
    const timeouts = { request: '250ms', total: '20s' } as const;
    for (const operation of ['set', 'fill', 'add', 'del'] as const) {
      const store = open({ timeouts });
      const { version } = await store.getVersioned(operation);
      server.intercept = first(isPut, ...answers);
      if (operation === 'set') await store.set(operation, 'new', 60);
      if (operation === 'fill')
        expect(await store.setIfUnchanged(operation, 'new', 60, version)).toBe(true);
      if (operation === 'add') expect(await store.add(operation, 'new', 60)).toBe(true);
      if (operation === 'del') await store.del(operation);
      expect(await store.get(operation)).toBe(operation === 'del' ? undefined : 'new');
    }
  });

  it('is refused if another one came first, also after a lost reply of another', async () => {
    const { server, open } = await s3World();
    const [store, other] = [open(), open()];
    const { version } = await store.getVersioned('key');
    await other.set('key', 'theirs', 60);
    server.intercept = first(isPut, slowDown, conflict);
    expect(await store.setIfUnchanged('key', 'late', 60, version)).toBe(false);
    expect(await store.get('key')).toBe('theirs');
  });

  it('tries again when another process writes between its read and its write', async () => {
    const { server, bucket, open } = await s3World();
    const store = open();
    await store.set('key', 'first', 60);
    const [name = ''] = bucket.objects.keys();
    const between: Interceptor = () => {
      bucket.put(name, `theirs ${server.requests.length}`);
      return undefined;
    };
    server.intercept = first(isPut, between, between, between);
    await store.del('key');
    expect(await store.get('key')).toBeUndefined();
    const puts = server.requests.filter(isPut);
    expect(puts).toHaveLength(5);
    // The first one wrote an object that did not exist.
    for (const { headers } of puts.slice(1)) expect(headers['if-match']).toBeDefined();
  });

  it('tries again when the object goes between its read and its write', async () => {
    const { server, bucket, open } = await s3World();
    const store = open();
    const [seen, other] = [open(), open()];
    await other.set('key', 'first', 60);
    const { version } = await seen.getVersioned('key');
    // A rule of the bucket's lifecycle, for example.
    const goes: Interceptor = () => {
      bucket.objects.clear();
      return undefined;
    };
    server.intercept = first(isPut, goes);
    await store.set('key', 'second', 60);
    expect(await store.get('key')).toBe('second');
    server.intercept = first(isPut, goes);
    expect(await seen.setIfUnchanged('key', 'late', 60, version)).toBe(false);
  });

  it('replaces an object without a byte that another program left', async () => {
    const { bucket, open } = await s3World();
    const store = open();
    await store.set('key', 'first', 60);
    const [name = ''] = bucket.objects.keys();
    bucket.put(name, '');
    await expect(store.get('key')).rejects.toMatchObject({ code: 'CORRUPT' });
    await open().set('key', 'second', 60);
    expect(await store.get('key')).toBe('second');
  });

  it('says so when it never gets its turn', async () => {
    const { server, bucket, open } = await s3World();
    const store = open();
    server.intercept = (request) => {
      if (isPut(request)) bucket.put(request.name, `theirs ${server.requests.length}`);
      return undefined;
    };
    await expect(store.del('key')).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringMatching(/Too many processes write this key at once/),
    });
  });

  it.each(['del', 'set'] as const)(
    'that is sent twice restores nothing that a later write has replaced: %s',
    async (operation) => {
      const { server, open } = await s3World();
      const store = open();
      const write = (value: string) =>
        operation === 'del' ? store.del('key') : store.set('key', value, 60);
      await store.set('key', 'first', 60);
      await write('second');
      const sent = server.requests.findLast(isPut);
      const seen = await store.getVersioned('key');
      await store.set('key', 'third', 60);
      await store.del('key');
      // A proxy, or a client that lost the reply, sends the same bytes once more.
      const { method = '', url = '', headers = {}, body } = sent ?? {};
      const replayed = await fetch(server.endpoint + url, {
        method,
        headers: headers as Record<string, string>,
        body: new Uint8Array(body ?? []),
      });
      expect(replayed.status).toBe(412);
      expect(await store.setIfUnchanged('key', 'late', 60, seen.version)).toBe(false);
      expect(await store.get('key')).toBeUndefined();
    },
  );

  it('of one key from one process loses no race against itself', async () => {
    const { server, open } = await s3World();
    const store = open();
    await Promise.all(Array.from({ length: 12 }, (_, i) => store.set('key', i, 60)));
    expect(await store.get('key')).toBe(11);
    expect(server.requests.filter(isPut)).toHaveLength(12);
  });

  it('keeps the order of the calls: a del after a set wins', async () => {
    const { open } = await s3World();
    const store = open();
    await Promise.all([store.set('key', 1, 60), store.del('key')]);
    expect(await store.get('key')).toBeUndefined();
    await Promise.all([store.del('key'), store.set('key', 2, 60)]);
    expect(await store.get('key')).toBe(2);
  });

  it('does not wait for a write of the same key that hangs', async () => {
    const { server, open } = await s3World();
    const store = open({ timeouts: { request: '30s', total: '30s' } });
    server.intercept = first(isPut, silence);
    const hanging = store.set('key', 'hangs', 60).catch((error) => error);
    await expect.poll(() => server.requests.filter(isPut).length).toBe(1);
    await store.del('key');
    expect(await store.get('key')).toBeUndefined();
    await store.close();
    expect(await hanging).toMatchObject({ code: 'STORE_FAILED' });
  });
});

describe('a read from S3', () => {
  it.each<[string, Interceptor[]]>([
    ['503 SlowDown', [slowDown, slowDown]],
    ['an answer that is cut off', [cut]],
    ['a connection that breaks', [() => (response) => response.destroy()]],
    ['no answer in time', [silence]],
  ])('succeeds after %s', async (_, answers) => {
    const { server, open } = await s3World();
    const store = open({ timeouts: { request: '250ms', total: '20s' } });
    await store.set('key', { large: 'x'.repeat(100_000) }, 60);
    server.intercept = first(isGet, ...answers);
    expect(await store.get('key')).toEqual({ large: 'x'.repeat(100_000) });
  });

  it.each<[string, Interceptor, RegExp]>([
    ['is cut off each time', cut, /ECONNRESET/],
    ['never comes', silence, /timeouts\.request|answers too slowly/],
    ['is not one of S3', () => ({ status: 200, body: '<html>' }), /did not answer as S3 does/],
    [
      'refuses a range that nobody asked for',
      () => failure(416, 'InvalidRange', 'no'),
      /InvalidRange/,
    ],
  ])('fails within its time if the answer %s', async (_, answer, message) => {
    const { server, open } = await s3World();
    const store = open({ timeouts: { request: '100ms', total: '400ms' } });
    await store.set('key', 'x'.repeat(1_000), 60);
    server.intercept = (request, original) =>
      isGet(request) ? answer(request, original) : undefined;
    await expect(store.get('key')).rejects.toThrow(message);
  });

  it.each<[string, (body: Buffer) => Buffer | string]>([
    ['was truncated', (body) => body.subarray(0, -1)],
    ['was truncated in its key', (body) => body.subarray(0, 90)],
    ['was made longer', (body) => Buffer.concat([body, Buffer.from(' ')])],
    ['is empty', () => ''],
    ['is of another program', () => '{"text":"poisoned"}'],
    [
      'has rubbish for a value',
      (body) => body.toString().replace('{"text":"value"}', '{"text":"value"]'),
    ],
    ['has rubbish for its entry', (body) => body.toString().replace('\n\n', '\n[1]\n')],
  ])('of an object that %s is a miss, an event, and filled again', async (_, spoil) => {
    const { bucket, open } = await s3World();
    const store = open();
    await store.set('app:key', { text: 'value' }, 60);
    const [name = ''] = bucket.objects.keys();
    bucket.put(name, spoil(bucket.objects.get(name)?.body ?? Buffer.alloc(0)));
    const events: CacheEvent[] = [];
    const config = { keyPrefix: 'app', onEvent: (event: CacheEvent) => void events.push(event) };
    const cache = new CacheService(store, config);
    expect(await cache.get('key')).toBeUndefined();
    expect(await cache.wrap('key', 60, () => ({ text: 'new' }))).toEqual({ text: 'new' });
    expect(await cache.get('key')).toEqual({ text: 'new' });
    expect(events.map(({ type }) => type)).toContain('corrupt');
  });

  it('of an object that was copied from another key is a miss and an event', async () => {
    const { bucket, open } = await s3World();
    const store = open();
    await store.set('user:1', 'secret of 1', 60);
    await store.set('user:2', 'secret of 2', 60);
    const [one = '', two = ''] = bucket.objects.keys();
    bucket.objects.set(two, bucket.objects.get(one) as never);
    await expect(store.get('user:2')).rejects.toMatchObject({
      code: 'CORRUPT',
      message: expect.stringMatching(/holds the value of another key/),
    });
    const { value, error } = await store.getVersioned('user:2');
    expect({ value, error }).toMatchObject({ value: undefined, error: { code: 'CORRUPT' } });
  });
});

describe('a request to the bucket itself', () => {
  it('has no slash after the name of the bucket, and one without a name', async () => {
    const { server, open } = await s3World();
    await open({ pathStyle: true }).clear();
    const isList = ({ query }: Received) => query.has('list-type');
    expect(server.requests.find(isList)?.url).toMatch(/^\/cache-bucket\?/);
    // Names below localhost lead to this machine in this test alone.
    const { lookup } = dns;
    onTestFinished(() => {
      dns.lookup = lookup;
    });
    resolveLocalhost();
    server.requests.length = 0;
    const endpoint = server.endpoint.replace('127.0.0.1', 's3.localhost');
    server.createBucket('cache-bucket.s3', region);
    await open({ endpoint, pathStyle: false }).clear();
    expect(server.requests.find(isList)?.url).toMatch(/^\/\?/);
  });
});

describe('a clear', () => {
  it('sends the failures of a deletion again, and deletes below its prefix only', async () => {
    const { server, bucket, open } = await s3World();
    bucket.pageSize = 3;
    const [store, other] = [open({ prefix: 'a' }), open({ prefix: 'ab' })];
    const keys = Array.from({ length: 7 }, (_, i) => `key ${i}`);
    await store.setMany(keys.map((key) => ({ key, value: 1, ttl: 60 })));
    await store.set('#tag:app:red', 1, 60);
    await other.set('key', 2, 60);
    bucket.put('a/notes.txt', 'mine');
    bucket.put('a/v/their file', 'mine');
    bucket.put('outside', 'mine');
    const some = first(
      ({ query }) => query.has('delete'),
      ({ body }, answer) => {
        const [, name = ''] = /<Key>([^<]*)</.exec(body.toString()) ?? [];
        const kept = bucket.objects.get(name)?.body ?? '';
        answer();
        bucket.put(name, kept);
        const error = `<Error><Key>${name}</Key><Code>InternalError</Code><Message>again</Message></Error>`;
        return { status: 200, body: `<DeleteResult>${error}</DeleteResult>` };
      },
    );
    server.intercept = some;
    await store.clear();
    expect([...bucket.objects.keys()].sort()).toEqual([
      ...['a/notes.txt', 'a/v/their file', 'ab/v/key', 'outside'],
    ]);
  });

  it.each<[string, string, RegExp]>([
    [
      'a name that may not be deleted',
      '<DeleteResult><Error><Key>k</Key><Code>AccessDenied</Code><Message>Access Denied</Message></Error></DeleteResult>',
      /AccessDenied.*Allow s3:DeleteObject/,
    ],
    ['an answer of something else', '<html></html>', /did not answer as S3 does/],
    [
      'an error with status 200',
      '<Error><Code>InternalError</Code></Error>',
      /HTTP 200|InternalError/,
    ],
  ])('rejects for %s', async (_, body, message) => {
    const { server, open } = await s3World();
    const store = open();
    await store.set('key', 1, 60);
    server.intercept = ({ query }) => (query.has('delete') ? { status: 200, body } : undefined);
    await expect(store.clear()).rejects.toThrow(message);
  });

  it.each<[string, (xml: string) => string]>([
    ['is cut off', (xml) => xml.slice(0, -30)],
    ['does not say if there is more', (xml) => xml.replace(/<IsTruncated>.*<\/IsTruncated>/, '')],
    ['has no token for more', (xml) => xml.replace('>false<', '>true<')],
  ])('rejects for a list that %s', async (_, change) => {
    const { server, open } = await s3World();
    const store = open();
    await store.set('key', 1, 60);
    server.intercept = ({ query }, answer) => {
      if (!query.has('list-type')) return undefined;
      return { ...answer(), body: change(String(answer().body)) };
    };
    await expect(store.clear()).rejects.toThrow(/list in bucket .* did not answer as S3 does/);
    expect(await store.get('key')).toBe(1);
  });
});

describe('delByPattern', () => {
  it('counts live values only, and leaves tombstones that refuse older fills', async () => {
    const { bucket, open } = await s3World();
    const clock = createVirtualClock();
    const store = open({ clock });
    await store.set('a:1', 1, 60);
    await store.set('a:2', 1, 1);
    await store.set('b:1', 1, 60);
    await store.set('a:3', 1, 60);
    await store.del('a:3');
    bucket.put('cache/v/a:foreign', 'not a record');
    clock.advance(2_000);
    const { version } = await store.getVersioned('a:1');
    expect(await store.delByPattern('a:*')).toBe(1);
    expect(await store.setIfUnchanged('a:1', 'late', 60, version)).toBe(false);
    expect(await store.get('b:1')).toBe(1);
    expect(bucket.objects.get('cache/v/a:foreign')?.body.toString()).toBe('not a record');
  });

  it('lists no more than what the start of the pattern leads to', async () => {
    const { server, open } = await s3World();
    const store = open();
    await store.delByPattern('user:1/*');
    await store.delByPattern('*');
    await store.delByPattern('#tag:*');
    const prefixes = server.requests.map(({ query }) => query.get('prefix'));
    expect(prefixes).toEqual([
      'cache/v/user:1=2F',
      'cache/v/',
      'cache/v/=23tag:',
      'cache/r/=23tag:',
    ]);
  });
});
