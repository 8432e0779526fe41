import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { RedisCacheStore } from '../../../src/stores/redis/index.js';
import { clientSettingsOf } from '../../../src/stores/redis/options.js';

const SECRET = 'hunter2';

function refusal(create: () => unknown): Error & { code?: string } {
  try {
    create();
  } catch (error) {
    return error as Error;
  }
  throw new Error('Nothing was thrown');
}

describe('the URL of a Redis store', () => {
  it.each([
    ['redis://h', { host: 'h', port: 6379 }],
    ['REDIS://h/', { host: 'h', port: 6379 }],
    ['redis://h:1234/3', { host: 'h', port: 1234, db: 3 }],
    ['redis://h/0', { host: 'h', port: 6379, db: 0 }],
    ['rediss://h', { host: 'h', port: 6379, tls: {} }],
    ['valkey://h', { host: 'h', port: 6379 }],
    ['valkeys://h:6380', { host: 'h', port: 6380, tls: {} }],
    ['redis://[::1]:7000', { host: '::1', port: 7000 }],
    ['redis://:p%2F%23%3F%40%25@h', { host: 'h', port: 6379, password: 'p/#?@%' }],
    ['redis://user:p@w@h', { host: 'h', port: 6379, username: 'user', password: 'p@w' }],
    ['redis://user@h', { host: 'h', port: 6379, username: 'user' }],
    ['/run/redis.sock', { path: '/run/redis.sock' }],
    ['/run/redis.sock?db=3', { path: '/run/redis.sock', db: 3 }],
  ])('%s is understood', (url, settings) => {
    expect(clientSettingsOf(url, undefined)).toEqual(settings);
  });

  it.each([
    ['a database that is no number', 'redis://h/cache', /url \(redis:\/\/h\).*use \/3/],
    ['two databases', 'redis://h/1/2', /use \/3/],
    ['a negative database', 'redis://h/-1', /use \/3/],
    ['a parameter', 'redis://h?keyPrefix=app:', /url \(redis:\/\/h\) has parameters/],
    ['a parameter that ioredis knows', 'redis://h/0?enableOfflineQueue=true', /has parameters/],
    ['an empty query', 'redis://h/0?', /has parameters/],
    ['a hash', 'redis://h/0#', /has parameters/],
    ['a parameter of a socket', '/run/redis.sock?keyPrefix=app:', /takes \?db=3 only/],
    ['an empty string', '', /is empty/],
    ['no text', 6379, /is of type number/],
    ['null', null, /is of type object/],
    ['an object of URL', new URL('redis://h'), /is of type object/],
    ['another scheme', `http://:${SECRET}@h`, /has no scheme of Redis/],
    ['no scheme', 'h:6379', /has no scheme of Redis/],
    ['no scheme and a login', `user:${SECRET}@h:6379`, /has no scheme of Redis/],
    ['a scheme alone', '//h:6379', /has no scheme of Redis/],
    ['no host', 'redis://', /names no host/],
    ['no host but a path', 'redis:///0', /names no host/],
    ['a port that is too large', 'redis://h:99999', /cannot be read: write it as redis:/],
    ['a port that is no number', `redis://h:${SECRET}`, /cannot be read: write it as redis:/],
    ['port 0', 'redis://h:0', /has port 0/],
    ['half an IPv6 address', 'redis://[::1', /cannot be read: write it as redis:/],
    ['a database beyond all', 'redis://h/99999999999999999999', /use \/3/],
    ['such a database of a socket', '/run/redis.sock?db=99999999999999999999', /takes \?db=3/],
    ['quotes', `"redis://user:${SECRET}@h"`, /has quotes around it/],
    ['single quotes', `'redis://user:${SECRET}@h'`, /has quotes around it/],
    ['a line feed', `redis://user:${SECRET}@h\n`, /white space/],
    ['a space', ` redis://user:${SECRET}@h`, /white space/],
    ['a raw # in the password', `redis://:${SECRET}#x@h`, /%23/],
    ['a raw # after digits', `redis://user:1#${SECRET}@h`, /%23/],
    ['a raw # after the name', `redis://${SECRET}#x@h`, /%23/],
    ['a raw / in the password', `redis://:${SECRET}/x@h`, /%2F/],
    ['a raw / after digits', `redis://user:1/${SECRET}@h:6379/0`, /%2F/],
    ['a raw ? in the password', `redis://user:1?${SECRET}@h`, /%3F/],
    ['a raw % in the password', `redis://user:${SECRET}%@h`, /%25/],
    ['a raw % in the name', `redis://${SECRET}%:x@h`, /%25/],
    ['a database behind a login', `redis://user:${SECRET}@h/cache`, /url \(redis:\/\/h\)/],
    ['valkey and a parameter', `valkey://user:${SECRET}@h?tls=true`, /url \(valkey:\/\/h\)/],
  ])('is refused with %s, and shows no secret', (_, url, remedy) => {
    const error = refusal(() => new RedisCacheStore({ url: url as string }));
    expect(error).toMatchObject({ name: 'CacheError', code: 'INVALID_OPTION', subject: 'url' });
    expect(error.message).toMatch(remedy);
    expect(inspect(error, { depth: 9 }).replace(/\n\s+at .*/g, '')).not.toContain(SECRET);
  });
});

describe('the options of a Redis client', () => {
  it('win over the URL, one by one', () => {
    const url = 'redis://user:pw@h:1/1';
    const options = { host: 'i', port: 2, username: 'other', password: 'word', db: 2 };
    expect(clientSettingsOf(url, options)).toEqual(options);
    expect(clientSettingsOf(url, { db: 0, username: undefined })).toEqual({
      host: 'h',
      port: 1,
      username: 'user',
      password: 'pw',
      db: 0,
    });
    expect(clientSettingsOf('/run/redis.sock', { host: 'i' })).toEqual({ host: 'i' });
    expect(clientSettingsOf('rediss://h', { tls: { servername: 'i' } }).tls).toEqual({
      servername: 'i',
    });
  });

  it.each([
    ['retryStrategy', () => 100, /opens a new connection for the next command/],
    ['reconnectOnError', () => true, /opens a new connection for the next command/],
    ['enableReadyCheck', true, /LOADING/],
    ['lazyConnect', false, /warm/],
    ['protocol', 3, /RESP2/],
    ['keyPrefix', 'app:', /prefix: 'app:'/],
    ['username', 7, /not a string/],
    ['password', { secret: SECRET }, /not a string or a function/],
    ['db', 'cache', /not the number of a database/],
    ['db', -1, /not the number of a database/],
    ['db', 1.5, /not the number of a database/],
    ['db', null, /not the number of a database/],
    ['db', '99999999999999999999', /not the number of a database/],
    ['port', SECRET, /not a port/],
    ['port', 0, /not a port/],
    ['port', 65_536, /not a port/],
    ['port', 1.5, /not a port/],
    ['host', 7, /not a string/],
    ['path', 7, /not the path of a socket/],
    ['tls', 'false', /not an object of TLS settings, true or false/],
    // ioredis would throw in a callback, which ends the process.
    ['connectTimeout', '5000', /not a number of milliseconds/],
    ['connectTimeout', -1, /not a number of milliseconds/],
    ['connectTimeout', Number.NaN, /not a number of milliseconds/],
    ['connectTimeout', 2 ** 31, /not a number of milliseconds/],
    ['commandTimeout', '5s', /not a number of milliseconds/],
    ['socketTimeout', '5s', /not a number of milliseconds/],
    ['disconnectTimeout', -1, /not a number of milliseconds/],
    ['sentinelCommandTimeout', '5s', /not a number of milliseconds/],
    ['keepAlive', 'on', /not a number of milliseconds/],
    ['sentinels', [], /not a list of Sentinels/],
    ['sentinels', 'h:26379', /not a list of Sentinels/],
    ['sentinels', [{ host: 'h' }], /options.name is missing/],
    ['role', 'slave', /writes as well as it reads/],
    ['monitor', true, /runs no other command/],
  ])('are refused with %s: %s', (name, value, remedy) => {
    const url = 'redis://127.0.0.1';
    const error = refusal(() => new RedisCacheStore({ url, options: { [name]: value } }));
    expect(error).toMatchObject({ code: 'INVALID_OPTION', message: expect.stringMatching(remedy) });
    expect(error.message).not.toContain(SECRET);
  });

  it.each([
    ['port', 65_535],
    ['connectTimeout', 2 ** 31 - 1],
    ['connectTimeout', 0],
  ])('may be %s: %d', (name, value) => {
    const settings = clientSettingsOf('redis://h', { [name]: value });
    expect(settings).toStrictEqual({ host: 'h', port: 6379, [name]: value });
  });

  it('may say what the store does anyway', () => {
    const options = {
      ...{ retryStrategy: null, lazyConnect: true, enableReadyCheck: false, monitor: false },
      ...{ sentinels: [{ host: 'h' }], name: 'main', role: 'master', tls: true },
      ...{ connectTimeout: 5_000, commandTimeout: 0, socketTimeout: null, port: '6379' },
    };
    expect(new RedisCacheStore({ url: 'redis://127.0.0.1', options })).toBeDefined();
  });

  it.each(['text', 7, null])('are refused where they are %s', (options) => {
    const create = () => new RedisCacheStore({ url: 'redis://h', options: options as never });
    expect(refusal(create)).toMatchObject({ code: 'INVALID_OPTION', subject: 'options' });
  });

  it('are refused beside a client, and so is a url, which is not shown', () => {
    const url = `redis://:${SECRET}@h`;
    const client = { url } as never;
    for (const given of [
      { client, url },
      { client, options: {} },
    ]) {
      const error = refusal(() => new RedisCacheStore(given));
      expect(error).toMatchObject({ code: 'INVALID_OPTION' });
      expect(error.message).not.toContain(SECRET);
    }
  });
});
