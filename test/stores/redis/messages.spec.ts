import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { CacheError } from '../../../src/model/errors.js';
import { messageOf, redisError } from '../../../src/stores/redis/error.js';
import { placeOf, placeOfClient, placeOfSettings } from '../../../src/stores/redis/place.js';

describe('the message of a client', () => {
  it.each<[string, unknown, string]>([
    ['its own', new Error('ERR no'), 'ERR no'],
    ['of the first address of several', new AggregateError([new Error('a'), new Error('b')]), 'a'],
    ['its code', Object.assign(new Error(''), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
    ['its code, of no addresses', Object.assign(new AggregateError([]), { code: 'E' }), 'E'],
    ['text that was thrown', 'text', 'text'],
    ['of a script', new Error('ERR Error running script f_1: @user: 1: -OOM no'), 'OOM no'],
    [
      'without arguments',
      new Error("ERR unknown command 'X', with args beginning with: 'k'"),
      "ERR unknown command 'X'",
    ],
  ])('is %s', (_, error, expected) => {
    expect(messageOf(error)).toBe(expected);
  });
});

describe('the error of a Redis store', () => {
  it('is one of this package as it is', () => {
    const error = new CacheError('INVALID_OPTION', 'no');
    expect(redisError('get', 'k', error)).toBe(error);
  });

  it.each([
    ['Odd', 'Redis: get at h:1 failed: Odd.'],
    ['Odd!', 'Redis: get at h:1 failed: Odd!'],
  ])('for %s is one sentence, without a remedy where none is known', (message, expected) => {
    expect(redisError('get', 'k', new Error(message), ' at h:1')).toMatchObject({
      ...{ code: 'STORE_FAILED', subject: 'k', message: expected },
    });
  });

  it('ends with the remedy where one is known', () => {
    expect(redisError('get', 'k', new Error('LOADING no')).message).toMatch(
      /LOADING no\. \S.*\S\.$/,
    );
  });

  it('has the error of the client as its cause, if that is fit for logs', () => {
    for (const cause of ['text', new Error('ERR no'), new Error('outer', { cause: undefined })])
      expect(redisError('get', 'k', cause).cause).toBe(cause);
  });

  it('has a copy of it without arguments, replies and further commands', () => {
    const command = { name: 'set', args: ['key', 'secret'] };
    const under = Object.assign(new Error('READONLY no'), { command, code: 'READONLY' });
    const error = Object.assign(new TypeError("ERR no, with args beginning with: 'secret'"), {
      ...{ command, code: 'ERR', lastNodeError: under, buffer: Buffer.from('secret') },
    });
    const { cause } = redisError('set', 'k', error);
    expect(cause).toMatchObject({
      ...{ name: 'TypeError', message: 'ERR no', code: 'ERR', command: 'set' },
      cause: { message: 'READONLY no', code: 'READONLY', command: 'set' },
    });
    expect(Object(cause).stack).not.toContain('secret');
    expect(cause).not.toHaveProperty('buffer');
    expect(Object(cause).cause).not.toHaveProperty('cause');
  });

  it('has a copy that says nothing that the error does not', () => {
    const bare = Object.assign(new Error('ERR no'), { buffer: 'secret', stack: undefined });
    const { cause } = redisError('get', 'k', bare);
    for (const member of ['code', 'command', 'cause', 'buffer'])
      expect(cause).not.toHaveProperty(member);
    expect(Object(cause).message).toBe('ERR no');
  });

  it('has a copy of it without arguments that are in its message alone', () => {
    const error = new Error("ERR unknown command 'X', with args beginning with: 'secret'");
    const { cause } = redisError('set', 'k', error);
    expect(inspect(cause)).not.toContain('secret');
    expect(cause).toMatchObject({ message: "ERR unknown command 'X'" });
  });

  it('hides arguments in the cause of an error that has none itself', () => {
    const inner = Object.assign(new Error('ERR no'), {
      command: { name: 'set', args: ['secret'] },
    });
    const { cause } = redisError('set', 'k', new Error('outer', { cause: inner }));
    expect(cause).toMatchObject({ message: 'outer', cause: { command: 'set' } });
  });
});

describe('the place in a message', () => {
  it.each<[unknown, string]>([
    [[{ host: 'h', port: 1 }], ' at h:1'],
    [[{ host: 'h' }], ' at h:6379'],
    [[{ host: '::1', port: 1 }], ' at [::1]:1'],
    [[{ path: '/run/redis.sock', host: 'h' }], ' at /run/redis.sock'],
    [['a', 'b', 'c'].map((host) => ({ host, port: 1 })), ' at a:1, b:1, c:1'],
    [['a', 'b', 'c', 'd'].map((host) => ({ host, port: 1 })), ' at a:1, b:1, c:1, …'],
    [[], ''],
    [undefined, ''],
    // It may contain a password.
    [['redis://user:secret@h'], ''],
    ['redis://user:secret@h', ''],
  ])('of %j is "%s"', (addresses, expected) => {
    expect(placeOf(addresses)).toBe(expected);
  });

  it('is that of the Sentinels, the nodes or the server', () => {
    const [server, other] = [
      { host: 'h', port: 1 },
      { host: 'i', port: 2 },
    ];
    expect(placeOfSettings({ ...server, sentinels: [other] })).toBe(' at i:2');
    expect(placeOfSettings(server)).toBe(' at h:1');
    expect(placeOfClient({ options: { ...server, sentinels: [other] } })).toBe(' at i:2');
    expect(placeOfClient({ startupNodes: [other], options: server })).toBe(' at i:2');
    expect(placeOfClient({ masters: [other], options: server })).toBe(' at i:2');
    expect(placeOfClient({ options: { socket: other } })).toBe(' at i:2');
    expect(placeOfClient({ options: server })).toBe(' at h:1');
    expect(placeOfClient({})).toBe('');
  });
});
