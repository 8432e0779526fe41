import { CacheError } from '@glasswork/cache';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { DEFAULT_POLICY, lifetime, type WrapOptions } from '../../src/model/policy.js';
import { checkedTags } from '../../src/model/policy-rules.js';
import { layer, rememberPolicies, resolvePolicy } from '../../src/model/resolve-policy.js';
import { errorOf } from '../errors.js';

describe('rememberPolicies', () => {
  const policyOf = rememberPolicies({ ...DEFAULT_POLICY, jitter: 0.5 });

  it('gives what resolvePolicy gives, and for a mere ttl the same each time', () => {
    expect(policyOf('key', 60)).toMatchObject({ ttl: 60_000, jitter: 0.5 });
    expect(policyOf('key', 60)).toBe(policyOf('key', 60));
    expect(policyOf({ policy: { tags: ['red'] } }, 60)).toMatchObject({
      ttl: 60_000,
      tags: ['red'],
    });
    expect(policyOf('key', { ttl: 60, jitter: 0 })).toMatchObject({ ttl: 60_000, jitter: 0 });
    expect(policyOf('key', undefined)).toMatchObject({ ttl: DEFAULT_POLICY.ttl, jitter: 0.5 });
    expect(policyOf('key', '60s')).toMatchObject({ ttl: 60_000 });
  });

  it('does so however many there are', () => {
    for (let ttl = 1; ttl <= 5_000; ttl++) {
      expect(policyOf('key', ttl).ttl).toBe(ttl * 1_000);
    }
    expect(policyOf('key', 1).ttl).toBe(1_000);
  });

  it('reads options anew with each call, because the caller may change them', () => {
    const options = { ttl: 60 };
    expect(policyOf('key', options).ttl).toBe(60_000);
    options.ttl = 5;
    expect(policyOf('key', options).ttl).toBe(5_000);
  });

  it('knows no ttl apart from the one before', () => {
    expect(policyOf('key', 60).ttl).toBe(60_000);
    expect(policyOf('key', undefined).ttl).toBe(DEFAULT_POLICY.ttl);
    expect(policyOf('key', 60).ttl).toBe(60_000);
  });

  it('remembers no invalid ttl', () => {
    for (let i = 0; i < 2; i++) expect(() => policyOf('key', -1)).toThrow(CacheError);
  });
});

describe('resolvePolicy', () => {
  it('lets the call come before the key, and the key before the configuration', () => {
    const config = layer(DEFAULT_POLICY, { ttl: '10m', staleTTL: '5m', jitter: 0.1 });
    const key = { ttl: '2m', staleTTL: '1m' } as const;
    expect(resolvePolicy(config, undefined, undefined)).toMatchObject({
      ttl: 600_000,
      staleTTL: 300_000,
      jitter: 0.1,
    });
    expect(resolvePolicy(config, key, undefined)).toMatchObject({ ttl: 120_000, staleTTL: 60_000 });
    expect(resolvePolicy(config, key, '90s')).toMatchObject({ ttl: 90_000, staleTTL: 60_000 });
    expect(resolvePolicy(config, key, { staleTTL: '3s' })).toMatchObject({
      ttl: 120_000,
      staleTTL: 3_000,
      jitter: 0.1,
    });
  });

  it('drops an inherited staleTTL that a shorter ttl leaves no room for', () => {
    const key = { ttl: '2m', staleTTL: '1m' } as const;
    expect(resolvePolicy(DEFAULT_POLICY, key, 60).staleTTL).toBeUndefined();
    expect(resolvePolicy(DEFAULT_POLICY, key, 61).staleTTL).toBe(60_000);
  });

  it("measures a key's staleTTL by the call's ttl, where the call has one", () => {
    const key = { staleTTL: '10m' } as const;
    const hour = { ttl: 3_600_000, staleTTL: 600_000 };
    expect(resolvePolicy(DEFAULT_POLICY, key, '1h')).toMatchObject(hour);
    expect(resolvePolicy(DEFAULT_POLICY, key, { ttl: '1h' })).toMatchObject(hour);
    expect(resolvePolicy(DEFAULT_POLICY, key, { ttl: '1h', staleTTL: '20m' })).toMatchObject({
      ttl: 3_600_000,
      staleTTL: 1_200_000,
    });
    expect(resolvePolicy(DEFAULT_POLICY, key, '10m').staleTTL).toBeUndefined();
    const error = errorOf(() => resolvePolicy(DEFAULT_POLICY, key, undefined));
    expect(error).toMatchObject({ code: 'INVALID_OPTION', subject: 'staleTTL' });
  });

  it("does not lose what a key's own ttl leaves no room for, where the call's is longer", () => {
    const config = layer(DEFAULT_POLICY, { staleTTL: '1m', staleIfError: '1d' });
    expect(resolvePolicy(config, { ttl: '30s' }, '5m').staleTTL).toBe(60_000);
    expect(resolvePolicy(config, { ttl: '366d' }, '5m').ttl).toBe(300_000);
  });

  it('lets what is undefined shine through', () => {
    const all: WrapOptions = {
      ttl: undefined,
      staleTTL: undefined,
      staleIfError: undefined,
      jitter: undefined,
      earlyRefresh: undefined,
      lease: undefined,
      softTimeout: undefined,
      hardTimeout: undefined,
      tags: undefined,
      forceFresh: undefined,
      waitUntil: undefined,
    };
    const below = layer(DEFAULT_POLICY, {
      ttl: 9,
      staleTTL: 3,
      staleIfError: 4,
      jitter: 0.5,
      earlyRefresh: 2,
      lease: false,
      softTimeout: 1,
      hardTimeout: 2,
      tags: ['red'],
      forceFresh: true,
      waitUntil: () => {},
    });
    expect(layer(below, all)).toEqual(below);
  });

  it('lets zero and false override', () => {
    const below = layer(DEFAULT_POLICY, {
      staleIfError: 4,
      jitter: 0.5,
      earlyRefresh: 2,
      forceFresh: true,
    });
    expect(
      layer(below, {
        staleIfError: 0,
        jitter: 0,
        earlyRefresh: 0,
        forceFresh: false,
        lease: false,
      }),
    ).toMatchObject({
      staleIfError: 0,
      jitter: 0,
      earlyRefresh: 0,
      forceFresh: false,
      lease: undefined,
    });
  });

  it('joins the tags of the key and of the call', () => {
    const policy = resolvePolicy(
      DEFAULT_POLICY,
      { tags: ['red', '__proto__'] },
      { tags: ['blue', 'red'] },
    );
    expect(policy.tags).toEqual(['red', '__proto__', 'blue']);
  });

  it('takes a lease for misses only when it is asked to', () => {
    expect(DEFAULT_POLICY.lease?.misses).toBe(false);
    expect(layer(DEFAULT_POLICY, { lease: true }).lease).toEqual({
      ttl: 3_000,
      wait: 5_000,
      misses: true,
    });
    expect(layer(DEFAULT_POLICY, { lease: { ttl: '3s', wait: 0 } }).lease).toEqual({
      ttl: 3_000,
      wait: 0,
      misses: true,
    });
  });
});

describe('what a policy refuses', () => {
  it.each<[keyof WrapOptions, unknown, string]>([
    ['ttl', 0, 'INVALID_DURATION'],
    ['ttl', -1, 'INVALID_DURATION'],
    ['ttl', Number.NaN, 'INVALID_DURATION'],
    ['ttl', Infinity, 'INVALID_DURATION'],
    ['ttl', '5 minutes', 'INVALID_DURATION'],
    ['ttl', '', 'INVALID_DURATION'],
    ['ttl', null, 'INVALID_DURATION'],
    ['ttl', '367d', 'INVALID_DURATION'],
    ['staleTTL', 0, 'INVALID_DURATION'],
    ['staleIfError', -1, 'INVALID_DURATION'],
    ['softTimeout', 0, 'INVALID_DURATION'],
    ['hardTimeout', 0, 'INVALID_DURATION'],
    ['staleTTL', 300, 'INVALID_OPTION'],
    ['staleTTL', 301, 'INVALID_OPTION'],
    ['jitter', -0.01, 'INVALID_OPTION'],
    ['jitter', 1.01, 'INVALID_OPTION'],
    ['jitter', Number.NaN, 'INVALID_OPTION'],
    ['earlyRefresh', -1, 'INVALID_OPTION'],
    ['earlyRefresh', Infinity, 'INVALID_OPTION'],
    ['earlyRefresh', Number.NaN, 'INVALID_OPTION'],
    ['tags', 'red', 'INVALID_OPTION'],
    ['tags', [1], 'INVALID_OPTION'],
  ])('%s: %j', (option, value, code) => {
    const error = errorOf(() => resolvePolicy(DEFAULT_POLICY, undefined, { [option]: value }));
    expect([error.code, error.subject]).toEqual([code, option]);
  });

  it.each([
    [{ ttl: 0 }, 'lease.ttl'],
    [{ ttl: '1 s' }, 'lease.ttl'],
    [{ wait: -1 }, 'lease.wait'],
  ])('lease %j', (lease, subject) => {
    const error = errorOf(() => layer(DEFAULT_POLICY, { lease: lease as WrapOptions['lease'] }));
    expect([error.code, error.subject]).toEqual(['INVALID_DURATION', subject]);
  });

  it('a life, stale-if-error included, that the records which invalidate it may not outlive', () => {
    expect(layer(DEFAULT_POLICY, { ttl: '300d', staleIfError: '66d' }).staleIfError).toBe(
      66 * 86_400_000,
    );
    // Also where a staleTTL that does not bind the call is left out.
    for (const below of [DEFAULT_POLICY, { ...DEFAULT_POLICY, staleTTL: 310 * 86_400_000 }]) {
      const error = errorOf(() => layer(below, { ttl: '300d', staleIfError: '67d' }));
      expect([error.code, error.subject]).toEqual(['INVALID_DURATION', 'staleIfError']);
    }
  });

  it('null in place of a policy', () => {
    const error = errorOf(() =>
      resolvePolicy(DEFAULT_POLICY, undefined, null as unknown as number),
    );
    expect(error.code).toBe('INVALID_OPTION');
  });

  it('the bounds themselves pass', () => {
    expect(layer(DEFAULT_POLICY, { jitter: 0, earlyRefresh: 0 })).toBeDefined();
    expect(layer(DEFAULT_POLICY, { jitter: 1, earlyRefresh: 100 }).jitter).toBe(1);
    expect(layer(DEFAULT_POLICY, { staleTTL: '299999ms' }).staleTTL).toBe(299_999);
  });
});

describe('lifetime', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it.each([
    [0, 0.999, 60_000],
    [0.5, 0, 60_000],
    [0.5, 0.5, 45_000],
    [1, 0.75, 15_000],
  ])('jitter %d and random %d', (jitter, random, expected) => {
    vi.spyOn(Math, 'random').mockReturnValue(random);
    expect(lifetime({ ttl: 60_000, jitter })).toBe(expected);
  });

  it('stays above zero at full jitter', () => {
    vi.spyOn(Math, 'random').mockReturnValue(1 - 2 ** -53);
    expect(lifetime({ ttl: 60_000, jitter: 1 })).toBeGreaterThan(0);
  });
});

describe('checkedTags', () => {
  it.each([['red'], [[undefined]], [null], [{ 0: 'red', length: 1 }]])('refuses %j', (tags) => {
    const error = errorOf(() => checkedTags(tags as unknown as string[]));
    expect([error.code, error.subject]).toEqual(['INVALID_OPTION', 'tags']);
  });

  it('takes any text', () => {
    expect(checkedTags(['', '__proto__', 'a:b', '#'])).toEqual(['', '__proto__', 'a:b', '#']);
  });
});
