import { runInNewContext } from 'node:vm';
import {
  CacheError,
  type CacheEvent,
  CacheService,
  combine,
  MemoryCacheStore,
} from '@glasswork/cache';
import { describe, expect, it, vi } from 'vitest';
import { createCacheKey, keyText, schemaOf } from '../../src/model/cache-key.js';
import { settings } from '../../src/model/config.js';
import { tagsAmong } from '../../src/model/dependency.js';
import {
  createEntry,
  Entry,
  envelopeOf,
  expiredSoftly,
  freshness,
  isEntry,
  readEntry,
  withEnvelope,
} from '../../src/model/entry.js';
import { errorCode, invalid, readable } from '../../src/model/errors.js';
import { eventLog, safeListener } from '../../src/model/event-log.js';
import { givenList, givenObject } from '../../src/model/given.js';
import { listOf, nameOf } from '../../src/model/invalidated.js';
import { isOverflow, isRecord, keySpace, overflowName } from '../../src/model/key-space.js';
import { notice } from '../../src/model/notice.js';
import { DEFAULT_POLICY } from '../../src/model/policy.js';
import {
  checkPolicy,
  layer,
  rememberPolicies,
  resolvePolicy,
} from '../../src/model/resolve-policy.js';
import { isCopy, isServable } from '../../src/model/snapshot.js';
import { checkStorable } from '../../src/model/storable.js';
import { milliseconds, withTimeout } from '../../src/model/time.js';
import { hardVersion, softValue, versionsOf } from '../../src/model/version-line.js';
import { errorOf } from '../errors.js';

const fail = (): never => {
  throw new Error('unreadable');
};
const FIELDS = {
  ...{ createdAt: 1_000, staleAt: 2_000, expiresAt: 3_000, loadMs: 40 },
  versions: [[null, 'p1']] as const,
};

describe('an entry', () => {
  it('is stale from its creation on if its times say so, whatever the clock says', () => {
    expect(freshness({ createdAt: 5, staleAt: 5, expiresAt: 9 }, 1)).toBe('stale');
    expect(freshness({ createdAt: 5, staleAt: 6, expiresAt: 9 }, 1)).toBe('fresh');
    expect(freshness({ createdAt: 5, staleAt: 4, expiresAt: 9 }, 1)).toBe('stale');
    expect(freshness({ staleAt: 4, expiresAt: 9 }, 1)).toBe('fresh');
  });

  it('keeps everything but its staleness when it expires softly', () => {
    const entry = createEntry('k', FIELDS, { a: 1 });
    const expired = expiredSoftly(entry);
    expect({ ...expired }).toEqual({ ...entry, staleAt: 1_000 });
    expect([freshness(entry, 1), freshness(expired, 1)]).toEqual(['fresh', 'stale']);
  });

  it('is one line of text apart from its value', () => {
    const envelope = envelopeOf(createEntry('k', FIELDS, { a: 1 }));
    expect(withEnvelope(envelope ?? '', 'other', 'k')).toEqual(new Entry(FIELDS, 'other'));
    const never = createEntry('k', { ...FIELDS, staleAt: undefined }, 1);
    expect(withEnvelope(envelopeOf(never) ?? '', 1, 'k').staleAt).toBeUndefined();
    expect(envelopeOf({ value: 1 })).toBeUndefined();
    expect(envelopeOf('text')).toBeUndefined();
  });

  it.each(['', '1', 'null', '[1]', '[1,null,2,3,[]]', '["1",null,2,3,[[null,"p"]]]'])(
    'is not read from the line %j',
    (line) =>
      expect(errorOf(() => withEnvelope(line, 1, 'k'))).toMatchObject({
        code: 'CORRUPT',
        subject: 'k',
      }),
  );

  it('is known from another copy of the package', () => {
    const brand = createEntry('k', FIELDS, 1)['@glasswork/cache'];
    const foreign = { ...FIELDS, value: 1, '@glasswork/cache': brand };
    expect(isEntry(foreign)).toBe(true);
    expect(readEntry(foreign)).toBe(foreign);
    expect(isEntry({ ...foreign, '@glasswork/cache': 'other' })).toBe(false);
    expect(isEntry(null)).toBe(false);
    expect(readEntry(foreign)?.createdAt).toBe(1_000);
  });

  it('names the tags that it depends on', () => {
    expect(tagsAmong([[null, 'p']])).toEqual([]);
    expect(
      tagsAmong([
        [null, 'p'],
        ['red', 'r'],
        ['', 'e'],
      ]),
    ).toEqual(['red', '']);
  });
});

describe('a value', () => {
  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['a function', () => 1],
    ['a symbol', Symbol('a')],
    ['an instance of Response', new Response('a')],
    ['an instance of Promise', Promise.resolve(1)],
    ['an instance of WeakMap', new WeakMap()],
    ['an object whose toJSON returns undefined', { toJSON: () => undefined }],
  ])('that is %s is refused, by that name', (name, value) => {
    const error = errorOf(() => checkStorable('k', value));
    expect(error).toMatchObject({ code: 'UNSERIALIZABLE', subject: 'k' });
    expect(error.message).toContain(`is ${name}:`);
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['zero', 0],
    ['an object with a tag of its own', { [Symbol.toStringTag]: 'Response' }],
    ['an object whose toJSON gives null', { toJSON: () => null }],
    ['an object with a toJSON that is data', { toJSON: 1 }],
    [
      'an object whose toJSON throws',
      {
        toJSON: () => {
          throw new Error('a');
        },
      },
    ],
    ['a map', new Map()],
    ['a date', new Date(Number.NaN)],
  ])('that is %s is left to the serializer', (_name, value) => {
    expect(() => checkStorable('k', value)).not.toThrow();
  });
});

describe('keys', () => {
  it('refuses a factory without a function or with an invalid schema', () => {
    expect(errorOf(() => createCacheKey('a', 'key' as never))).toMatchObject({
      code: 'INVALID_KEY',
    });
    for (const schema of [{}, null, { '~standard': {} }, { '~standard': { validate: 1 } }])
      expect(
        errorOf(() => createCacheKey('a', () => 'k', { schema: schema as never })),
      ).toMatchObject({
        subject: 'schema',
      });
    expect(createCacheKey('a', (x: string, y: string) => x + y).length).toBe(2);
  });

  it('has no schema where it is text or nothing', () => {
    for (const key of ['k', null, undefined, 1, { key: 'k', policy: {} }])
      expect(schemaOf(key as never)).toBeUndefined();
  });

  it.each([null, undefined, 1, {}, { key: 1 }, []])('%j has no text', (key) => {
    expect(errorOf(() => keyText(key as never))).toMatchObject({ code: 'INVALID_KEY' });
  });

  it('keeps the own records of a service apart', () => {
    const own = keySpace(undefined);
    expect([own.key('a'), own.key('#a')]).toEqual(['a', '#key:#a']);
    expect(own.patterns('*a')).toEqual(['*a', '#key:*a']);
    expect(own.patterns('?')).toEqual(['?', '#key:?']);
    expect(own.patterns('#a*')).toEqual(['#key:#a*']);
    expect(own.patterns('\\#a*')).toEqual(['#key:\\#a*']);
    expect(own.patterns('a#*')).toEqual(['a#*']);
    const prefixed = keySpace('app.1');
    expect([prefixed.key('#a'), prefixed.record('tag', 'red')]).toEqual([
      'app.1:#a',
      '#tag:app.1:red',
    ]);
    expect(prefixed.patterns('*')).toEqual(['app.1:*']);
    expect([isRecord('#tag::red'), isRecord('#key:#a'), isRecord('a')]).toEqual([
      true,
      false,
      false,
    ]);
    const overflow = overflowName('dynamodb', 'a');
    expect([isRecord(overflow), isOverflow(overflow), isOverflow('a')]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it.each(['', 'a:b', 'a b', '#a', 'ä'])('a prefix is not %j', (prefix) => {
    expect(errorOf(() => keySpace(prefix))).toMatchObject({ subject: 'keyPrefix' });
  });
});

describe('policies', () => {
  it('takes what is no policy for a mistake', () => {
    for (const wrong of [null, 'soon', true])
      expect(() => resolvePolicy(DEFAULT_POLICY, undefined, wrong as never)).toThrow(CacheError);
    expect(errorOf(() => checkPolicy(null as never))).toMatchObject({ subject: 'policy' });
  });

  it('checks a policy before the key is known', () => {
    expect(errorOf(() => checkPolicy(-1))).toMatchObject({ code: 'INVALID_DURATION' });
    expect(errorOf(() => checkPolicy({ ttl: 5, staleTTL: 6 }))).toMatchObject({
      subject: 'staleTTL',
    });
    expect(errorOf(() => checkPolicy({ ttl: 5, staleTTL: 5 }))).toMatchObject({
      subject: 'staleTTL',
    });
    expect(() => checkPolicy({ ttl: 5, staleTTL: 4 })).not.toThrow();
    // The ttl may come from the key.
    expect(() => checkPolicy({ staleTTL: '30d' })).not.toThrow();
    expect(() => checkPolicy(undefined)).not.toThrow();
  });

  it('names the room of an option', () => {
    const refusal = (options: object) => errorOf(() => layer(DEFAULT_POLICY, options)).message;
    expect(refusal({ jitter: 1.5 })).toMatch(/give 0 to 1\./);
    expect(refusal({ earlyRefresh: -1 })).toMatch(/give XFetch's beta, 0 or more\./);
    expect(layer(DEFAULT_POLICY, { jitter: 1, earlyRefresh: 0 })).toMatchObject({ jitter: 1 });
  });

  it.each([
    {},
    { aborted: false },
    { addEventListener: () => {} },
    { aborted: false, addEventListener: () => {} },
    true,
  ])('takes %j for no signal', (signal) => {
    expect(errorOf(() => layer(DEFAULT_POLICY, { signal: signal as never }))).toMatchObject({
      subject: 'signal',
    });
  });

  it('takes what works as a signal for one', () => {
    const listen = () => {};
    const given = { aborted: false, addEventListener: listen, removeEventListener: listen };
    const signal = given as unknown as AbortSignal;
    expect(layer(DEFAULT_POLICY, { signal }).signal).toBe(signal);
  });

  it('remembers the policy of a ttl, until there are a thousand others', () => {
    const policyOf = rememberPolicies(DEFAULT_POLICY);
    const first = policyOf('k', 1);
    for (let ttl = 2; ttl <= 1_000; ttl++) policyOf('k', ttl);
    expect(policyOf('k', 1)).toBe(first);
    policyOf('k', 1_001);
    expect(policyOf('k', 1)).not.toBe(first);
    expect(policyOf('k', undefined)).toBe(DEFAULT_POLICY);
  });

  it.each([
    ['onEvent', 'listener'],
    ['backgroundFill', 'yes'],
    ['backgroundFill', null],
    ['onInvalidate', {}],
    ['deadline', 5],
    ['clock', {}],
    ['clock', null],
  ])('refuses %s: %j', (option, value) => {
    expect(errorOf(() => settings({ [option]: value } as never))).toMatchObject({
      subject: option,
    });
  });

  it('takes null for no function, and both answers about background fills', () => {
    const none = { onEvent: null, onInvalidate: null, deadline: null } as never;
    expect(() => settings(none)).not.toThrow();
    for (const backgroundFill of [true, false, undefined])
      expect(() => settings({ backgroundFill })).not.toThrow();
  });
});

describe('durations', () => {
  it('names the least that it takes', () => {
    expect(errorOf(() => milliseconds(0, 'ttl')).message).toMatch(/give more than zero /);
    expect(errorOf(() => milliseconds(-1, 'tagTTL', 'zero')).message).toMatch(/give zero or more /);
  });

  it('leaves no timer behind for work that has ended in time', async () => {
    vi.useFakeTimers();
    try {
      expect(await withTimeout(Promise.resolve('work'), 1_000, () => 'late')).toBe('work');
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('snapshots', () => {
  const snapshot = (fields: object) =>
    ({
      state: 'none',
      reason: 'absent',
      version: undefined,
      versions: undefined,
      wallMs: 0,
      monotonicMs: 0,
      ...fields,
    }) as never;

  it('may be served fresh and stale', () => {
    const states = ['fresh', 'stale', 'expired', 'none'];
    expect(states.map((state) => isServable(snapshot({ state })))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it('are copies if they have an entry without versions', () => {
    const entry = createEntry('k', FIELDS, 1);
    expect(isCopy(snapshot({ entry }))).toBe(true);
    expect(isCopy(snapshot({ entry, versions: [] }))).toBe(false);
    expect(isCopy(snapshot({}))).toBe(false);
    expect(isCopy(snapshot({ versions: [] }))).toBe(false);
  });
});

describe('versions of a tag', () => {
  it.each([
    ['v1', 'v1'],
    ['~1', '~1'],
    ['~2:x', '~2:x'],
  ])('are one in the text of %s', (version, hard) => {
    expect(hardVersion(versionsOf('any', version))).toBe(hard);
  });

  it('are two after expireTags: the hard one stays', () => {
    const hard = versionsOf('any', 'v1');
    expect(hard).toBe('v1');
    const soft = versionsOf(softValue(hard), 'v2');
    const softer = versionsOf(softValue(soft), 'v3');
    expect([hardVersion(soft), hardVersion(softer)]).toEqual(['v1', 'v1']);
    expect(new Set([hard, soft, softer]).size).toBe(3);
    expect(versionsOf('soft:v1', 'v1')).toBe('v1');
    // Two versions in one text do not read as other two.
    expect(versionsOf('soft:v1', 'v23')).not.toBe(versionsOf('soft:v12', 'v3'));
    expect(versionsOf(7, 'v1')).toBe('v1');
    expect(versionsOf('other', '~1')).not.toBe('~1');
  });
});

describe('events', () => {
  it('swallows what a listener throws or rejects with', async () => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    try {
      const event: CacheEvent = { type: 'miss', key: 'k', reason: 'absent' };
      safeListener(() => {
        throw new Error('a');
      })(event);
      safeListener(() => Promise.reject(new Error('b')) as never)(event);
      // Jest gives its tests another Promise than Node's own modules use.
      safeListener(() => runInNewContext('Promise.reject(new Error())'))(event);
      safeListener(undefined)(event);
      await new Promise((resolve) => setImmediate(resolve));
      expect(unhandled).not.toHaveBeenCalled();
    } finally {
      process.off('unhandledRejection', unhandled);
    }
  });

  it('counts stale hits apart, and tells calls of the store only who asks for them', () => {
    const told: CacheEvent[] = [];
    const listener = (event: CacheEvent) => void told.push(event);
    const clock = { now: () => 5_000 };
    const log = eventLog(listener, clock);
    log.hit('k', 'fresh', 4_000);
    log.hit('k', 'stale', 6_000);
    log.hit('k', 'stale', 4_000, 4_500);
    expect(log.stats()).toMatchObject({ hits: 3, staleHits: 2 });
    expect(told.map((event) => event.type === 'hit' && event.ageMs)).toEqual([1_000, 0, 500]);
    expect(log.storeCall).toBeUndefined();
    const asking = eventLog(Object.assign(listener, { storeCalls: true }), clock);
    asking.storeCall?.('memory', { operation: 'get', ms: 1 } as never);
    expect(told.at(-1)).toMatchObject({ type: 'store', store: 'memory', operation: 'get' });
  });

  it('are combined of functions alone', () => {
    expect(errorOf(() => combine((() => {}) as never, {} as never))).toMatchObject({
      subject: 'listener',
    });
  });

  it('names what was invalidated, ten names at most', () => {
    expect(nameOf({ pattern: 'a*' })).toBe('a*');
    expect(nameOf({ prefix: undefined })).toBe('all keys');
    expect(nameOf({ prefix: 'app' })).toBe('prefix app');
    expect(nameOf({ keys: ['a', 'b'] })).toBe('a, b');
    expect(nameOf({ tags: ['red'] })).toBe('red');
    const names = (count: number) => Array.from({ length: count }, (_, i) => `n${i}`);
    expect(listOf(names(10))).toBe(names(10).join(', '));
    expect(listOf(names(12))).toBe(`${names(10).join(', ')} and 2 more`);
  });

  it('says on the console which store a notice is about', () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    notice('redis', 'a text');
    expect(warn).toHaveBeenCalledWith('@glasswork/cache: store "redis": a text');
  });
});

describe('errors', () => {
  it('have a cause and a subject only if they were given', () => {
    const bare = new CacheError('TIMEOUT', 'a');
    expect(Object.hasOwn(bare, 'cause')).toBe(false);
    expect(Object.keys(bare.toJSON())).toEqual(['name', 'code', 'message']);
    const full = new CacheError('TIMEOUT', 'a', { subject: 's', cause: { message: 'm' } });
    expect(full.toJSON()).toEqual({
      ...{ name: 'CacheError', code: 'TIMEOUT', message: 'a', subject: 's' },
      cause: { message: 'm' },
    });
  });

  it('keep the codes of their causes, and nothing invalid', () => {
    const json = (cause: unknown) => new CacheError('TIMEOUT', 'a', { cause }).toJSON().cause;
    expect(json({ name: 'N', code: 7, message: 'm' })).toEqual({
      name: 'N',
      code: 7,
      message: 'm',
    });
    expect(json({ name: 1, code: {}, message: 'm' })).toEqual({ message: 'm' });
    expect(Object.keys(json({ name: 1, code: {}, message: 'm' }) ?? {})).toEqual(['message']);
    expect(json('text')).toEqual({ message: 'text' });
    expect(json({ message: 'm', code: 'E' })).toEqual({ code: 'E', message: 'm' });
  });

  it('are known from another copy of the package, but not by what they inherit', () => {
    const error = new CacheError('TIMEOUT', 'a');
    class Other extends Error {
      get '@glasswork/cache'() {
        return error['@glasswork/cache'];
      }
    }
    class Sub extends CacheError {}
    expect(new Other('a') instanceof CacheError).toBe(true);
    expect(new Other('a') instanceof Sub).toBe(false);
    expect(new Sub('TIMEOUT', 'a') instanceof CacheError).toBe(true);
    expect(new Sub('TIMEOUT', 'a') instanceof Sub).toBe(true);
    expect(error instanceof Sub).toBe(false);
    expect({ '@glasswork/cache': error['@glasswork/cache'] } instanceof CacheError).toBe(false);
    expect(new Error('a') instanceof CacheError).toBe(false);
    expect((null as unknown) instanceof CacheError).toBe(false);
  });

  it.each<[unknown, string]>([
    [{ code: 'E_A', name: 'N' }, 'E_A'],
    [{ code: '', name: 'N' }, 'N'],
    [{ code: 7, name: 'N' }, 'N'],
    [{}, 'Error'],
    ['text', 'Error'],
    [{ code: 'a b/c' }, 'a_b_c'],
    [{ name: '' }, 'Error'],
    [{ code: 'x'.repeat(99) }, 'x'.repeat(64)],
  ])('of %j have the code %s', (error, code) => expect(errorCode(error)).toBe(code));

  it.each<[string, object]>([
    ['a message that is no text', { message: Object.create(null) }],
    ['a name that throws', { name: { toString: fail } }],
    ['a proxy that answers nothing', new Proxy({}, { get: fail })],
    ['a proxy that has no class', new Proxy(new Error('a'), { getPrototypeOf: fail })],
  ])('stand for what throws when it is read: %s', (_, thrown) => {
    expect(readable(thrown)).toEqual(new Error('An error that throws when it is read'));
  });

  it('show text in quotes, and of objects the type', () => {
    expect(invalid('a', 'b', 'c').message).toBe("a is 'b': give c.");
    expect(invalid('a', 5, 'c').message).toBe('a is 5: give c.');
    expect(invalid('a', { secret: 1 }, 'c').message).toBe('a is object: give c.');
  });

  it('are thrown for lists and options that are none', () => {
    expect(givenObject({})).toEqual({});
    expect(givenList(['a'], 'keys')).toEqual(['a']);
    for (const wrong of ['a', new Set(['a']), { length: 0 }, undefined])
      expect(errorOf(() => givenList(wrong as never, 'keys', 'INVALID_KEY'))).toMatchObject({
        ...{ code: 'INVALID_KEY', subject: 'keys' },
      });
    for (const wrong of [null, 'a', 1])
      expect(errorOf(() => new CacheService(new MemoryCacheStore(), wrong as never))).toMatchObject(
        {
          subject: 'config',
        },
      );
  });
});
