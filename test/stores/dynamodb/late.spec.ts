import {
  DynamoDBCacheStore,
  type DynamoDBCacheStoreOptions,
  jsonSerializer,
  type Serializer,
} from '@glasswork/cache';
import { createVirtualClock, type VirtualClock } from '@glasswork/cache/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Dynalite, startDynalite } from '../../servers/dynalite.js';
import { createCacheTable, credentials, region } from '../../servers/table.js';

const MINUTE = 60_000;

/** Some systems stop one clock while a process is frozen, some the other one. */
function freeze(ms: number, way: string, clock: VirtualClock): void {
  if (way === 'the wall clock') clock.advance(ms);
  else {
    const { bigint } = process.hrtime;
    const passed = BigInt(ms) * 1_000_000n;
    vi.spyOn(process.hrtime, 'bigint').mockImplementation(() => bigint() + passed);
  }
}

describe('a DynamoDB store', () => {
  let server: Dynalite;
  let tableName: string;
  beforeAll(async () => {
    server = await startDynalite();
    tableName = await createCacheTable(server.endpoint);
  });
  afterAll(() => server.stop());

  const open = (options: Partial<DynamoDBCacheStoreOptions>) => {
    const store = new DynamoDBCacheStore({
      ...{ tableName, region, endpoint: server.endpoint, credentials: async () => credentials },
      // A jump of the monotonic clock must leave time for the request.
      ...{ timeouts: { total: '1h' }, ...options },
    });
    onTestFinished(() => store.close());
    return store;
  };

  const ways = ['the wall clock', 'the monotonic clock'] as const;
  describe.each(ways)('that froze, as %s tells, between the call and the signature', (way) => {
    it.each([
      [14, true],
      [16, false],
    ])('for %i minutes sends its fill: %s', async (minutes, sends) => {
      const clock = createVirtualClock();
      const reader = open({ clock });
      const key = `${way} ${minutes}`;
      const { version } = await reader.getVersioned(key);
      const store = open({ clock, credentials: afterFreeze(minutes) });
      const fill = store.setIfUnchanged(key, 'old', 86_400, version);
      if (sends) expect(await fill).toBe(true);
      else await expect(fill).rejects.toThrow(/too long to send/);
      expect(await reader.get(key)).toBe(sends ? 'old' : undefined);

      function afterFreeze(frozenMinutes: number) {
        return async () => {
          freeze(frozenMinutes * MINUTE, way, clock);
          return credentials;
        };
      }
    });

    it.each([
      [14, 1],
      [16, 0],
    ])('for %i minutes calls its client %i times', async (minutes, calls) => {
      const clock = createVirtualClock();
      const update = vi.fn(async () => ({}));
      const client = async () => {
        freeze(minutes * MINUTE, way, clock);
        return { update };
      };
      const fill = open({ clock, client }).setIfUnchanged('k', 'old', 86_400, '');
      if (calls > 0) expect(await fill).toBe(true);
      else await expect(fill).rejects.toThrow(/too long to send/);
      expect(update).toHaveBeenCalledTimes(calls);
    });
  });

  it('that froze for exactly 15 minutes sends its fill', async () => {
    const clock = createVirtualClock();
    const update = vi.fn(async () => ({}));
    const client = async () => {
      clock.advance(15 * MINUTE);
      return { update };
    };
    expect(await open({ clock, client }).setIfUnchanged('k', 'old', 86_400, '')).toBe(true);
    expect(update).toHaveBeenCalledOnce();
  });

  describe.each(ways)('that froze, as %s tells, while its serializer waited', (way) => {
    it.each([
      [14, true],
      [16, false],
    ])('for %i minutes sends its fill: %s', async (minutes, sends) => {
      const clock = createVirtualClock();
      const serializer: Serializer = {
        ...jsonSerializer,
        async serialize(value, key) {
          freeze(minutes * MINUTE, way, clock);
          return jsonSerializer.serialize(value, key);
        },
      };
      const key = `serializer ${way} ${minutes}`;
      const fill = open({ clock, serializer }).setIfUnchanged(key, 'old', 86_400, '');
      if (sends) expect(await fill).toBe(true);
      else await expect(fill).rejects.toThrow(/too long to send/);
      expect(await open({ clock }).get(key)).toBe(sends ? 'old' : undefined);
    });
  });

  it('deletes by a pattern what has expired by its own clock alone, and counts what it sees alive', async () => {
    const [here, ahead] = [createVirtualClock(), createVirtualClock()];
    const [mine, theirs] = [open({ clock: here }), open({ clock: ahead })];
    ahead.advance(10 * MINUTE);
    await mine.set('skew:a', 1, 60);
    expect(await theirs.delByPattern('skew:*')).toBe(0);
    expect(await mine.get('skew:a')).toBeUndefined();
  });
});
