import { CacheError, type CacheEvent } from '@glasswork/cache';
import { emf, powertoolsLogger } from '@glasswork/cache/metrics';
import { describe, expect, it } from 'vitest';
import { parseInspectPage } from '../../src/metrics/inspect-file.js';
import { Samples } from '../../src/metrics/samples.js';
import { Totals } from '../../src/metrics/totals.js';
import { errorOf } from '../errors.js';

describe('the sums of metrics', () => {
  const taken = (...events: CacheEvent[]) => {
    const totals = new Totals();
    for (const event of events) totals.record(event);
    const first = Object.fromEntries(totals.take().map(({ name, value }) => [name, value]));
    expect(totals.take()).toEqual([]);
    return first;
  };

  it('count stale hits among the hits, and pending work by its number', () => {
    const hit = { type: 'hit', key: 'k', ageMs: 1 } as const;
    expect(taken({ ...hit, state: 'fresh' }, { ...hit, state: 'stale' })).toEqual({
      ...{ Hits: 2, StaleHits: 1 },
    });
    expect(taken({ ...hit, state: 'fresh' })).toEqual({ Hits: 1 });
    expect(
      Object.values(taken({ type: 'background-unfinished', pending: 3, waitedMs: 1 })),
    ).toEqual([3]);
    expect(taken({ type: 'of a later version' } as never)).toEqual({});
  });

  it('keep bytes apart from calls, and leave out what is zero', () => {
    const call = {
      type: 'store',
      ...{ store: 'memory', operation: 'get', key: 'k', failure: undefined },
      durationMs: 1.23456,
    } as const;
    expect(taken({ ...call, bytesRead: 5, bytesWritten: 0 })).toEqual({
      ...{ StoreCalls: 1, BytesRead: 5, StoreTime: [1.235] },
    });
    expect(taken({ ...call, bytesRead: 0, bytesWritten: 7 })).toEqual({
      ...{ StoreCalls: 1, BytesWritten: 7, StoreTime: [1.235] },
    });
  });

  it('are divided by 60 details, and the others are one', () => {
    const failed = (i: number): CacheEvent => ({
      ...{ type: 'load-error', key: 'k', durationMs: 1 },
      error: { code: `E${i}` },
    });
    const all = Array.from({ length: 63 }, (_, i) => failed(i));
    const found = taken(...all, failed(0), failed(59));
    expect(found).toMatchObject({ LoadErrors: 65, 'LoadErrors.E0': 2, 'LoadErrors.E59': 2 });
    expect(found['LoadErrors.other']).toBe(3);
    expect(found).not.toHaveProperty('LoadErrors.E60');
  });

  it('keep a hundred values of a histogram', () => {
    const samples = new Samples();
    for (let i = 0; i < 100; i++) samples.add(i);
    expect(samples.take()).toEqual(Array.from({ length: 100 }, (_, i) => i));
    for (let i = 0; i < 1_000; i++) samples.add(i);
    const values = samples.take();
    expect(values).toHaveLength(100);
    expect(new Set(values).size).toBe(100);
    expect(values.every((value) => value < 1_000)).toBe(true);
    expect(values.some((value) => value >= 100)).toBe(true);
    expect(samples.take()).toEqual([]);
  });
});

describe('dimensions', () => {
  const made = (dimensions: Record<string, unknown>) =>
    emf({ namespace: 'a', dimensions: dimensions as Record<string, string> });
  const many = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`D${i}`, 'v']));

  it('are at most 30', () => {
    expect(() => made(many(30))).not.toThrow();
    expect(errorOf(() => made(many(31)))).toMatchObject({ subject: 'dimensions' });
  });

  it.each([' ', '', 'ä', 5, null, 'x'.repeat(1_025)])('have no value %j', (value) => {
    expect(errorOf(() => made({ Stage: value }))).toMatchObject({ subject: 'dimensions.Stage' });
  });

  it.each(['Hits', 'a.b', ':a', '', 'ä', 'x'.repeat(256)])('have no name %j', (name) => {
    expect(errorOf(() => made({ [name]: 'v' })).subject).toMatch(/^dimensions\./);
  });

  it('have names and values of the greatest length', () => {
    expect(() => made({ ['x'.repeat(255)]: 'x'.repeat(1_024) })).not.toThrow();
  });
});

describe('what a logger is given', () => {
  const logged = (event: CacheEvent, keys: boolean) => {
    const lines: unknown[] = [];
    const write = (_message: string, fields: unknown) => void lines.push(fields);
    const logger = { trace: write, debug: write, info: write, warn: write, error: write };
    powertoolsLogger(logger as never, { keys })(event);
    return Object(Object(lines[0]).cache);
  };
  const failed = (error: unknown): CacheEvent => ({
    ...{ type: 'load-error', key: 'user:1', durationMs: 1, error },
  });

  it('has no fields without a value, and no keys unless they are wanted', () => {
    const slow: CacheEvent = {
      ...{ type: 'slow-join', key: 'user:1', waitingKey: undefined, waitedMs: 1 },
    };
    expect(logged(slow, true)).toEqual({ type: 'slow-join', key: 'user:1', waitedMs: 1 });
    expect(Object.keys(logged(slow, true))).not.toContain('waitingKey');
    expect(logged(slow, false)).toEqual({ type: 'slow-join', waitedMs: 1 });
  });

  it('has everything that a CacheError says, its cause too, with the keys', () => {
    const error = new CacheError('TIMEOUT', 'late', { cause: new Error('slow'), subject: 'k' });
    const { error: found } = logged(failed(error), true);
    expect(found).toEqual(error.toJSON());
    expect(found).toMatchObject({ cause: { message: 'slow' } });
  });

  it('has the message of an error only with the keys', () => {
    const error = Object.assign(new Error('of user:1'), { code: 'E' });
    expect(logged(failed(error), true).error).toEqual({ code: 'E', message: 'of user:1' });
    expect(logged(failed(error), false).error).toEqual({ code: 'E' });
    expect(logged(failed('text'), true).error).toEqual({ code: 'Error', message: 'text' });
  });
});

describe('the file of an inspector', () => {
  it('names a page on this machine', () => {
    const page = { url: 'http://127.0.0.1:4000', token: 't' };
    expect(parseInspectPage(JSON.stringify({ ...page, more: 1 }))).toEqual(page);
  });

  it.each([
    '',
    'null',
    '{}',
    '{"url":"http://127.0.0.1:4000"}',
    '{"url":"http://127.0.0.1:4000","token":1}',
    '{"token":"t"}',
    '{"url":1,"token":"t"}',
    '{"url":["http://127.0.0.1:4000"],"token":"t"}',
    '{"url":"http://127.0.0.1","token":"t"}',
    '{"url":"http://a.test:4000","token":"t"}',
    '{"url":"http://127.0.0.1:4000@a.test","token":"t"}',
    '{"url":"http://127.0.0.1:4000/a","token":"t"}',
  ])('names none in %s', (text) => expect(parseInspectPage(text)).toBeUndefined());
});
