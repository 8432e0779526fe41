import { CacheService, type CacheStore } from '@glasswork/cache';
import { MemoryCacheStore } from '@glasswork/cache/memory';
import { describe, expect, it } from 'vitest';
import { readGeneration, unusedVersions } from '../../../src/engine/reading/tag-generation.js';
import { readRecord } from '../../../src/engine/reading/version-record.js';
import { StoreAccess } from '../../../src/engine/store-access.js';
import { keySpace } from '../../../src/model/key-space.js';
import {
  advance,
  bareStore,
  brokenStore,
  storeLike,
  useFakeTime,
  watched,
} from '../../cache-service/helpers.js';

const RECORD = '#tag::red';
const GENERATION = '#tags::';

function generations(store: CacheStore) {
  const clock = { now: () => Date.now() };
  const access = new StoreAccess(store, { emit: () => {}, clock, breaker: undefined });
  const parts = { access, keys: keySpace(undefined) };
  return {
    read: () => readGeneration(parts),
    unused: (tags: string[], generation: string | undefined) =>
      unusedVersions(parts, tags, generation),
    invalidate: (...tags: string[]) =>
      new CacheService(store, { onEvent: () => {} }).invalidateTags(tags),
    expire: (...tags: string[]) => new CacheService(store, { onEvent: () => {} }).expireTags(tags),
  };
}

const durable = (memory: MemoryCacheStore) => storeLike(memory, { durable: true });

describe('the versions of tags that nothing has used', () => {
  it('are those of records which the call adds where records may be evicted', async () => {
    const memory = new MemoryCacheStore();
    const { read, unused } = generations(memory);
    const generation = await read();
    const found = await unused(['red', 'blue'], generation);
    expect(found).toEqual([
      ['red', (await readRecord(memory, RECORD)).version],
      ['blue', (await readRecord(memory, '#tag::blue')).version],
    ]);
    // Now they have one.
    expect(await unused(['red'], generation)).toBeUndefined();
    expect(await unused(['blue', 'green'], generation)).toBeUndefined();
    expect(await unused(['white'], generation)).toEqual([['white', expect.any(String)]]);
  });

  it('are those of their absence where records are never evicted', async () => {
    const memory = new MemoryCacheStore();
    const { read, unused, invalidate } = generations(durable(memory));
    expect(await read()).toBeUndefined();
    const [[, version] = []] = (await unused(['red'], undefined)) ?? [];
    expect(version).toBe((await readRecord(memory, RECORD)).version);
    await invalidate('red');
    expect(await unused(['red'], undefined)).toBeUndefined();
    expect([await memory.has(RECORD), await memory.has(GENERATION)]).toEqual([true, false]);
  });

  it('are unknown if an invalidation comes between, and where the store cannot tell or fails', async () => {
    const base = new MemoryCacheStore();
    const add = async (key: string, value: unknown, ttl: number) => {
      const added = await base.add(key, value, ttl);
      if (key === RECORD) await base.set(key, 'an invalidation', ttl);
      return added;
    };
    for (const store of [storeLike(base, { add }), bareStore(), brokenStore().store]) {
      const { read, unused } = generations(store);
      expect(await unused(['red'], await read())).toBeUndefined();
      // No tag, nothing to know.
      expect(await unused([], undefined)).toEqual([]);
    }
  });

  it.each(['invalidate', 'expire'] as const)(
    'are unknown once any tag has been changed since (%s), though its record was evicted',
    async (change) => {
      const memory = new MemoryCacheStore();
      const made = generations(memory);
      const before = await made.read();
      await made[change]('red', 'blue');
      await memory.del(RECORD);
      expect(await made.unused(['red'], before)).toBeUndefined();
      await memory.del(RECORD);
      expect(await made.unused(['red'], await made.read())).toBeDefined();
    },
  );

  it('are unknown if the generation itself was evicted, or never read', async () => {
    const memory = new MemoryCacheStore();
    const { read, unused } = generations(memory);
    const before = await read();
    expect(before).toBe(await read());
    await memory.del(GENERATION);
    expect(await unused(['red'], before)).toBeUndefined();
    expect(await unused(['blue'], undefined)).toBeUndefined();
  });
});

describe('a generation', () => {
  it('begins before its tags change, in one write for all of them', async () => {
    const { store, calls } = watched(new MemoryCacheStore());
    await generations(store).invalidate('red', 'blue');
    const written = calls
      .filter(({ operation }) => operation === 'set')
      .map(({ args: [key] }) => key);
    expect(written).toEqual([GENERATION, RECORD, '#tag::blue']);
  });

  it('that does not begin leaves all tags of the call unconfirmed, but changed', async () => {
    const memory = new MemoryCacheStore();
    let failures = 0;
    const store = storeLike(memory, {
      async set(key: string, value: unknown, ttl: number) {
        if (key === GENERATION && failures++ < 2) throw new Error('refused');
        await memory.set(key, value, ttl);
      },
    });
    const { invalidate } = generations(store);
    await expect(invalidate('red')).rejects.toMatchObject({ code: 'NOT_CONFIRMED' });
    expect(failures).toBe(2);
    expect(await memory.has(RECORD)).toBe(true);
    await invalidate('red');
  });

  it('is not begun for no tags, nor where no load can add a record and so asks for it', async () => {
    const { store, calls } = watched(new MemoryCacheStore());
    await generations(store).invalidate();
    expect(calls).toEqual([]);
    const bare = bareStore();
    await generations(bare).invalidate('red');
    expect([await bare.get(GENERATION), await bare.get(RECORD)]).toEqual([
      undefined,
      expect.any(String),
    ]);
  });

  it('begins at the second try', async () => {
    const memory = new MemoryCacheStore();
    let failures = 0;
    const store = storeLike(memory, {
      async set(key: string, value: unknown, ttl: number) {
        if (key === GENERATION && failures++ < 1) throw new Error('refused');
        await memory.set(key, value, ttl);
      },
    });
    await generations(store).invalidate('red');
    expect(await memory.has(GENERATION)).toBe(true);
  });
});

describe('on a store that hangs', () => {
  useFakeTime();

  it('an invalidation ends within its two tries, and the change of its tags has been sent', async () => {
    const sent: string[] = [];
    const set = (key: string) => {
      sent.push(key);
      return new Promise<void>(() => {});
    };
    const { invalidate } = generations(storeLike(new MemoryCacheStore(), { set }));
    const rejected = expect(invalidate('red')).rejects.toMatchObject({ code: 'NOT_CONFIRMED' });
    await advance(10_000);
    await rejected;
    expect(sent).toEqual([GENERATION, GENERATION, RECORD]);
  });
});
