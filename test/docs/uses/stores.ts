import type { Keyv } from 'keyv';
import type { Serializer } from '../../../src/index.js';
import { answersTwice, onlyMake, type Uses } from './use.js';

/** The pages of the stores. */
export const STORES: Uses = {
  'dax#dax': onlyMake('cache'),
  'dynamodb#warming-up': answersTwice({}, { EUR: 1, USD: 1.08 }),
  'dynamodb#hot-keys': async ({ call, expect }) =>
    expect(await call('flags')).toEqual({ newCheckout: true }),
  'keyv#a-store-as-a-keyv': async ({ use, expect }) => {
    const sessions = use<Keyv>('sessions');
    expect(await sessions.get('1')).toEqual({ user: 'Ada' });
  },
  'keyv#cache-manager-and-nestjs': async ({ use, expect }) => {
    use('cacheOptions');
    const cache = use<import('cache-manager').Cache>('cache');
    expect(await cache.wrap('answer', async () => 42)).toBe(42);
    expect(await cache.get('answer')).toBe(42);
  },
  'large-values#example': async ({ use, world, expect }) => {
    const cache = use<import('@glasswork/cache').CacheService>('cache');
    const large = 'x'.repeat(400_000);
    expect(await cache.set('large', large)).toBe(true);
    expect(await cache.get('large')).toBe(large);
    expect(world.s3.requests.some(({ name }) => name.includes('overflow'))).toBe(true);
  },
  'redis#the-connection': onlyMake('store'),
  'redis#cluster': onlyMake('store'),
  'redis#serverless-without-a-vpc': onlyMake('cache'),
  'redis#auth-and-iam': onlyMake('store'),
  'redis#valkey-glide-and-other-clients': async ({ use, expect }) => {
    const calls: string[][] = [];
    const customCommand = async (args: string[]) => {
      calls.push(args);
      return 'PONG';
    };
    const overGlide = use<(glide: object) => { ping(): Promise<string> }>('overGlide');
    expect(await overGlide({ customCommand }).ping()).toBe('PONG');
    expect(calls).toEqual([['PING']]);
  },
  's3#example': async ({ call, expect }) => {
    expect(await call('report', '7')).toEqual({ id: '7', rows: [] });
    expect(await call('report', '7')).toEqual({ id: '7', rows: [] });
  },
  's3#options': onlyMake('store'),
  'serializers#rotation': async ({ use, expect }) => {
    const serializer = use<Serializer>('serializer');
    const raw = await serializer.serialize({ a: 1 }, 'key');
    expect(serializer.deserialize(raw, 'key')).toEqual({ a: 1 });
  },
  'testing#against-dynamodb': onlyMake('store'),
};

/** Blocks that are compiled and not run, each with the reason. */
export const NOT_RUN: Readonly<Record<string, string>> = {
  'redis#sentinel-iovalkey-and-your-own-client':
    'its client connects to ElastiCache when it is made',
};

const TLS = { CACHE_URL: 'rediss://shop.serverless.euc1.cache.amazonaws.com:6379' };

/** Additional environment variables, by block. */
export const ENVIRONMENTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'redis#serverless-without-a-vpc': TLS,
  'redis#auth-and-iam': TLS,
};
