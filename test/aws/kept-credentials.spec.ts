import assert from 'node:assert/strict';
import { DynamoDBCacheStore, type DynamoDBCacheStoreOptions } from '@glasswork/cache';
import { createVirtualClock } from '@glasswork/cache/testing';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type CredentialProvider, keepCredentials } from '../../src/aws/credentials.js';
import { deferred } from '../lambda/helpers.js';
import { until } from '../servers/until.js';
import { errorBody, type Received, type Reply, serveHttp, transportTo } from './servers.js';

const MINUTE = 60_000;
type Given = Awaited<ReturnType<CredentialProvider>>;

/** Credentials that are numbered by the calls, and a clock to keep them by. */
function numbered(expiration: (nowMs: number) => unknown = () => undefined) {
  const clock = createVirtualClock();
  const provide = vi.fn(async (): Promise<Given> => {
    const calls = provide.mock.calls.length;
    // As a user may give it, whatever the types say.
    const end = expiration(clock.now()) as Date | undefined;
    return { accessKeyId: `KEY${calls}`, secretAccessKey: 'secret', expiration: end };
  });
  const source = keepCredentials(provide, clock);
  const keyId = async () => (await source()).accessKeyId;
  return { clock, provide, source, keyId };
}

const inMinutes = (minutes: number) => (nowMs: number) => new Date(nowMs + minutes * MINUTE);

describe('what a function gives', () => {
  it('is asked for once by all that come before its answer', async () => {
    const { provide, source } = numbered();
    const all = await Promise.all(Array.from({ length: 10 }, () => source()));
    expect(new Set(all).size).toBe(1);
    expect(provide).toHaveBeenCalledTimes(1);
  });

  it('is kept until five minutes before its end, then renewed beside the calls', async () => {
    const { clock, provide, keyId } = numbered(inMinutes(60));
    await keyId();
    clock.advance(55 * MINUTE - 1);
    expect(await keyId()).toBe('KEY1');
    expect(provide).toHaveBeenCalledTimes(1);
    clock.advance(1);
    expect(await keyId()).toBe('KEY1');
    await expect.poll(keyId).toBe('KEY2');
    expect(provide).toHaveBeenCalledTimes(2);
  });

  it('is waited for after its end', async () => {
    const { clock, keyId } = numbered(inMinutes(60));
    await keyId();
    clock.advance(60 * MINUTE);
    expect(await keyId()).toBe('KEY2');
  });

  it.each([
    ['no end', undefined],
    ['null', null],
    ['no date', new Date('soon')],
    ['a word', 'soon'],
  ])('is kept for five minutes when its end is %s', async (_, end) => {
    const { clock, provide, keyId } = numbered(() => end);
    await keyId();
    clock.advance(5 * MINUTE - 1);
    expect(await keyId()).toBe('KEY1');
    expect(provide).toHaveBeenCalledTimes(1);
    clock.advance(1);
    expect(await keyId()).toBe('KEY2');
  });

  it('may say its end as text or as milliseconds', async () => {
    for (const write of [(end: Date) => end.toISOString(), Number]) {
      const { clock, provide, keyId } = numbered((now) => write(inMinutes(60)(now)));
      await keyId();
      clock.advance(54 * MINUTE);
      expect(await keyId()).toBe('KEY1');
      expect(provide).toHaveBeenCalledTimes(1);
    }
  });

  it('may be an instance whose parts are hidden, or getters', async () => {
    class Session {
      readonly accessKeyId = 'KEY';
      get sessionToken(): string {
        return 'token';
      }
    }
    const hidden = { value: 'secret', enumerable: false };
    const given = Object.defineProperty(new Session(), 'secretAccessKey', hidden) as Session &
      Given;
    expect(await keepCredentials(async () => given)()).toEqual({
      ...{ accessKeyId: 'KEY', secretAccessKey: 'secret', sessionToken: 'token' },
    });
  });

  it('is used although it is over by this clock, and asked for once a second', async () => {
    const { clock, provide, keyId } = numbered(inMinutes(-90));
    for (let n = 0; n < 10; n++) expect(await keyId()).toBe('KEY1');
    expect(provide).toHaveBeenCalledTimes(1);
    clock.advance(1_000);
    expect(await keyId()).toBe('KEY2');
  });

  it('does not count once the clock went back', async () => {
    const { clock, keyId } = numbered(inMinutes(60));
    clock.advance(120 * MINUTE);
    await keyId();
    clock.advance(-90 * MINUTE);
    expect(await keyId()).toBe('KEY2');
  });

  it('ends with a jump of the clock over its end', async () => {
    const { clock, keyId } = numbered(inMinutes(60));
    await keyId();
    clock.advance(24 * 60 * MINUTE);
    expect(await keyId()).toBe('KEY2');
  });
});

describe('a function that fails', () => {
  it('is asked again by the next call', async () => {
    const { provide, source } = numbered();
    provide.mockRejectedValueOnce(new Error('denied'));
    await expect(source()).rejects.toThrow('denied');
    expect(await source()).toMatchObject({ accessKeyId: 'KEY2' });
  });

  it('does no harm while what it gave is good, and is asked again in five seconds', async () => {
    const { clock, provide, keyId } = numbered(inMinutes(60));
    await keyId();
    provide.mockRejectedValue(new Error('denied'));
    clock.advance(56 * MINUTE);
    for (let n = 0; n < 10; n++) expect(await keyId()).toBe('KEY1');
    expect(provide).toHaveBeenCalledTimes(2);
    clock.advance(4_999);
    await keyId();
    expect(provide).toHaveBeenCalledTimes(2);
    clock.advance(1);
    expect(await keyId()).toBe('KEY1');
    expect(provide).toHaveBeenCalledTimes(3);
    clock.advance(4 * MINUTE);
    await expect(keyId()).rejects.toThrow('denied');
  });

  it('that never ends is given up after half a minute, and comes too late to replace what came since', async () => {
    const { clock, provide, source } = numbered();
    const stuck = deferred<Given>();
    provide.mockReturnValueOnce(stuck.promise);
    const first = source();
    clock.advance(29_999);
    expect(source()).toBe(first);
    clock.advance(1);
    expect(await source()).toMatchObject({ accessKeyId: 'KEY2' });
    stuck.resolve({ accessKeyId: 'LATE', secretAccessKey: 'secret' });
    expect(await first).toMatchObject({ accessKeyId: 'LATE' });
    expect(await source()).toMatchObject({ accessKeyId: 'KEY2' });
  });

  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'accessKeyId'],
    ['null', null, 'accessKeyId'],
    ['text', 'AKIA', 'accessKeyId'],
    ['a key without its secret', { accessKeyId: 'A' }, 'secretAccessKey'],
    ['an empty secret', { accessKeyId: 'A', secretAccessKey: '' }, 'secretAccessKey'],
    ['a number', { accessKeyId: 5, secretAccessKey: 'hidden' }, 'accessKeyId'],
    [
      'a token of another kind',
      { accessKeyId: 'A', secretAccessKey: 'hidden', sessionToken: 5 },
      'sessionToken',
    ],
  ])('by giving %s is told what is missing, and no secret', async (_, given, missing) => {
    const error = await storeWith(async () => given as never)
      .then(({ store }) => store.get('k'))
      .catch((thrown: Error) => thrown);
    expect(error).toMatchObject({
      code: 'NO_CREDENTIALS',
      message: expect.stringContaining(`returned no ${missing}`),
    });
    expect(String(error)).not.toContain('hidden');
  });

  it.each<[string, () => never]>([
    [
      'an error',
      () => {
        throw new Error('no role');
      },
    ],
    [
      'nothing',
      () => {
        throw undefined;
      },
    ],
  ])('by throwing %s is NO_CREDENTIALS', async (_, provide) => {
    const { store, requests } = await storeWith(provide);
    await expect(store.get('k')).rejects.toMatchObject({
      code: 'NO_CREDENTIALS',
      message: expect.stringMatching(/credentials failed \((Error: no role|undefined)\)/),
    });
    expect(requests).toHaveLength(0);
  });
});

type Store = Partial<DynamoDBCacheStoreOptions>;

async function storeWith(
  credentials: CredentialProvider,
  reply: (request: Received) => Reply = () => ({}),
  options: Store = {},
) {
  const { url, requests } = await serveHttp(reply);
  const store = new DynamoDBCacheStore({
    ...{ tableName: 't', region: 'us-east-1', endpoint: url.href, credentials, ...options },
  });
  onTestFinished(() => store.close());
  const keyIds = () =>
    requests.map(({ headers }) => /Credential=(\w+)/.exec(headers.authorization ?? '')?.[1]);
  return { store, requests, keyIds };
}

describe('a store', () => {
  it('asks once for ten reads, one after the other or at once', async () => {
    const { provide } = numbered();
    const { store, keyIds } = await storeWith(provide);
    for (let n = 0; n < 5; n++) await store.get(`k${n}`);
    await Promise.all(Array.from({ length: 5 }, (_, n) => store.set(`k${n}`, n, 60)));
    expect(provide).toHaveBeenCalledTimes(1);
    expect(new Set(keyIds())).toEqual(new Set(['KEY1']));
  });

  it('waits for a slow first answer longer than for a try', async () => {
    const slow = () =>
      new Promise<Given>((resolve) =>
        // In real time, because Node's sockets live in it.
        setTimeout(resolve, 1_050, { accessKeyId: 'SLOW', secretAccessKey: 'secret' }),
      );
    const timeouts = { connect: '1s', request: '1s', total: '30s' } as const;
    const { store, keyIds } = await storeWith(slow, undefined, { timeouts });
    await store.set('k', 1, 60);
    expect(keyIds()).toEqual(['SLOW']);
  });

  it('has what a slow function gave after the call that gave up', async () => {
    const first = deferred<Given>();
    const timeouts = { total: '50ms' } as const;
    const { store } = await storeWith(() => first.promise, undefined, { timeouts });
    await expect(store.get('k')).rejects.toMatchObject({ code: 'TIMEOUT' });
    first.resolve({ accessKeyId: 'SLOW', secretAccessKey: 'secret' });
    await until(
      () =>
        store.get('k').then(
          (value) => value === undefined,
          () => false,
        ),
      'the credentials to be there',
    );
  });

  it.each([
    ['no prototype', Object.create(null)],
    ['text that throws', { toString: () => assert.fail() }],
  ])('names a function that throws something with %s', async (_, thrown) => {
    const { store } = await storeWith(() => Promise.reject(thrown));
    await expect(store.get('k')).rejects.toMatchObject({
      code: 'NO_CREDENTIALS',
      message: expect.stringContaining('the function given as credentials failed'),
    });
  });

  it.each(['a string', { accessKeyId: 'A', secretAccessKey: 'hidden' }, null])(
    'refuses credentials that are no function, and shows none of them: %j',
    (credentials) => {
      const open = () =>
        new DynamoDBCacheStore({
          ...{ tableName: 't', region: 'us-east-1', credentials: credentials as never },
        });
      expect(open).toThrow(
        expect.objectContaining({
          ...{ code: 'INVALID_OPTION', subject: 'credentials' },
          message: expect.not.stringMatching(/hidden|a string/),
        }),
      );
    },
  );
});

describe('credentials that the service calls expired', () => {
  const expired = { status: 400, body: errorBody('ExpiredTokenException', 'expired') };
  const unlessKeyIs =
    (good: string) =>
    ({ headers }: Received): Reply =>
      headers.authorization?.includes(`Credential=${good}/`) ? {} : expired;
  async function serve(reply: (request: Received) => Reply) {
    const made = numbered(inMinutes(60));
    const { url, requests } = await serveHttp(reply);
    const transport = transportTo(url, { credentials: made.source });
    const send = (retry: 'always' | 'unsent') => transport.send({ headers: {}, body: '{}', retry });
    return { ...made, requests, send };
  }

  it.each(['always', 'unsent'] as const)(
    'are asked for at once, and the request is sent again (%s)',
    async (retry) => {
      const { provide, send } = await serve(unlessKeyIs('KEY2'));
      expect(await send(retry)).toMatchObject({ status: 200, attempts: 2 });
      expect(provide).toHaveBeenCalledTimes(2);
    },
  );

  it('are asked for once by all requests that hear it at a time', async () => {
    const { provide, send } = await serve(unlessKeyIs('KEY2'));
    const answers = await Promise.all(Array.from({ length: 8 }, () => send('always')));
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
    expect(provide).toHaveBeenCalledTimes(2);
  });

  it('are asked for once a request and once a second when all others are expired, too', async () => {
    const { provide, send, clock, requests } = await serve(() => expired);
    expect(await send('always')).toMatchObject({ status: 400, attempts: 2 });
    expect(provide).toHaveBeenCalledTimes(2);
    for (let n = 0; n < 5; n++) expect(await send('always')).toMatchObject({ attempts: 1 });
    expect(provide).toHaveBeenCalledTimes(2);
    expect(requests).toHaveLength(7);
    clock.advance(1_000);
    expect(await send('always')).toMatchObject({ attempts: 2 });
    expect(provide).toHaveBeenCalledTimes(3);
  });
});
