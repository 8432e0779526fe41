import {
  type CacheConfig,
  type CacheError,
  CacheService,
  MemoryCacheStore,
} from '@glasswork/cache';
import { describe, expect, it } from 'vitest';
import { settings } from '../../src/model/config.js';
import { errorOf } from '../errors.js';

const refusalOf = (config: CacheConfig): CacheError =>
  errorOf(() => new CacheService(new MemoryCacheStore(), config));

describe('settings', () => {
  it('has the documented defaults', () => {
    expect(settings({})).toMatchObject({
      policy: { ttl: 300_000, jitter: 0, earlyRefresh: 0, staleIfError: 0, forceFresh: false },
      trustMs: { tag: 0, prefix: 5_000 },
      breaker: { failures: 5, cooldownMs: 5_000 },
    });
    expect(settings({}).policy.staleTTL).toBeUndefined();
  });

  it('takes zero for what this process may trust', () => {
    expect(settings({ tagTTL: 0, versionTTL: 0 }).trustMs).toEqual({ tag: 0, prefix: 0 });
  });

  it('takes what is undefined for what was not given', () => {
    const given = { defaultTTL: undefined, versionTTL: undefined, breaker: undefined };
    const { policy, trustMs, breaker } = settings(given);
    expect([policy.ttl, trustMs.prefix, breaker?.failures]).toEqual([300_000, 5_000, 5]);
    expect(settings({ breaker: { failures: undefined, cooldown: undefined } }).breaker).toEqual({
      failures: 5,
      cooldownMs: 5_000,
    });
  });

  it('switches the breaker off', () => {
    expect(settings({ breaker: false }).breaker).toBeUndefined();
  });

  it('gives the policy its defaults for every call', () => {
    const { policy } = settings({ defaultTTL: '1h', staleTTL: '10m', lease: false, jitter: 0.2 });
    expect(policy).toMatchObject({ ttl: 3_600_000, staleTTL: 600_000, jitter: 0.2 });
    expect(policy.lease).toBeUndefined();
  });
});

describe('a configuration that is wrong', () => {
  it.each<[string, CacheConfig, string]>([
    ['defaultTTL', { defaultTTL: 0 }, 'INVALID_DURATION'],
    ['defaultTTL', { defaultTTL: null as unknown as number }, 'INVALID_DURATION'],
    ['defaultTTL', { defaultTTL: '5 minutes' as '5m' }, 'INVALID_DURATION'],
    ['tagTTL', { tagTTL: -1 }, 'INVALID_DURATION'],
    ['versionTTL', { versionTTL: Infinity }, 'INVALID_DURATION'],
    ['staleTTL', { defaultTTL: 60, staleTTL: 60 }, 'INVALID_OPTION'],
    ['staleTTL', { staleTTL: 301 }, 'INVALID_OPTION'],
    ['jitter', { jitter: 1.1 }, 'INVALID_OPTION'],
    ['earlyRefresh', { earlyRefresh: -1 }, 'INVALID_OPTION'],
    ['breaker.failures', { breaker: { failures: 0 } }, 'INVALID_OPTION'],
    ['breaker.failures', { breaker: { failures: Number.NaN } }, 'INVALID_OPTION'],
    ['breaker.cooldown', { breaker: { cooldown: 0 } }, 'INVALID_DURATION'],
    ['lease.ttl', { lease: { ttl: 0 } }, 'INVALID_DURATION'],
    ['softTimeout', { softTimeout: -1 }, 'INVALID_DURATION'],
    ['hardTimeout', { hardTimeout: 0 }, 'INVALID_DURATION'],
    ['clock', { clock: {} as CacheConfig['clock'] }, 'INVALID_OPTION'],
    ['clock', { clock: null as unknown as CacheConfig['clock'] }, 'INVALID_OPTION'],
  ])('names %s', (option, config, code) => {
    const error = refusalOf(config);
    expect([error.code, error.subject]).toEqual([code, option]);
    expect(error.message).toContain(option);
  });

  it.each(['app*', 'app[1]', 'app?', 'app:', 'a b', '', '#app', 'app\\', 'ä', 'app\n'])(
    'refuses the prefix %j',
    (keyPrefix) => {
      const error = refusalOf({ keyPrefix });
      expect([error.code, error.subject]).toEqual(['INVALID_OPTION', 'keyPrefix']);
    },
  );

  it.each(['app', 'App_1.2-x', '.', '__proto__'])('takes the prefix %j', (keyPrefix) => {
    expect(() => new CacheService(new MemoryCacheStore(), { keyPrefix })).not.toThrow();
  });
});
